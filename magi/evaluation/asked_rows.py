"""Rows of an evaluation: what every seat and the council said to one question with gold, and what it cost.

One JSON object a line, a superset of the recorded answers that `answer_sheet` reads, so the same file goes into
`magi evaluation recorded` and `fit`:

- `id`, `category`, `gold`, `n_options`, `answers` {seat: answer, or null for none}, `correct` {seat: boolean}. The
  name of a seat that was not asked (barred by the label, saved by an early stop) is missing;
- `council` {outcome, answer, right, confidence_bp, flags, deliberation}: the verdict as it was given;
- `models` {seat: model and version}, `origin` (live, scripted, recorded), `calls`, `saved` (asks an early stop
  spared), `tokens` {seat: [prompt, completion]} of all stages, `alone` the same of first answers, `rebuttal`
  {seat: [right before, right after]};
- `again` {seat: {asked, right, alike}}: the plurality of one seat asked several times;
- `reordered` {seat, and "" for the council: same | other | silent}: the same option text after a shuffle or not.

Everything but the first line of these is optional. Promises: pure but for reading a file; a line that is none is
named by number and never quoted. Leaves to others: asking (`magi.cli.evaluation_asking`), figures (`scoreboard`).
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from magi.core.errors import MalformedFileError
from magi.evaluation.answer_sheet import MAX_PROBLEMS

COUNCIL = ""
"""The council among `reordered`: no seat has an empty name."""

Same = Literal["same", "other", "silent"]


@checked(frozen=True)
class Given:
    """The verdict as it was given; `right` compares it with gold, no decision is not right."""

    outcome: str
    answer: str | None
    right: bool
    confidence_bp: int | None = None
    flags: tuple[str, ...] = ()
    deliberation: str | None = None


@checked(frozen=True)
class Again:
    """One seat asked `asked` times: whether its plurality is right, whether all its answers were alike."""

    asked: int
    right: bool
    alike: bool


@checked(frozen=True, config=ConfigDict(extra="ignore"))
class AskedRow:
    """One line; see the module's docstring."""

    id: str | int = ""
    category: str | None = ""
    gold: str | int | float | None = None
    n_options: int = 0
    answers: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    correct: Mapping[str, bool | None] = field(default_factory=dict)
    council: Given | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    calls: int | None = None
    saved: int = 0
    tokens: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    alone: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rebuttal: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    again: Mapping[str, Again] = field(default_factory=dict)
    reordered: Mapping[str, Same] = field(default_factory=dict)

    def was_asked(self, members: Sequence[str]) -> bool:
        """Whether the row has gold and every member was asked: then `answer_sheet` scores it too."""
        return self.gold is not None and all(name in self.answers for name in members)


_ROW = TypeAdapter(AskedRow)


@dataclass(frozen=True)
class Rehearsed:
    """What the rows say of their origin: any scripted, any recorded answer among them."""

    scripted: bool
    recorded: bool


def line(row: AskedRow) -> bytes:
    """One line of the file, UTF-8; what is empty is left out."""
    fields = _ROW.dump_python(row, mode="json")
    kept = {
        name: value
        for name, value in fields.items()
        if name in ("id", "category", "gold", "answers") or value not in ({}, None, "", 0)
    }
    return json.dumps(kept, ensure_ascii=False).encode() + b"\n"


def read_rows(path: Path) -> tuple[AskedRow, ...]:
    """The rows of a JSON Lines file (also .gz).

    Raises:
        MalformedFileError: unreadable or unpacked; answer_sheet, with the numbers of the lines that are none.
    """
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8-sig")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise MalformedFileError("unpacked", file=str(path), problems=(type(error).__name__,)) from error
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error
    found: list[AskedRow] = []
    bad: list[str] = []
    for number, each in enumerate(text.split("\n"), start=1):
        if each.strip():
            try:
                found.append(_ROW.validate_json(each))
            except ValidationError:
                bad.append(f"line {number}")
    if bad:
        raise MalformedFileError("answer_sheet", file=str(path), problems=tuple(bad[:MAX_PROBLEMS]))
    return tuple(found)


def origins(rows: Sequence[AskedRow]) -> Rehearsed:
    """Whether stand-ins or cassettes spoke in any row."""
    seen = {row.origin for row in rows}
    return Rehearsed("scripted" in seen, "recorded" in seen)
