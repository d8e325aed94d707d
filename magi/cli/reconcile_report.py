"""What `magi audit reconcile` reads and shows. Writes nothing to the ledger.

1. The log is verified; one that is not sound is compared with nothing, and the exit code is 1.
2. Its records are read, bodies stay closed.
3. The files from outside are read line by line.
4. Differences are named as they are found, those of the outside first; the exit code is 0 only if there are none, no
   line was unreadable, no row of usage stood twice and no two rows of usage overlapped.

Times are times in Japan. JSON goes out piece by piece: the differences of a wrong log may be as many as its lines.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import typer
from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.audit_report import verified
from magi.cli.ledger_opened import open_for_reading
from magi.core.errors import Fact, MalformedFileError, UnknownNameError
from magi.core.record import Record
from magi.ledger.store import ACCESS_STREAM
from magi.ledger.verify import VerifyReport
from magi.replay.egress import Period
from magi.replay.outside import MAX_LINE_BYTES, OutsideFile
from magi.replay.reconcile import Difference, Reconciliation, Terms, Totals
from magi.replay.sends import moment
from magi.replay.shape import Kind, Shape, parse_shape, shipped
from magi.settings import Settings
from magi.words import say

SHOWN = 50
"""Differences, faults and repeated lines on a screen; JSON has all."""
MAX_SHAPE_BYTES = 100_000
"""A mapping is a page at most."""
DIFFERENT = 1


@dataclass(frozen=True)
class ReconcileOptions:
    """What the command line says of one comparison."""

    period: Period
    usage: tuple[Path, ...]
    proxy: tuple[Path, ...]
    usage_as: str | None
    proxy_as: str | None
    zone: str | None
    tolerance_seconds: int
    inside: tuple[str, ...]
    other: tuple[str, ...]
    same: tuple[str, ...]
    as_json: bool
    ledger: Path | None


@dataclass
class _Run:
    """One comparison under way: what was given, read and found. Owned by `reconcile`."""

    options: ReconcileOptions
    report: VerifyReport
    work: Reconciliation
    files: list[tuple[Kind, OutsideFile]]
    lang: str

    @property
    def agrees(self) -> bool:
        """Whether both sides agree on everything and everything could be read."""
        readable = not any(file.faults for _, file in self.files) and not self.work.overlaps
        once = not any(file.repeated for kind, file in self.files if kind == "usage")
        return readable and once and self.work.proxy.agrees and self.work.usage.agrees


async def reconcile(settings: Settings, options: ReconcileOptions) -> int:
    """Verify the log, read both sides and name every difference; the exit code.

    Raises:
        UnknownNameError: no_outside, no file was given; shape, zone, same: not what it should be.
        MalformedFileError: a file that cannot be read as what it should be, see `OutsideFile.read`.
        ForeignLedgerError, LedgerUnavailableError, TamperedError: it cannot be read as a ledger.
    """
    if not options.usage and not options.proxy:
        raise UnknownNameError("no_outside", name="")
    terms = _terms(settings, options)
    files: list[tuple[Kind, OutsideFile]] = [
        *(("proxy", _file(path, "proxy", options.proxy_as, options.zone)) for path in options.proxy),
        *(("usage", _file(path, "usage", options.usage_as, options.zone)) for path in options.usage),
    ]
    report = verified(settings, options.ledger)
    if not report.sound:
        return not_sound(report, settings.lang, as_json=options.as_json)
    work = Reconciliation(terms)
    async for stream, records in streams(settings, options.ledger):
        work.take(stream, records)
    run = _Run(options, report, work, files, settings.lang)
    for (kind, file), source in zip(files, (*options.proxy, *options.usage), strict=True):
        _read(work, kind, file, source)
    found = work.differences(proxy=bool(options.proxy), usage=bool(options.usage))
    if options.as_json:
        _print_json(run, found)
    else:
        _show(run, found)
    return 0 if run.agrees else DIFFERENT


def _terms(settings: Settings, options: ReconcileOptions) -> Terms:
    pairs = [word.partition("=") for word in options.same]
    for (outside, _, ours), word in zip(pairs, options.same, strict=True):
        if not outside or not ours:
            raise UnknownNameError("same", name=word)
    cards = load_assets(settings.assets_dir).cards.values()
    return Terms(
        period=options.period,
        tolerance_ms=options.tolerance_seconds * 1_000,
        inside=frozenset(host.lower() for host in options.inside),
        others=frozenset(host.lower() for host in options.other),
        # Hosts are compared in small letters, models as they are written.
        same={name: ours for outside, _, ours in pairs for name in (outside.lower(), outside)},
        models={card.id: card.endpoint.model for card in cards},
    )


def _file(path: Path, kind: Kind, stated: str | None, zone: str | None) -> OutsideFile:
    candidates = tuple(shape for shape in shipped().values() if shape.kind == kind)
    shape = None if stated is None else _shape(stated, kind, candidates)
    if zone is not None:
        candidates[0].in_zone(zone)  # a wrong zone is said before anything is read
    return OutsideFile(str(path), shape, candidates, zone)


def _shape(stated: str, kind: Kind, candidates: Sequence[Shape]) -> Shape:
    """A shipped shape by its name, or an auditor's own from a file that ends in .toml."""
    named = {shape.name: shape for shape in candidates}
    if stated in named:
        return named[stated]
    path = Path(stated)
    if path.suffix != ".toml" or not path.is_file():
        raise UnknownNameError("shape", name=stated, known=tuple(named))
    with path.open("rb") as file:
        raw = file.read(MAX_SHAPE_BYTES + 1)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedFileError("shape", file=path.name, problems=("UTF-8",)) from error
    shape = parse_shape(path.name, text)
    if shape.kind != kind or len(raw) > MAX_SHAPE_BYTES:
        raise MalformedFileError("shape", file=path.name, problems=("kind",))
    return shape


async def streams(settings: Settings, ledger: Path | None) -> AsyncIterator[tuple[str, Sequence[Record]]]:
    """Every stream but that of accesses, which holds no sends, one at a time."""
    async with open_for_reading(settings, ledger) as log:
        for stream in await log.streams(""):
            if stream != ACCESS_STREAM:
                yield stream, await log.read(stream)


def _read(work: Reconciliation, kind: Kind, file: OutsideFile, path: Path) -> None:
    try:
        with path.open("rb") as raw:
            for line, entry in file.read(_lines(raw)):
                if kind == "proxy":
                    work.take_proxy(file.name, line, entry)
                else:
                    work.take_usage(file.name, line, entry, file.shape.hosts if file.shape else ())
    except OSError as error:
        raise MalformedFileError("outside_unreadable", file=str(path)) from error
    if kind == "usage":
        work.speaks_for(file.shape.hosts if file.shape else ())


def _lines(raw: BinaryIO) -> Iterator[bytes]:
    """Lines of a file; of one that is too long only as much as shows that it is."""
    while line := raw.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = raw.readline(MAX_LINE_BYTES + 1)
        yield line


def not_sound(report: VerifyReport, lang: str, *, as_json: bool) -> int:
    """Say what is wrong with the log; the exit code."""
    problems = [
        {"what": p.what, "seq": p.seq, "stream": p.stream, "ordinal": p.ordinal} for p in report.problems
    ]
    if as_json:
        typer.echo(json.dumps({"verified": False, "problems": problems}, ensure_ascii=False, indent=2))
        return DIFFERENT
    lines = [f"{p.stream or '-'}#{p.ordinal} (seq {p.seq}): {p.what}" for p in report.problems[:SHOWN]]
    words = say("audit.not_sound", lang, what="\n".join(lines))
    screen.emit(screen.console(), Text(words, style="bold red"))
    return DIFFERENT


# As JSON.


def _print_json(run: _Run, found: Iterator[Difference]) -> None:
    """One object: the differences, one a line, then what was read and the sums, which are known only after them."""
    typer.echo('{"differences": [')
    before = ""
    for difference in found:
        typer.echo(f"{before}  {json.dumps(_plain(difference), ensure_ascii=False)}", nl=False)
        before = ",\n"
    rest = json.dumps(_summary(run), ensure_ascii=False, indent=2)
    typer.echo(f"\n],{rest[1:]}")


def _plain(difference: Difference) -> dict[str, object]:
    times = {"from": time_of(difference.first_ms), "to": time_of(difference.last_ms)}
    return {
        "source": difference.source,
        "what": difference.what,
        "who": difference.who,
        **times,
        "count": difference.count,
        "where": difference.where,
        "low": difference.low,
        "high": difference.high,
    }


def time_of(at_ms: int) -> str:
    """A Unix time in ms as ISO 8601, in Japan."""
    return moment(at_ms).isoformat()


def _summary(run: _Run) -> dict[str, object]:
    options, work = run.options, run.work
    given = {"proxy": options.proxy, "usage": options.usage}
    totals = (work.proxy, work.usage)
    return {
        "agrees": run.agrees,
        "verified": True,
        "root": run.report.root,
        "records": run.report.records,
        "waiting": run.report.waiting,
        **days(options.period),
        "terms": {
            "tolerance_seconds": options.tolerance_seconds,
            "zone": options.zone,
            "inside": list(options.inside),
            "other": list(options.other),
            "same": list(options.same),
        },
        "ledger": {"sends": work.sends, "standins": work.standins, "this_machine": work.stayed},
        **{each.source: asdict(each) for each in totals if given[each.source]},
        "overlaps": work.overlaps,
        "files": [_file_plain(kind, file) for kind, file in run.files],
    }


def days(period: Period) -> dict[str, str | None]:
    """A period as JSON; None where it has no end."""
    whole = Period()
    first = None if period.first == whole.first else period.first.isoformat()
    return {"from": first, "to": None if period.last == whole.last else period.last.isoformat()}


def _file_plain(kind: Kind, file: OutsideFile) -> dict[str, object]:
    return {
        "kind": kind,
        "file": file.name,
        "shape": None if file.shape is None else file.shape.name,
        "checked": None if file.shape is None else file.shape.checked,
        "zone": None if file.shape is None else file.shape.zone,
        "lines": file.lines,
        "entries": file.entries,
        "cp932_lines": file.cp932_lines,
        "cost": str(file.cost),
        "faults": [{"line": fault.line, "what": fault.what} for fault in file.faults],
        "repeated": file.repeated,
    }


# On a screen.


def _show(run: _Run, found: Iterator[Difference]) -> None:
    out, lang = screen.console(), run.lang
    shown = screen.table(
        *(say(f"reconcile.{key}", lang) for key in ("what", "when", "who", "count", "where"))
    )
    left_out: Counter[str] = Counter()
    for number, difference in enumerate(found):
        if number < SHOWN:
            shown.add_row(*_row(difference, lang))
        else:
            left_out[f"{say(f'reconcile.{difference.what}', lang)} {difference.who}"] += difference.count
    if shown.row_count:
        out.print(shown)
    for who, count in sorted(left_out.items()):
        screen.emit(out, Text(say("reconcile.more", lang, who=who, count=count), style="yellow"))
    for kind, file in run.files:
        screen.emit(out, *_file_words(kind, file, lang))
    if run.work.overlaps:
        where = ", ".join(run.work.overlaps[:SHOWN])
        words = say("reconcile.overlaps", lang, count=len(run.work.overlaps), where=where)
        screen.emit(out, Text(words, style="red"))
    work = run.work
    if run.options.proxy:
        screen.emit(out, _totals_words("reconcile.proxy", work.proxy, lang))
    if run.options.usage:
        screen.emit(out, _totals_words("reconcile.usage", work.usage, lang))
    ledger = {"sends": work.sends, "standins": work.standins, "stayed": work.stayed}
    screen.emit(out, Text(say("reconcile.ledger", lang, **ledger)))
    verdict = ("reconcile.agrees", "bold green") if run.agrees else ("reconcile.differs", "bold red")
    screen.emit(out, Text(say(verdict[0], lang), style=verdict[1]))
    screen.emit(out, Text(say("replay.root", lang, root=run.report.root), style="dim"))


def _row(difference: Difference, lang: str) -> tuple[Text, ...]:
    source = say(f"reconcile.source.{difference.source}", lang)
    when = [minute(difference.first_ms)]
    when += [minute(difference.last_ms)] if difference.last_ms != difference.first_ms else []
    count = str(difference.count)
    if difference.low is not None:
        most = "" if difference.high is None else str(difference.high)
        count = say("reconcile.allowed", lang, count=count, low=difference.low, high=most)
    lines = (f"{source}\n{say(f'reconcile.{difference.what}', lang)}", "\n".join(when), difference.who, count)
    return tuple(screen.plain(line) for line in (*lines, difference.where.removeprefix("d/")))


def minute(at_ms: int) -> str:
    """A Unix time in ms as a person reads it, in Japan."""
    return moment(at_ms).strftime("%Y-%m-%d %H:%M:%S")


def _totals_words(key: str, totals: Totals, lang: str) -> Text:
    facts = asdict(totals)
    return Text(say(key, lang, **facts), style="" if totals.agrees else "yellow")


def _file_words(kind: Kind, file: OutsideFile, lang: str) -> Iterator[Text]:
    shape = file.shape
    facts: dict[str, Fact] = {
        "source": say(f"reconcile.source.{kind}", lang),
        "file": file.name,
        "shape": "-" if shape is None else shape.name,
        "checked": "-" if shape is None else say(f"reconcile.checked.{shape.checked}", lang),
        "zone": "-" if shape is None or shape.zone is None else shape.zone,
        "lines": file.lines,
        "entries": file.entries,
        "cp932": file.cp932_lines,
    }
    yield screen.plain(say("reconcile.file", lang, **facts))
    reasons: dict[str, list[str]] = {}
    for fault in file.faults:
        reasons.setdefault(fault.what, []).append(str(fault.line))
    for what, numbers in reasons.items():
        words = say(f"reconcile.fault.{what}", lang)
        facts = {"what": words, "count": len(numbers), "lines": ", ".join(numbers[:SHOWN])}
        yield Text(say("reconcile.faults", lang, **facts), style="red")
    if file.repeated:
        numbers = [str(number) for number in file.repeated]
        facts = {"count": len(numbers), "lines": ", ".join(numbers[:SHOWN])}
        yield Text(say("reconcile.repeated", lang, **facts), style="red" if kind == "usage" else "yellow")
