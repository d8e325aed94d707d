"""What was found in a document: pieces of text by place, and the codes of what nobody could read.

`Reading` collects them during one call of `extract`; it owns the budget of that call, shared by everything nested
inside. It promises that no limit is passed in silence: what does not fit leaves the code `too_large` or
`too_deep`. It leaves to others: how formats are read (`extract` hands in the reader of nested documents).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from magi.materials.limits import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_EXPANDED_BYTES,
    MAX_INPUT_BYTES,
    MAX_MEMBERS,
    MAX_PIECES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Piece:
    """One place of text inside a document.

    `where` is a stable code such as `body`, `comment` or `hidden_sheet`; `text` is what stands there, runs joined.
    """

    where: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Extracted:
    """All text of a document, and what of it nobody could read.

    `name` is the file's own name (a text too), `media` the media type told from the bytes, never from the name.
    `unreadable` holds stable codes without repetition; if it is not empty, the material can never be public.
    """

    name: str = field(repr=False)
    media: str
    pieces: tuple[Piece, ...]
    unreadable: tuple[str, ...]


class UnreadableError(Exception):
    """A part that cannot be read; its one argument is the code. It never leaves this package."""

    def __init__(self, code: str) -> None:
        """Keep the stable code."""
        super().__init__(code)
        self.code = code


def clean(text: str) -> tuple[str, bool]:
    """Return a text that every encoder accepts, and whether something in it had to be replaced."""
    if not _SURROGATE.search(text):
        return text, False
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return paired, "\ufffd" in paired


class Limits:
    """What one call of `extract` may still take in; owned by its `Reading`."""

    def __init__(
        self,
        *,
        input_bytes: int = MAX_INPUT_BYTES,
        expanded: int = MAX_EXPANDED_BYTES,
        members: int = MAX_MEMBERS,
        pieces: int = MAX_PIECES,
        characters: int = MAX_CHARACTERS,
    ) -> None:
        """Take the named limits, or smaller ones."""
        self.input_bytes = input_bytes
        self.expanded = expanded
        self.members = members
        self.pieces = pieces
        self.characters = characters


class Reading:
    """Collects the text of one document and of everything inside it."""

    def __init__(self, descend: Callable[[Reading, bytes], str], left: Limits) -> None:
        """Start with nothing found; `descend` reads a document into a reading and never raises."""
        self._descend = descend
        self.left = left
        self._pieces: dict[tuple[str, str], None] = {}
        self._unreadable: dict[str, None] = {}
        self._body = "body"
        self.depth = 0

    def say(self, where: str, text: str) -> None:
        """Add a text found at a place; blanks around it and repetitions are dropped."""
        text, replaced = clean(text.strip())
        if replaced:
            self.cannot("undecodable")
        where = self._body if where == "body" else where
        if not text or (where, text) in self._pieces:
            return
        if self.left.pieces <= 0 or len(text) > self.left.characters:
            self.cannot("too_large")
            text = text[: self.left.characters] if self.left.pieces > 0 else ""
        if text:
            self.left.pieces -= 1
            self.left.characters -= len(text)
            self._pieces[(where, text)] = None

    def cannot(self, code: str) -> None:
        """Note that a part of the document could not be read."""
        self._unreadable[code] = None

    def expand(self, size: int) -> None:
        """Take bytes from what unpacking may still yield.

        Raises:
            UnreadableError: `too_large`, when nothing is left.
        """
        self.left.expanded -= size
        if self.left.expanded < 0:
            raise UnreadableError("too_large")

    def member(self) -> None:
        """Take one member from what may still be opened.

        Raises:
            UnreadableError: `too_large`, when nothing is left.
        """
        self.left.members -= 1
        if self.left.members < 0:
            raise UnreadableError("too_large")

    def nested(self, data: bytes, *, body: str = "body") -> None:
        """Read a document found inside this one; its own body goes by the code `body`."""
        if self.depth >= MAX_DEPTH:
            self.cannot("too_deep")
            return
        before, self._body = self._body, body if self._body == "body" else self._body
        self.depth += 1
        try:
            self._descend(self, data)
        finally:
            self.depth -= 1
            self._body = before

    def finish(self, name: str, media: str) -> Extracted:
        """Return what was collected, in the order in which it was found."""
        pieces = tuple(Piece(where, text) for where, text in self._pieces)
        return Extracted(clean(name)[0], media, pieces, tuple(self._unreadable))
