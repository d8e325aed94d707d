"""`magi audit export`: deliberations out of a ledger, as a page, as PROV-JSON, as JSONL or as CSV.

1. The log is verified; of one that is not sound nothing is exported. No body is opened for that. For all of a period
   every record is checked to the full; for one deliberation the tree with its signatures, and of the records its own.
2. Records, their places and the signed head are read in one snapshot, so what is shown is what is proven. Records that
   have no place in the log yet (PostgreSQL) are shown without a proof, and their number is said.
3. Without `--bodies` nothing is decrypted. With it, only the bodies that the form shows are opened, one by one
   through the ledger, which puts each access on record before it hands out a byte.
4. Files are private (0600), appear whole or not at all, and replace none unless asked to.
Leaves to others: what a form looks like (`magi.export`), the log itself as a folder (`--form log`).
"""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import IO

from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.export_log import given_out, proof_of
from magi.cli.ledger_opened import name_of, open_for_reading, open_for_writing, source_of
from magi.cli.turning import turning_of
from magi.core.adoption import ADOPTIONS, by_stream
from magi.core.card import Card
from magi.core.errors import ErasedError, MalformedFileError, UnknownNameError
from magi.core.ports import Ledger
from magi.core.record import Opened, Record, Ref
from magi.export.dossier import Body, Dossier, Erasure, Incident, Proof, Sent, erasures_of
from magi.export.page import Made, page
from magi.export.prov import prov_json
from magi.export.tables import csv_head, csv_row, jsonl
from magi.ledger.entries import believed
from magi.ledger.nodes import SignedHead, Snapshot, snapshot
from magi.ledger.retention import RETENTION_STREAM
from magi.ledger.scan import Part, StoredStream, streams_in
from magi.ledger.store import StoredLedger
from magi.ledger.verify import Brought, Depth, VerifyReport, verify_source
from magi.replay.egress import Period
from magi.replay.sends import Lowering, incidents_of, lowerings_of, sends_of
from magi.service.access import Desk
from magi.service.labelled import CONFIG
from magi.settings import Settings
from magi.wiring import SystemClock, access_rules, labeller, log_name
from magi.words import say

CALLERS_FAULT = 2
NOT_SOUND = 1
SHOWN_PROBLEMS = 20
"""Of a log that is not sound; `magi replay --all` lists more."""
FILE_MODE = 0o600
FOLDER_MODE = 0o700
MAX_NAME_CHARS = 200
"""A record's codes are no longer."""
_WHY = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
"""A case number, not prose: records are never erased, so no free text may enter them."""
_PLAIN_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True)
class ExportOrder:
    """What the command line says of one export; `name` is None for all of the period."""

    name: str | None
    period: Period
    form: str
    out: Path
    bodies: bool
    who: str
    why: str
    force: bool
    ledger: Path | None


@dataclass(frozen=True)
class Form:
    """One form: the end of its files' names, the bodies it shows (None: all), whether many share one file.

    One that `proves` bears the signed head and the records' proofs.
    """

    suffix: str
    render: Callable[[Dossier, str, Made], bytes]
    shows: frozenset[str] | None
    one_file: bool = False
    proves: bool = False
    head: Callable[[str], bytes] = lambda _: b""


NO_TEXT: frozenset[str] = frozenset()
FORMS: Mapping[str, Form] = {
    "html": Form(".html", page, frozenset({"question", "answer"}), proves=True),
    "prov": Form(".prov.json", lambda dossier, _, __: prov_json(dossier), NO_TEXT),
    "jsonl": Form(".jsonl", lambda dossier, _, __: jsonl(dossier), None, one_file=True, proves=True),
    "csv": Form(
        ".csv", lambda dossier, lang, _: csv_row(dossier, lang), NO_TEXT, one_file=True, head=csv_head
    ),
}


@dataclass(frozen=True)
class Around:
    """What is the same for every deliberation of one export.

    `desk` opens bodies, where they were ordered; `adoptions` are people's acts by deliberation.
    """

    lowerings: tuple[Lowering, ...]
    erasures: Mapping[str, Erasure]
    cards: Mapping[str, Card]
    rules: Mapping[str, str]
    desk: Desk | None = None
    adoptions: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """The snapshot that one export reads, with its signed head where the form proves."""

    connection: Snapshot
    head: SignedHead | None


@dataclass(frozen=True)
class Written:
    """How many deliberations were written, and for how many of their records a proof is wanting."""

    count: int
    unplaced: int


async def export(settings: Settings, order: ExportOrder) -> int:
    """Write what was ordered and say how many deliberations; the exit code.

    Raises:
        UnknownNameError: form, deliberation. MalformedFileError: exists, not_a_folder, not_a_file.
        AccessRefusedError: a body may not be read; nothing of its deliberation was written.
        ForeignLedgerError, LedgerUnavailableError, KeyMissingError, TamperedError: see the ledger.
    """
    form, lang = FORMS.get(order.form), settings.lang
    if form is None:
        raise UnknownNameError("form", name=order.form, known=tuple(FORMS))
    if (problem := _problem(order, form, lang)) is not None:
        screen.emit(screen.console(err=True), Text(problem, style="red"))
        return CALLERS_FAULT
    depth: Depth = "full" if order.name is None else "tree"
    report = await asyncio.to_thread(verify_source, source_of(settings, order.ledger), Brought(), depth)
    if not report.sound:
        screen.emit(screen.console(err=True), Text(_unsound(report, lang), style="bold red"))
        return NOT_SOUND
    async with _opened(settings, order) as log:
        around = await _around(settings, log, form)
        if order.bodies:
            around = replace(around, desk=Desk(log, access_rules(settings), SystemClock()))
        written = await _write_all(settings, log, order, form, around)
    out = screen.console()
    checked = say(f"export.checked.{depth}", lang, records=report.records, root=report.root)
    screen.emit(out, Text(say("export.done", lang, count=written.count, path=str(order.out))))
    screen.emit(out, Text(checked, style="dim"))
    if written.unplaced:
        screen.emit(out, Text(say("export.unplaced", lang, count=written.unplaced), style="yellow"))
    return 0


def _problem(order: ExportOrder, form: Form, lang: str) -> str | None:
    """What is wrong with an order, in words; None where nothing is."""
    if not order.bodies:
        return None
    if form.shows == NO_TEXT:
        return say("export.no_bodies_in_form", lang, form=order.form)
    who, why = order.who.strip(), order.why
    if not who or len(who) > MAX_NAME_CHARS or not _WHY.fullmatch(why):
        return say("export.who_why", lang)
    return None


def _unsound(report: VerifyReport, lang: str) -> str:
    lines = [f"{p.stream or '-'}#{p.ordinal} (seq {p.seq}): {p.what}" for p in report.problems]
    return say("export.not_sound", lang, what="\n".join(lines[:SHOWN_PROBLEMS]))


def _opened(settings: Settings, order: ExportOrder) -> StoredLedger:
    """The ledger to read from; to be written to only where accesses must go on record."""
    opened = open_for_writing if order.bodies else open_for_reading
    return opened(settings, order.ledger)


async def _around(settings: Settings, log: Ledger, form: Form) -> Around:
    """The acts on record; and for the form that explains them, today's cards and rules."""
    cards: Mapping[str, Card] = {}
    rules: Mapping[str, str] = {}
    if form is FORMS["html"]:
        assets = load_assets(settings.assets_dir)
        detectors = labeller(settings, assets.profile(settings.profile)).detectors
        cards = assets.cards
        rules = {name: vars(rule)[settings.lang] for name, rule in detectors.rules.items()}
    return Around(
        lowerings_of(await log.read(CONFIG)),
        erasures_of(await log.read(RETENTION_STREAM)),
        cards,
        rules,
        adoptions=by_stream(await log.read(ADOPTIONS)),
    )


async def _write_all(
    settings: Settings, log: Ledger, order: ExportOrder, form: Form, around: Around
) -> Written:
    """Choose, then read and write one deliberation after the other."""
    streams = await _chosen(log, order, name_of(source_of(settings, order.ledger)))
    together = form.one_file and order.name is None
    paths = {stream: _path(order, form, stream) for stream in streams}
    _check_free((order.out,) if together else tuple(paths.values()), order)
    made = Made(SystemClock().now_ms(), order.who, order.why)
    unplaced = 0
    with contextlib.ExitStack() as stack:
        seen = stack.enter_context(_seen(settings, order, form))
        if together:
            shared = stack.enter_context(_private_file(order.out, replace=order.force))
            shared.write(form.head(settings.lang))
        for stream in streams:
            stored = _stored(seen, stream)
            unplaced += sum(row.seq is None for row in stored.entries) if form.proves else 0
            dossier = await _dossier(seen, stored, order, form, around)
            rendered = form.render(dossier, settings.lang, made)
            if together:
                shared.write(rendered)
                continue
            with _private_file(paths[stream], replace=order.force) as file:
                file.write(form.head(settings.lang) + rendered)
    return Written(len(streams), unplaced)


@contextlib.contextmanager
def _seen(settings: Settings, order: ExportOrder, form: Form) -> Iterator[Seen]:
    """2. The snapshot; opened after the streams were chosen, so that it holds them all."""
    live = order.bodies  # the accesses are written to the same file meanwhile
    if form.proves:
        with given_out(settings, order.ledger, live=live) as (connection, head):
            yield Seen(connection, head)
        return
    source, log = source_of(settings, order.ledger), log_name(settings.tenant)
    with snapshot(source, log=log, live=live) as connection:
        yield Seen(connection, None)


def _stored(seen: Seen, stream: str) -> StoredStream:
    (stored,) = streams_in(seen.connection, Part(name=stream))
    return stored


def _proof(seen: Seen, stored: StoredStream) -> Proof | None:
    if seen.head is None:
        return None
    said = seen.head.checkpoint
    if all(row.seq is None for row in stored.entries):
        return Proof(said.origin, said.size, said.root.hex(), seen.head.note)
    return proof_of(seen.connection, stored.name, seen.head)


async def _chosen(log: Ledger, order: ExportOrder, where: str) -> tuple[str, ...]:
    """The streams that were ordered, oldest first; a deliberation belongs to the day on which it began.

    Raises:
        UnknownNameError: no deliberation of that name.
    """
    streams = await log.streams("d/")
    if order.name is not None:
        stream = f"d/{order.name.removeprefix('d/')}"
        if stream not in streams:
            raise UnknownNameError("deliberation", name=order.name, path=where)
        return (stream,)
    if order.period == Period():
        return streams
    return tuple([s for s in streams if order.period.holds((await log.read(s))[0].at_ms)])


async def _dossier(
    seen: Seen, stored: StoredStream, order: ExportOrder, form: Form, around: Around
) -> Dossier:
    """One deliberation with the bodies that the form shows; each access is recorded before it happens.

    Raises:
        TamperedError: stored bytes do not match their hash, columns their bytes, or the head their place.
    """
    records = tuple(believed(row) for row in stored.entries)
    bodies = {}
    for ref in _refs(records):
        if ref.commitment in around.erasures:
            bodies[ref.commitment] = Body("erased", erasure=around.erasures[ref.commitment])
        elif order.bodies and (form.shows is None or ref.name in form.shows):
            bodies[ref.commitment] = await _body(around.desk, records, ref, order)
    cited = next((r.data.lowering for r in records if isinstance(r.data, Opened)), None)
    return Dossier(
        records,
        bodies,
        _proof(seen, stored),
        sends=sends_seen(records),
        incidents=incidents_seen(records),
        lowered_by=next((each.by for each in around.lowerings if each.number == cited), None),
        cards=around.cards,
        rules=around.rules,
        stored={row.ordinal: row.data for row in stored.entries},
        adoptions=around.adoptions.get(stored.name, ()),
        turning=turning_of(records) if form is FORMS["html"] else None,
    )


def sends_seen(records: Sequence[Record]) -> tuple[Sent, ...]:
    """Every permitted send of a stream as the export shows it."""
    return tuple(
        Sent(**{each.name: getattr(send, each.name) for each in fields(Sent)})
        for send in sends_of(records[0].stream, records)
    )


def incidents_seen(records: Sequence[Record]) -> tuple[Incident, ...]:
    """Refusals and alarms of a stream as the export shows them."""
    return tuple(
        Incident(**{each.name: getattr(found, each.name) for each in fields(Incident)})
        for found in incidents_of(records)
    )


def _refs(records: Sequence[Record]) -> Iterator[Ref]:
    for record in records:
        yield from record.refs


async def _body(desk: Desk | None, records: Sequence[Record], ref: Ref, order: ExportOrder) -> Body:
    assert desk is not None  # noqa: S101  # bodies were ordered, so there is one
    try:
        return Body("opened", await desk.body(records, ref, order.who.strip(), order.why))
    except ErasedError:  # erased since the tombstones were read
        return Body("erased")


def _path(order: ExportOrder, form: Form, stream: str) -> Path:
    """The file of one deliberation: the one named, or one in the folder named."""
    name = stream.removeprefix("d/")
    if not _PLAIN_NAME.fullmatch(name):
        name = hashlib.sha256(name.encode()).hexdigest()
    return order.out / f"{name}{form.suffix}" if order.name is None or order.out.is_dir() else order.out


def _check_free(paths: Sequence[Path], order: ExportOrder) -> None:
    """Refuse before any body is opened; makes the folder of a period's files.

    Raises:
        MalformedFileError: exists, not_a_folder, not_a_file.
    """
    for path in paths:
        if path.is_dir():
            raise MalformedFileError("not_a_file", file=str(path))
        if path.exists() and not order.force:
            raise MalformedFileError("exists", file=str(path))
    folder = order.out
    if any(path.parent == folder for path in paths):
        if folder.exists() and not folder.is_dir():
            raise MalformedFileError("not_a_folder", file=str(folder))
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


@contextlib.contextmanager
def _private_file(path: Path, *, replace: bool) -> Iterator[IO[bytes]]:
    """A file that takes its name when it is whole; readable by its owner only.

    Raises:
        MalformedFileError: exists, somebody made one of that name and `replace` is not set.
        OSError: the disk refused.
    """
    if not replace:
        try:  # holds the name; a link to a finished file would do without, but not every stick can link
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
        except FileExistsError as error:
            raise MalformedFileError("exists", file=str(path)) from error
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        if not replace:
            path.unlink(missing_ok=True)
        raise
