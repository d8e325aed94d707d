"""The HTTP service: OpenAI-compatible chat, native deliberations, their events. Translation only."""
