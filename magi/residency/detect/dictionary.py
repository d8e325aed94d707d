"""An organisation's own words: code names, system names, whatever only it knows to be internal.

A dictionary is a parsed TOML table of entries; each is one rule with its words, its label and its reason in both
languages. Promises: words only, no patterns, so that nobody's entry can make the detectors slow; a dictionary may
only raise, `public` is refused; found also spaced out, full-width and in decoded layers. Leaves to others: reading
the file (`magi.assets`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from magi.core.card import lists_to_tuples, problems_of
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.frozen import Frozen
from magi.residency.detect.look import Look
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.detect.views import plain
from magi.residency.label import Label, declared_label

MAX_ENTRIES = 1_000
"""Each entry is a rule that a person is shown; more than that no one keeps in order."""
MAX_WORDS = 1_000
"""Words of one entry; with `MAX_ENTRIES` it bounds the automaton that is built at start."""
MAX_WORD_CHARS = 100
"""A word, not a passage."""
MIN_WORD_CHARS = 2
"""One letter stands in every text."""
MIN_JOINED_LATIN = 6
"""Shorter Latin words also arise where spaces between others are taken away."""

_GAPS = re.compile(r"[\W_]+")
_Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
_WordText = Annotated[str, Field(min_length=MIN_WORD_CHARS, max_length=MAX_WORD_CHARS)]


class Entry(Frozen):
    """One rule of an organisation: its words, the label they give, and why."""

    id: _Id
    words: Annotated[tuple[_WordText, ...], Field(min_length=1, max_length=MAX_WORDS)]
    label: str
    ja: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]
    topic: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] | None = None

    @field_validator("words")
    @classmethod
    def _words_have_letters(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(_GAPS.sub("", plain(word))) < MIN_WORD_CHARS for word in words):
            msg = f"expected at least {MIN_WORD_CHARS} letters or digits in each word"
            raise ValueError(msg)
        return words

    @field_validator("label")
    @classmethod
    def _label_raises(cls, word: str) -> str:
        try:
            label = declared_label(word)
        except UnknownNameError as error:
            msg = "expected the name of a label"
            raise ValueError(msg) from error
        if label is Label.PUBLIC:
            msg = "expected a label above public: a dictionary may only raise"
            raise ValueError(msg)
        return word


class _Dictionary(Frozen):
    entry: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=MAX_ENTRIES)]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        if len({entry.id for entry in self.entry}) < len(self.entry):
            msg = "expected entry ids to differ"
            raise ValueError(msg)
        return self


def own_dictionary(table: Mapping[str, object], file: str) -> Detector:
    """The detector of an organisation's own words, from the table of its TOML file (`[[entry]]`).

    Rule ids are `own.` and the entry's id. Latin words match whole words; every other word wherever it stands.

    Raises:
        MalformedFileError: unknown or missing keys, wrong values, a label that is unknown or public, an id
            twice, a word without letters; all of them, with `file`.
    """
    try:
        parsed = _Dictionary.model_validate(lists_to_tuples(table))
    except ValidationError as error:
        raise MalformedFileError("keys", file=file, problems=problems_of(error)) from None
    rules = tuple(
        Rule(f"own.{entry.id}", declared_label(entry.label), entry.ja, entry.en, entry.topic)
        for entry in parsed.entry
    )
    return Detector(
        name="own",
        rules=rules,
        views=("plain", "untagged", "values", "tight", "bare"),
        look=_look,
        words={f"own.{entry.id}": _spellings(entry.words) for entry in parsed.entry},
    )


def _spellings(words: tuple[str, ...]) -> tuple[str, ...]:
    """Each word as the views spell it: folded, and without spaces or marks."""
    folded = [plain(word).strip() for word in words]
    return tuple(dict.fromkeys([*folded, *(_GAPS.sub("", word) for word in folded)]))


def _look(look: Look) -> Iterator[Found]:
    joined = look.name in ("tight", "bare")
    for category, words in look.found.items():
        if not category.startswith("own."):
            continue
        for word in words:
            if not word.text.isascii():
                yield category, word.start, word.end
            elif joined:
                if len(word.text) >= MIN_JOINED_LATIN:
                    yield category, word.start, word.end
            elif not _letter(look.text[word.start - 1 : word.start]) and not _letter(
                look.text[word.end : word.end + 1]
            ):
                yield category, word.start, word.end


def _letter(char: str) -> bool:
    """Whether a Latin word goes on with this character."""
    return char.isascii() and char.isalnum()
