"""Elements of HTML and SVG from parts, escaped unless they are markup already, and words in both languages.

Names of seats, models and files come from outside: nothing in them becomes markup, and a character that cannot be seen
or turns the order of reading is shown as U+FFFD. Leaves to others: what stands on the page (`report_page`).
"""

import html
import unicodedata
from collections.abc import Iterable

from magi.core.errors import Fact
from magi.words import say


class Html(str):
    """Markup that was made here; any other string is text and gets escaped."""

    __slots__ = ()


def el(tag: str, *children: str, **attributes: str | float | None) -> Html:
    """An element around its children; `cls` is class, `_` in a name stands for `-`, None leaves an attribute out."""
    named = "".join(
        f' {_NAMES.get(name, name.replace("_", "-"))}="{html.escape(_number(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID and not children:
        return Html(f"<{tag}{named}/>")
    return Html(f"<{tag}{named}>{joined(children)}</{tag}>")


def joined(parts: Iterable[str]) -> Html:
    """Parts one after the other; plain strings among them are escaped."""
    return Html("".join(part if isinstance(part, Html) else html.escape(visible(part)) for part in parts))


def visible(text: str) -> str:
    """The text with what cannot be seen, or turns the order of reading, as U+FFFD."""
    return "".join(
        "\ufffd" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char for char in text
    )


def both(key: str, **facts: Fact) -> Html:
    """The words for a key: Japanese, and English beside them."""
    ja, en = say(key, "ja", **facts), say(key, "en", **facts)
    return joined((el("span", ja, lang="ja"), " ", el("span", en, cls="en", lang="en")))


def table(caption: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Html:
    """A table with a caption and a row of headings; the first cell of a row heads it."""
    head = el("thead", el("tr", *(el("th", heading, scope="col") for heading in headings)))
    body = []
    for row in rows:
        first, *rest = row
        body.append(el("tr", el("th", first, scope="row"), *(el("td", cell) for cell in rest)))
    return el("table", el("caption", caption), head, el("tbody", *body))


_NAMES = {"cls": "class", "view_box": "viewBox"}
_VOID = frozenset({"line", "rect", "circle", "path"})


def _number(value: str | float) -> str:
    return visible(value) if isinstance(value, str) else f"{value:.1f}".rstrip("0").rstrip(".")
