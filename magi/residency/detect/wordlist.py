"""Tables of words as text, for the modules that hold nothing else."""


def word_list(text: str, separator: str | None = None) -> tuple[str, ...]:
    """The words of a table, separated by white space or by the separator; white space around them does not count."""
    return tuple(word.strip() for word in text.split(separator))
