"""HTML from parts, escaped unless it is markup already, and hostile text made plain to see.

Every text of a model or a person passes through `verbatim` or, as a child of `el`, through `visible`: nothing in it
becomes markup, and a character that cannot be seen or that turns the order of reading is shown by its number.
Leaves to others: what stands on the page (`page`), the style sheet (`page.html`).
"""

import html
import re
from collections.abc import Iterable

from magi.words import say

MAX_SHOWN_CHARS = 20_000
"""Of one text on a page: about twenty sheets of A4. What is left out is said; the JSONL form holds all of it."""

MAX_WORD_CHARS = 18
"""What still fits into a column of seven on A4."""

_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
    "\U000e01f0-\U000e0fff"
)
"""Controls, format characters (Unicode category Cf), lone surrogates, line separators, blank letters, tags."""
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""One variation selector after a letter is Japanese spelling (IVS); a second one can only hide something."""
_NEWLINE = re.compile("\r\n?")


class Html(str):
    """Markup that was made here; any other string is text and gets escaped."""

    __slots__ = ()


def el(tag: str, *children: str, cls: str = "") -> Html:
    """An element around its children in order; plain strings among them are escaped and made visible."""
    opening = f'{tag} class="{html.escape(cls)}"' if cls else tag
    return Html(f"<{opening}>{joined(children)}</{tag}>")


def joined(parts: Iterable[str]) -> Html:
    """Parts one after the other; plain strings among them are escaped and made visible."""
    return Html("".join(part if isinstance(part, Html) else visible(part) for part in parts))


def visible(text: str) -> Html:
    """A text as inert HTML; a character that nobody can see, or that turns the reading order, by its number.

    A carriage return, alone or before a line feed, is a line end, as it is to every reader. Guarantees that of the
    text itself no `<`, `>`, `&` or quote is left.
    """
    pieces = []
    end = 0
    text = _NEWLINE.sub("\n", text)
    for found in re.finditer(f"[{_UNSEEN}]|(?<=[{_SELECTORS}])[{_SELECTORS}]", text):
        pieces += [html.escape(text[end : found.start()]), _number(found[0])]
        end = found.end()
    return Html("".join([*pieces, html.escape(text[end:])]))


def _number(char: str) -> str:
    return f'<span class="code">[U+{ord(char):04X}]</span>'


def verbatim(text: str, lang: str, most: int = MAX_SHOWN_CHARS) -> Html:
    """A person's or a model's words as they are, in a block of their own; beyond `most` characters cut, and said so."""
    shown = el("div", text[:most], cls="said")
    if len(text) <= most:
        return shown
    cut = say("export.cut", lang, shown=f"{most:,}", chars=f"{len(text):,}")
    return joined((shown, el("p", cut, cls="cut")))


def word(text: str, most: int = MAX_WORD_CHARS) -> Html:
    """A short name, which a narrow column does not break; a long one like any text."""
    return el("span", text, cls="word" if len(text) <= most else "")


def table(headings: Iterable[str], rows: Iterable[Iterable[str]], cls: str = "") -> Html:
    """A table with a row of headings, which print repeats on every sheet."""
    head = el("thead", el("tr", *(el("th", heading) for heading in headings)))
    body = el("tbody", *(el("tr", *(el("td", cell) for cell in row)) for row in rows))
    return el("table", head, body, cls=cls)


def facts(pairs: Iterable[tuple[str, str]], cls: str = "facts") -> Html:
    """Names and values in two columns."""
    rows = (el("tr", el("th", name), el("td", value)) for name, value in pairs)
    return el("table", el("tbody", *rows), cls=cls)


def bullets(items: Iterable[str]) -> Html:
    """A list."""
    return el("ul", *(el("li", item) for item in items))
