"""The commands: they translate between a person's words and the service, and hold nothing else."""
