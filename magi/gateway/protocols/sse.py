"""Server-sent events: a whole body to the data of its events. Pure.

Source: the HTML standard, section 9.2.6 (interpreting an event stream). Fields other than `data` are
ignored. An event that no blank line ended is dropped, as the standard says, but for the end mark `[DONE]`,
after which some servers close at once. Leaves to others: what an event says.
"""

import re

DONE = "[DONE]"
"""The event by which OpenAI-compatible streams say that they are whole."""

_LINE_END = re.compile(r"\r\n|\n|\r")


def events(body: bytes) -> tuple[str, ...]:
    """The data of each event in order, the lines of one event joined by line feeds.

    Raises:
        UnicodeDecodeError: the body is not UTF-8.
    """
    # Decoded as a whole: a chunk may end inside a character. A leading byte order mark is not data.
    *lines, rest = _LINE_END.split(body.decode("utf-8").removeprefix("\ufeff"))
    found: list[str] = []
    data: list[str] = []
    for line in lines:
        if line == "" and data:
            found.append("\n".join(data))
            data = []
        data += _data(line)
    data += _data(rest)
    return (*found, DONE) if data == [DONE] else tuple(found)


def _data(line: str) -> tuple[str, ...]:
    name, _, value = line.partition(":")
    return (value.removeprefix(" "),) if name == "data" else ()
