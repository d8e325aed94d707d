"""Wire formats of model providers, pure: a request to bytes, an exchange to a reply or a named trouble."""
