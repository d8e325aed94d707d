"""`magi ask`: one question to one council."""

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import TypeAdapter, ValidationError
from rich.live import Live
from rich.text import Text

from magi.api.view import arbitrated
from magi.assets import Assets, load_assets
from magi.cli import screen, verdict_shown
from magi.cli.materials_folder import read_folder
from magi.cli.rehearsal import rehearsal
from magi.core.card import Card
from magi.core.council import check_council
from magi.core.errors import CouncilRefusedError, QuestionRefusedError, UnknownNameError
from magi.core.material import warnings
from magi.core.record import Record
from magi.core.space import AnswerSpace, ChoiceSpace
from magi.core.terms import read_topic
from magi.residency.label import Label, declared_label
from magi.residency.plan import check, plan, seated
from magi.residency.policy import NO_TOPICS
from magi.service.materials import MAX_FILE_BYTES, MAX_FILES, Attached, Reader, attach, concealed
from magi.service.question import MAX_CHARS, Question, take_question
from magi.service.recover import take_up
from magi.service.reply import Deliberation
from magi.service.run import Request, Watch, deliberate
from magi.service.sources import UNSTATED, Material, sources
from magi.settings import Settings
from magi.wiring import check_callable, is_dead, open_tools, today
from magi.words import say

if TYPE_CHECKING:
    from magi.materials.found import Extracted

MAX_QUESTION_BYTES = 4 * MAX_CHARS
"""A character is at most four bytes in UTF-8."""
SPACES = {"open": "open", "yes-no": "yes_no_conditional", "date": "date", "number": "number"}


@dataclass(frozen=True)
class AskOptions:
    """What the command line says of one question."""

    council: str | None
    label: str | None
    space: str | None
    options: tuple[str, ...]
    rehearsal: bool
    as_json: bool
    lowering: int | None = None
    files: tuple[Path, ...] = ()
    materials: Path | None = None
    positions: Path | None = None
    topic: str | None = None


def read_question(text: str, options: AskOptions) -> Question:
    """The question and its answer space from the command line.

    Raises:
        QuestionRefusedError: empty, too large, not UTF-8, options that do not fit.
        UnknownNameError: an answer space that cannot be read.
    """
    texts = dict(_option(option) for option in options.options)
    if len(texts) < len(options.options):
        raise QuestionRefusedError("option_form")
    return take_question(text, _space(options.space, tuple(texts)), texts)


def text_of(argument: str) -> str:
    """The question's text: the argument, or standard input for `-`.

    Raises:
        QuestionRefusedError: not_text, it is not UTF-8; too_large, before more is read.
    """
    if argument != "-":
        return argument
    raw = sys.stdin.buffer.read(MAX_QUESTION_BYTES + 1)
    if len(raw) > MAX_QUESTION_BYTES:
        raise QuestionRefusedError("too_large", chars=len(raw), most=MAX_CHARS)
    try:
        return raw.decode("utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise QuestionRefusedError("not_text") from error


def read_files(paths: Sequence[Path]) -> tuple[Attached, ...]:
    """The files of the command line, to stand right before the question.

    Raises:
        QuestionRefusedError: too_many_files; file_unreadable, file_too_large, with the file's number on the line.
    """
    if len(paths) > MAX_FILES:
        raise QuestionRefusedError("too_many_files", files=len(paths), most=MAX_FILES)
    return tuple(
        Attached(path.name, _bytes_of(path, number), 0) for number, path in enumerate(paths, start=1)
    )


def _bytes_of(path: Path, number: int) -> bytes:
    """A whole regular file; a pipe or a device could last for ever."""
    if not path.is_file():
        raise QuestionRefusedError("file_unreadable", number=number)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise QuestionRefusedError("file_unreadable", number=number) from error
    if len(data) > MAX_FILE_BYTES:
        raise QuestionRefusedError("file_too_large", number=number, most=MAX_FILE_BYTES)
    return data


def _option(option: str) -> tuple[str, str]:
    name, equals, text = option.partition("=")
    if not equals or not name.strip():
        raise QuestionRefusedError("option_form")
    return name.strip(), text.strip()


def _space(word: str | None, ids: tuple[str, ...]) -> AnswerSpace | None:
    if word is None and not ids:
        return None
    try:
        if ids and word in (None, "choice"):
            return ChoiceSpace(options=ids)
        name, _, unit = (word or "").partition(":")
        if name not in SPACES or (unit and name != "number"):
            raise UnknownNameError("space", name=word or "")
        fields = {"kind": SPACES[name], **({"unit": unit} if unit else {})}
        found: AnswerSpace = TypeAdapter(AnswerSpace).validate_python(fields)
    except ValidationError as error:
        raise QuestionRefusedError("option_form") from error
    return found


async def ask(settings: Settings, text: str, options: AskOptions) -> Deliberation:
    """Ask, show the seats live on a terminal, and print the reply or its JSON."""
    assets = load_assets(settings.assets_dir)
    question = read_question(text, options)
    default = "rehearsal" if options.rehearsal else settings.council
    council = assets.council(options.council or default)
    async with contextlib.AsyncExitStack() as stack:
        cards: Mapping[str, Card] = assets.cards
        if options.rehearsal:
            cards = (await stack.enter_async_context(rehearsal(cards))).cards
        question, materials = await _with_files(stack, question, options, settings.lang)
        request = Request(
            question,
            council,
            options.label,
            lowering=options.lowering,
            materials=materials,
            subject=read_topic(options.topic),
        )
        check_first(settings, assets, cards, request)
        _say_unshown(materials, settings.lang)
        _say_sources(request, settings.lang)
        done = await _ask(settings, assets, cards, request, options)
    out = screen.console()
    if options.as_json:
        shown = to_json(done) | (_materials(request) if materials else {})
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        screen.emit(out, *verdict_shown.deliberation(done, cards, settings.lang))
    return done


async def _with_files(
    stack: contextlib.AsyncExitStack, question: Question, options: AskOptions, lang: str
) -> tuple[Question, tuple[Material, ...]]:
    """The question with its files, read before a ledger is opened: what is refused here leaves no record.

    Files named one by one come first, then the folder of materials, then that of positions.
    """
    files = [*read_files(options.files)]
    for path, position in ((options.materials, False), (options.positions, True)):
        if path is None:
            continue
        folder = read_folder(path, position=position)
        files += folder.files
        if folder.unlisted:
            said = say("ask.materials_unlisted", lang, folder=str(path), files=folder.unlisted)
            screen.emit(screen.console(err=True), Text(said, style="yellow"))
    if not files:
        return question, ()
    reader = Reader()
    stack.push_async_callback(reader.aclose)
    return await attach(reader, question, files)


def _say_unshown(materials: "Sequence[Extracted]", lang: str) -> None:
    """Say on stderr what of the files no seat is shown, and what nobody could read; codes only, no text."""
    err = screen.console(err=True)
    for number, material in enumerate(materials, start=1):
        if places := [say(f"place.{place}", lang) for place in concealed(material)]:
            said = say("ask.file_concealed", lang, number=number, places=tuple(places))
            screen.emit(err, Text(said, style="yellow"))
        if codes := [say(f"unreadable.{code}", lang) for code in material.unreadable]:
            said = say("ask.file_unreadable", lang, number=number, codes=tuple(codes))
            screen.emit(err, Text(said, style="yellow"))


def _say_sources(request: Request, lang: str) -> None:
    """Say on stderr what a reader has to know of the materials: no date, too old, of a later day, instructions.

    Of a file of which nothing was stated, nobody expects a date.
    """
    err, day = screen.console(err=True), today()
    for source, material in zip(sources(request, day), request.materials, strict=True):
        unstated = isinstance(material, Material) and material.known == UNSTATED
        for code in warnings(source, day):
            if unstated and code == "undated_material":
                continue
            said = say(f"warning.{code}", lang, id=source.id)
            screen.emit(err, Text(said, style="yellow"))


def _materials(request: Request) -> dict[str, object]:
    """The files as plain JSON values: neither their names nor their text."""
    day = today()
    files = [
        {"number": number, "media": material.media, "unreadable": list(material.unreadable)}
        for number, material in enumerate(request.materials, start=1)
    ]
    known = [
        source.model_dump(mode="json", exclude={"title_digest"}) | {"warnings": list(warnings(source, day))}
        for source in sources(request, day)
    ]
    return {"materials": files, "sources": known}


def check_first(settings: Settings, assets: Assets, cards: Mapping[str, Card], request: Request) -> None:
    """Refuse what leaves no record before a ledger is made for it; the service checks all of it again.

    Raises:
        UnknownNameError, CouncilRefusedError, KeyMissingError: as `deliberate`.
    """
    council, profile, day = request.council, assets.profile(settings.profile), today()
    check(council, cards, profile, day)
    left = seated(
        council.seats, plan(council, cards, declared_label(request.label), profile, day, topics=NO_TOPICS)
    )
    try:
        check_council(left, council.quorum, council.rule, cards, council.name)
    except CouncilRefusedError:
        return  # because of the label: the service puts that refusal on record
    targets = sorted({target for seat in left for target in seat.targets})
    check_callable(council.name, [cards[target] for target in targets], settings.secrets)


async def _ask(
    settings: Settings, assets: Assets, cards: Mapping[str, Card], request: Request, options: AskOptions
) -> Deliberation:
    err = screen.console(err=True)
    async with open_tools(settings, assets, cards) as tools:
        taken = await take_up(tools, is_dead)
        if taken:
            screen.emit(err, Text(say("ask.resumed", settings.lang, count=len(taken)), style="dim"))
        if options.rehearsal:
            screen.emit(err, Text(say("ask.rehearsal", settings.lang), style="yellow"))
        if options.as_json or not err.is_terminal:
            return await deliberate(tools, request)
        seen: list[Record] = []
        with Live(console=err, transient=True, refresh_per_second=8) as live:
            return await deliberate(tools, request, _watch(live, seen, dict(cards), settings.lang))


def _watch(live: Live, seen: list[Record], cards: dict[str, Card], lang: str) -> Watch:
    def watch(record: Record) -> None:
        seen.append(record)
        live.update(screen.live_seats(seen, cards, lang))

    return watch


def to_json(done: Deliberation) -> dict[str, object]:
    """The whole reply as plain JSON values; keys are stable, words are codes."""
    opened, verdict = done.opened, done.verdict
    return {
        "id": done.stream.removeprefix("d/"),
        **verdict.model_dump(mode="json"),
        "account": arbitrated(done),
        "space": opened.space.model_dump(mode="json"),
        "space_source": opened.space_source,
        "council": opened.council,
        "profile": opened.profile,
        "label": Label(done.label).word,
        "hits": [hit.model_dump(mode="json") for hit in opened.hits],
        "statements": {
            ask: {"answer": said.answer, "reason": said.reason, "basis": list(said.basis)}
            for ask, said in sorted(done.statements.items())
        },
        "who_saw_what": [sight.plain() for sight in done.sights],
        "left_out": [entry.model_dump(mode="json") for entry in done.left_out],
    }
