"""Names without a sign beside them, in rosters, names of files and rows of tables in code.

Promises: linear in the length of the view. Leaves to others: full names in running text and in fields (`persons`).
"""

import re
from collections.abc import Iterator

from magi.residency.detect.look import Look
from magi.residency.detect.names import PLACES
from magi.residency.detect.rule import Found
from magi.residency.detect.words_given import GIVEN_HIRAGANA, GIVEN_NAMES
from magi.residency.detect.words_surnames import SURNAMES

_FILE = re.compile(
    r"[_ -]([一-鿿々ヶ﨑]{2,4})(?:様|さん|氏)?\.(?:pdf|xlsx?|docx?|csv|txt|jpe?g|png|zip|msg|eml|pptx?)",
    re.IGNORECASE,
)
"""A family name that ends the name of a file."""
_ROSTER = re.compile(r"[0-9)号室番班:時日][ ]?([一-鿿々ヶ﨑]{2,4})(?=[、,\n/・ 。(]|$)")
"""Family names in a list of rooms, dates or numbers."""
_PAIR = re.compile(r"[\"']([一-鿿々ヶ﨑]{1,4})[\"'][ ]?[,|;\t:][ ]?[\"']([一-鿿々ぁ-ん]{1,3})[\"']")
"""Family and given name in fields of their own: a row of a table in code."""
_OF_NAMES = ("名字", "苗字", "姓の")


def listed_names(look: Look) -> Iterator[Found]:
    """Family names that two rows of a roster have, that end a file's name, or that stand beside a given name."""
    text = look.text
    if "." in text:
        for match in _FILE.finditer(text):
            if _is_family(match.group(1)):
                yield "person.full_name", *match.span(1)
    rows = [match.span(1) for match in _ROSTER.finditer(text) if _is_family(match.group(1))]
    if len(rows) > 1 and not any(word in text for word in _OF_NAMES):
        yield from (("person.name_with_cue", *span) for span in rows)
    if "'" in text or '"' in text:
        for match in _PAIR.finditer(text):
            given = match.group(2)
            if match.group(1) in SURNAMES and (given in GIVEN_NAMES or given in GIVEN_HIRAGANA):
                yield "person.full_name", *match.span()


def _is_family(name: str) -> bool:
    return name in SURNAMES and name not in PLACES
