"""The ladder of sensitivity labels. A label only rises; what is derived from a text inherits its label.

The steps and their names follow the government-wide standards (政府統一基準群: 機密性1, 2, 3) with the
personal data steps between. A text without a declaration is 機密性2 (internal). Leaves to others: detectors
(not part of this form), routing (`policy`).
"""

from collections.abc import Iterable
from enum import IntEnum

from magi.core.errors import UnknownNameError


class Label(IntEnum):
    """Seven steps, from public to classified; the order is the order of strictness."""

    PUBLIC = 0
    INTERNAL = 1
    PERSONAL = 2
    SENSITIVE_PERSONAL = 3
    SPECIFIC_PERSONAL = 4
    SECRET = 5
    CLASSIFIED = 6

    @property
    def word(self) -> str:
        """The label's name on the command line and in files."""
        return self.name.lower().replace("_", "-")

    @property
    def title(self) -> str:
        """The label as staff know it."""
        return _TITLES[self]


_TITLES = {
    Label.PUBLIC: "公開(機密性1)",
    Label.INTERNAL: "内部(機密性2)",
    Label.PERSONAL: "個人情報",
    Label.SENSITIVE_PERSONAL: "要配慮個人情報",
    Label.SPECIFIC_PERSONAL: "特定個人情報",
    Label.SECRET: "秘密(機密性3)",
    Label.CLASSIFIED: "特定秘密等",
}

_ALSO = {"機密性1": Label.PUBLIC, "機密性2": Label.INTERNAL, "機密性3": Label.SECRET, "公開": Label.PUBLIC}

DEFAULT = Label.INTERNAL
"""What an unlabelled text is."""


def declared_label(word: str | None) -> Label:
    """The label that a caller declared by its exact word; the default without one.

    Raises:
        UnknownNameError: no label has that exact spelling. A near miss is never read as public.
    """
    if word is None:
        return DEFAULT
    known = {label.word: label for label in Label} | _ALSO
    if word not in known:
        raise UnknownNameError("label", name=word, known=tuple(known))
    return known[word]


def join(labels: Iterable[int]) -> Label:
    """The strictest of the labels; public for none, since nothing was derived from anything."""
    return Label(max(labels, default=Label.PUBLIC))
