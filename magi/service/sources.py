"""Materials with provenance: what is stated of a file, how seats are shown it, what the record keeps of it.

1. `Provenance` is what a person states of a file; it raises the label of the question and never lowers it.
2. `framed` shows a file as one turn: a header of our own words, then the text between two fences that nothing in the
   text can close, open or imitate: a line that looks like a fence, a header or a speaker gets the mark `> `.
   `texts` takes the turns apart again, to the character, for whoever checks claims against them.
3. `sources` are the values for the record; `injection` tells what reads like an instruction to a model.

Leaves to others: reading bytes (`materials`), folders (`magi.cli.materials_folder`),
verification (`magi.core.grounding`).
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, field_validator

from magi.core.answers.day import read_day
from magi.core.answers.fold import fold
from magi.core.canonical import digest
from magi.core.errors import UnknownNameError
from magi.core.frozen import Frozen
from magi.core.material import MATERIAL_ID, Rank, Source, is_stale
from magi.materials.found import Extracted
from magi.residency.label import Label, declared_label, join
from magi.service.question import Question, Turn

if TYPE_CHECKING:
    from magi.service.run import Request

MAX_NAME_CHARS = 255
"""What file systems allow; the rest of a longer name or title is labelled and not shown."""
UNKNOWN_LICENCE: Final = "unknown"
_RANK_WORDS: Final[dict[Rank, str]] = {
    "law": "法令", "official": "公的資料", "report": "報告書", "press": "報道", "other": "その他"
}  # fmt: skip
_ISO_DAY_CHARS: Final = len("2026-04-01")
_FENCE: Final = "━━━━"
"""Few words stand around a material: they are labelled with it, and more of them would read like a case at hand."""
_MARK: Final = "> "
_MARKS: Final = re.compile(rf"(?:{_MARK})+")
_OURS: Final = re.compile(
    r"[\W_]*(?:(?:資料)?M[0-9]+(?:の終わり|・?日付)"
    r"|(?:利用者|設定|回答|資料|ユーザー|システム|アシスタント|system|user|assistant|human|developer)[:：]"
    r"|これまでのやり取り|今回の問い)",
    re.IGNORECASE,
)
_FRAME: Final = re.compile(
    rf"【資料(?P<id>{MATERIAL_ID})・日付[^\n]*】\n{_FENCE}\n(?P<text>.*)\n{_FENCE}\n【資料(?P=id)の終わり】",
    re.DOTALL,
)
_INSTRUCTS: Final = (
    re.compile(
        r"(?:指示|命令|プロンプト|ルール|制約)[をはに]?(?:すべて|全て|一切)?(?:無視|忘れ|破棄し|従わな(?:いで|くて))"
    ),
    re.compile(
        r"(?:回答|返答|出力|答え|結論|評価)(?:で|に)?は?(?:必ず|常に|絶対に|一律に?).{0,40}?"
        r"(?:(?:答え|述べ)(?:よ|ろ|なさい|てください|ること)|(?:回答|出力|返答|記載)(?:せよ|しろ|しなさい|してください|すること))"
    ),
    re.compile(
        r"(?:必ず|常に|絶対に).{0,30}?(?:と答えよ|と答えなさい|と回答せよ|と回答しなさい|と答えてください)"
    ),
    re.compile(r"(?:あなた|貴方|君|AI|モデル)は(?:今から|これから|今後)", re.IGNORECASE),
    re.compile(r"システムプロンプト|(?:に|へ)(?:賛成せよ|反対せよ|投票せよ|投票しなさい)|を選びなさい"),
)
_INSTRUCTS_ENGLISH: Final = (
    re.compile(
        r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}?\b(?:previous|prior|above|earlier|all|any|system|your)\b"
        r".{0,40}?\b(?:instruction|prompt|rule|message|direction|guideline)s?\b"
    ),
    re.compile(r"\b(?:you are now|system prompt|new instructions)\b|<\|im_start\|>|\[/?inst\]"),
    re.compile(r"\b(?:always|must|only)\b \b(?:answer|reply|respond|output|say|vote)\b"),
    re.compile(r"\bdo not (?:tell|reveal|mention|inform)\b.{0,40}?\buser\b"),
)


class Provenance(Frozen):
    """What a person states of a file: the fields of an entry of `materials.toml`.

    `date` takes an ISO day or a day in 和暦 and keeps the ISO one; `label` is a word of the ladder.
    """

    title: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)] | None = None
    date: str | None = None
    rank: Rank = "other"
    licence: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$")] = UNKNOWN_LICENCE
    personal_data: bool = False
    label: str | None = None
    official_position: bool = False

    @field_validator("date")
    @classmethod
    def _a_day(cls, value: str | None) -> str | None:
        day = None if value is None else read_day(fold(value[:MAX_NAME_CHARS]), stated=False).ballot
        if value is not None and (day is None or len(day) != _ISO_DAY_CHARS):
            msg = "not a calendar day"
            raise ValueError(msg)
        return day

    @field_validator("label")
    @classmethod
    def _a_label(cls, value: str | None) -> str | None:
        try:
            declared_label(value)
        except UnknownNameError:
            msg = "no such label"
            raise ValueError(msg) from None  # the error names what was written
        return value

    @property
    def floor(self) -> Label:
        """The label that the question has at least because of this file; public where nothing was stated."""
        stated = [] if self.label is None else [declared_label(self.label)]
        return join([*stated, *([Label.PERSONAL] if self.personal_data else [])])


UNSTATED: Final = Provenance()
"""Of a file that came without an entry."""


@dataclass(frozen=True)
class Material(Extracted):
    """A file of a question as it was read: its id among the question's materials, and what is stated of it."""

    id: str
    known: Provenance = field(default=UNSTATED, repr=False)

    @property
    def title(self) -> str:
        """What it is called, on one line."""
        return one_line(self.known.title or self.name)


def as_material(found: Extracted, number: int, known: Provenance = UNSTATED) -> Material:
    """A file that was read, as the material of this number (from 1)."""
    return Material(found.name, found.media, found.pieces, found.unreadable, f"M{number}", known)


def one_line(name: str) -> str:
    """A name or title without line feeds of any kind, direction marks and what exceeds `MAX_NAME_CHARS`."""
    kinds = ((c, unicodedata.category(c)) for c in name[:MAX_NAME_CHARS])
    clean = "".join(" " if kind[0] == "C" or kind in ("Zl", "Zp") else c for c, kind in kinds)
    return clean.strip() or "資料"


def framed(material: Material, text: str) -> Turn:
    """The turn that shows a material: header, fence, title and text without a line that looks like ours, fence."""
    known, name = material.known, material.id
    rank = _RANK_WORDS[known.rank] + ("・政府見解" if known.official_position else "")
    head = f"【資料{name}・日付{known.date or '不明'}・{rank}】"
    inside = _defused(f"〔{material.title}〕\n{text}")
    return Turn("material", f"{head}\n{_FENCE}\n{inside}\n{_FENCE}\n【資料{name}の終わり】")


def texts(question: Question) -> dict[str, str]:
    """The text of each material of a question by its id, title first, as it was before it was framed.

    A material turn of an older question, which has no frame, counts under the next free number.
    """
    found: dict[str, str] = {}
    for turn in question.history:
        if turn.role != "material":
            continue
        frame = _FRAME.fullmatch(turn.text)
        if frame is not None:
            found[frame["id"]] = _restored(frame["text"])
        else:
            found.setdefault(f"M{len(found) + 1}", turn.text)
    return found


def sources(
    request: "Request", as_of: date, title_digest: Callable[[str], str] | None = None
) -> tuple[Source, ...]:
    """What the record keeps of a request's materials, in their order.

    Args:
        request: the question and its files.
        as_of: the day that the question is asked about.
        title_digest: hex digest of title and text; a keyed one (`Tools.message_digest`) does not let anybody test a
            guess. Without it, plain SHA-256.
    """
    said = texts(request.question)
    made = []
    for number, found in enumerate(request.materials, start=1):
        material = found if isinstance(found, Material) else as_material(found, number)
        text = said.get(material.id, material.title)
        made.append(_source(material, text, as_of, title_digest or _plain_digest))
    return tuple(made)


def injection(text: str) -> bool:
    """Tell whether something in a text reads like an instruction to a model; it is a warning and changes nothing."""
    folded = fold(text).casefold()
    close, spaced = "".join(folded.split()), " ".join(folded.split())
    return any(each.search(close) for each in _INSTRUCTS) or any(
        each.search(spaced) for each in _INSTRUCTS_ENGLISH
    )


def declared(materials: Sequence[Extracted]) -> tuple[tuple[int, str, Label], ...]:
    """What provenance raises the label to: (number of the file from 1, rule, label), files without it left out."""
    raising: list[tuple[int, str, Label]] = []
    for number, material in enumerate(materials, start=1):
        known = material.known if isinstance(material, Material) else UNSTATED
        if known.label is not None and declared_label(known.label) > Label.PUBLIC:
            raising.append((number, "material.declared", declared_label(known.label)))
        if known.personal_data:
            raising.append((number, "material.personal_data", Label.PERSONAL))
    return tuple(raising)


def _source(material: Material, text: str, as_of: date, title_digest: Callable[[str], str]) -> Source:
    known = material.known
    return Source(
        id=material.id,
        title_digest=title_digest(text),
        date=known.date,
        rank=known.rank,
        licence=known.licence,
        personal=known.personal_data,
        label=int(known.floor),
        stale=is_stale(known.date, known.rank, as_of),
        position=known.official_position,
        instructs=injection(text),
    )


def _plain_digest(text: str) -> str:
    return digest(text.encode())


def _defused(text: str) -> str:
    """The text with `> ` before every line that looks like one of ours; a mark that stands there already is kept."""
    lines = text.splitlines(keepends=True)
    return "".join(_MARK + line if _looks_ours(line) else line for line in lines)


def _restored(text: str) -> str:
    """The inverse of `_defused`."""
    lines = text.splitlines(keepends=True)
    return "".join(
        line.removeprefix(_MARK) if line.startswith(_MARK) and _looks_ours(line) else line for line in lines
    )


def _looks_ours(line: str) -> bool:
    marks = _MARKS.match(line)
    key = "".join(fold(line[marks.end() if marks else 0 :]).split())
    return key.startswith(("【", "━")) or _OURS.match(key) is not None
