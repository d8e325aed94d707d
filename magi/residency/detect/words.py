"""How the tables of words are written down: separated by spaces, since no listed Japanese word holds one."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text that are separated by spaces, in their order."""
    return tuple(text.split())
