"""A deliberation in forms that people and other tools read. Pure: values in, bytes out."""
