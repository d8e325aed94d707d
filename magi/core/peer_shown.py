"""The words of a review sheet: statements without a trace of who wrote them, fenced so that they only can be read.

What is taken out of a text that is shown: the names given (of seats, models, makers) together with the phrase that
introduces oneself by them, Markdown and HTML, control and invisible characters, white space at the ends and empty
lines. What a text says is left alone. Every line begins with a bar, so that nothing inside can look like a heading
or a label of the sheet, and the prompt says that lines with a bar are material.

Promises: pure; the text shown of a statement does not depend on its author. Leaves to others: the order and the
labels (`peer`), style beyond decoration: wording stays, since rewriting it would be another answer.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from magi.core.claims import OpenStatement, StatedClaim, merged, named
from magi.core.peer import Sheet, shared

BAR: Final = "｜"
MAX_SHOWN_CHARS: Final = 4_000
"""Of an answer: four pages; a reader that has to compare fourteen of them reads no more."""
MAX_QUOTE_SHOWN_CHARS: Final = 300
"""Enough of a quotation to tell it; the verifier compares all of it."""
MAX_NAMES: Final = 200
"""Names taken out: seats, models and makers of fifteen seats and their fallbacks."""
CUT: Final = "（以下略）"
NO_CLAIMS: Final = "（主張の列挙なし）"
NO_BASIS: Final = "根拠なし"
_MIN_NAME_CHARS: Final = 2
"""One letter is no name: to take it out would tear words apart."""
_SOMEBODY: Final = "〔名称略〕"

_MARKDOWN: Final = tuple(
    (re.compile(pattern, re.MULTILINE), kept)
    for pattern, kept in (
        (r"^[ \t　]*(?:```|~~~)[A-Za-z0-9]{0,12}[ \t]*$", ""),
        (r"^[ \t　]*(?:[-*_=][ \t]*){3,80}$", ""),
        (r"^[ \t　]*(?:#{1,6}|>{1,6}|[-*+•・])[ \t　]{1,8}", ""),
        (r"!?\[([^\[\]\n]{0,400})\]\([^()\s]{0,800}\)", r"\1"),
        (r"<[A-Za-z/!][^<>\n]{0,200}>", ""),
        (r"\*\*|__|`{1,3}", ""),
        (r"(?<![0-9A-Za-z*])\*([^*\n]{1,400})\*(?![0-9A-Za-z*])", r"\1"),
        (r"[ \t　]{2,}", " "),
    )
)
_I: Final = r"(?:私|わたし|本席|当席|こちら)(?:は|、)?[ 　]?"
_SPEAKING_AS: Final = r"(?:の席)?(?:として(?:は)?|の立場(?:から|として|では)(?:は)?)[、,。]?[ 　]?"
_AM: Final = r"(?:です|と申します|でございます|である)[、,。]?[ 　]?"
_AS_ENGLISH: Final = r"(?:\b(?:As|I am|I'm) (?:the )?)"


def render(sheet: Sheet, statements: Mapping[str, OpenStatement], names: Sequence[str] = ()) -> str:
    """The sheet as the place `statements` of the review template; `names` are taken out of what is shown.

    Raises:
        KeyError: the sheet names an ask that is not among the statements.
    """
    items = shared(statements)
    groups = {member: group.id for group in merged(statements) for member in group.members}
    labels = {claim: label for label, claim in sheet.claims}
    taken_out = _names(names)
    parts = []
    for label, ask in sheet.labels:
        claims: dict[str, StatedClaim] = {}
        for twin in items[ask]:
            for claim_id, claim in named(twin, statements[twin]).items():
                group = groups[claim_id]
                # A claim that the reviewer made too has no label: it is recused, not shown for a vote.
                if group in labels and (group not in claims or claim_id == group):
                    claims[group] = claim
        lines = [_claim_line(labels[group], claim, taken_out) for group, claim in claims.items()]
        answer = _fenced(_neutral(statements[ask].answer, taken_out))
        parts.append("\n".join([f"【{label}の回答】", answer, f"【{label}の主張】", *(lines or [NO_CLAIMS])]))
    return "\n\n".join(parts)


def neutral(text: str, names: Sequence[str] = ()) -> str:
    """A text as it is shown to a reviewer: without decoration, hidden characters and the `names` given."""
    return _neutral(text, _names(names))


def any_width(name: str) -> str:
    """A pattern for a name in plain or full width, letter by letter."""
    wide = 0xFEE0  # from ! to ~ to its full-width form
    return "".join(
        rf"[{re.escape(char)}{chr(ord(char) + wide)}]" if "!" <= char <= "~" else re.escape(char)
        for char in name
    )


def _names(names: Sequence[str]) -> re.Pattern[str] | None:
    """One pattern for all names, the longest first, in plain or full width, with the phrase around a self-naming."""
    spelled = sorted({name for name in names if len(name) >= _MIN_NAME_CHARS}, key=lambda n: (-len(n), n))
    if not spelled:
        return None
    one = "|".join(any_width(name) for name in spelled[:MAX_NAMES])
    name = rf"(?<![0-9A-Za-z])(?:{one})(?![0-9A-Za-z])"
    introduced = rf"(?:{_I})?{name}{_SPEAKING_AS}|{_I}{name}{_AM}|{_AS_ENGLISH}{name}[,.]? ?"
    return re.compile(rf"(?P<self>{introduced})|{name}", re.IGNORECASE)


def _neutral(text: str, names: re.Pattern[str] | None) -> str:
    shown = "".join(char for char in text.replace("\r\n", "\n").replace("\r", "\n") if _is_shown(char))
    for pattern, kept in _MARKDOWN:
        shown = pattern.sub(kept, shown)
    if names is not None:
        shown = names.sub(lambda found: "" if found["self"] else _SOMEBODY, shown)
    lines = (line.strip() for line in shown.splitlines())
    return "\n".join(line for line in lines if line)


def _is_shown(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + CUT


def _fenced(text: str) -> str:
    return "\n".join(BAR + line for line in _cut(text, MAX_SHOWN_CHARS).splitlines() or [""])


def _claim_line(label: str, claim: StatedClaim, names: re.Pattern[str] | None) -> str:
    """One line: the label, the claim, and what it is said to rest on."""
    text, source, quote = (
        _neutral(part, names).replace("\n", " ") for part in (claim.text, claim.source, claim.quote)
    )
    basis = source or NO_BASIS
    if quote and source:
        basis = f"{source}、引用「{_cut(quote, MAX_QUOTE_SHOWN_CHARS)}」"
    return f"{label}{BAR}{text}（根拠: {basis}）"
