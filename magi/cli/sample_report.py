"""What `magi audit sample` reads and shows: a sample with all that it takes to draw it again. Writes nothing.

The log is verified first; from one that is not sound nothing is drawn, and the exit code is 1. Bodies stay closed.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.text import Text

from magi.cli import screen
from magi.cli.audit_report import verified
from magi.cli.reconcile_report import days, minute, not_sound, streams, time_of
from magi.core.errors import Fact, UnknownNameError
from magi.ledger.verify import VerifyReport
from magi.replay.egress import Period
from magi.replay.sample import FORMULA, WAYS, Population, Sample
from magi.settings import Settings
from magi.words import say


@dataclass(frozen=True)
class SampleOptions:
    """What the command line says of one sample."""

    period: Period
    seed: str
    size: int
    by: str | None
    as_json: bool
    ledger: Path | None


async def sample(settings: Settings, options: SampleOptions) -> int:
    """Verify the log, draw the sample and print all that it takes to draw it again; the exit code.

    Raises:
        UnknownNameError: stratum, no such way to divide the deliberations; seed, an empty one.
        ForeignLedgerError, LedgerUnavailableError, TamperedError: it cannot be read as a ledger.
    """
    by = next((way for way in WAYS if way == options.by), None)
    if options.by is not None and by is None:
        raise UnknownNameError("stratum", name=options.by, known=WAYS)
    if not options.seed.isprintable() or not options.seed.strip():
        raise UnknownNameError("seed", name="")
    report = verified(settings, options.ledger)
    if not report.sound:
        return not_sound(report, settings.lang, as_json=options.as_json)
    population = Population(options.period, by)
    async for stream, records in streams(settings, options.ledger):
        population.take(stream, records)
    drawn = population.draw(options.seed, options.size)
    if options.as_json:
        typer.echo(json.dumps(_sample_json(drawn, population, report), ensure_ascii=False, indent=2))
    else:
        _show_sample(drawn, population, report, settings.lang)
    return 0


def _sample_json(drawn: Sample, population: Population, report: VerifyReport) -> dict[str, object]:
    chosen = [
        {
            "deliberation": e.stream.removeprefix("d/"),
            "stream": e.stream,
            "rank": e.rank,
            "stratum": e.stratum,
        }
        | {"time": time_of(e.at_ms)}
        for e in drawn.drawn
    ]
    return {
        "seed": drawn.seed,
        "size": drawn.size,
        "by": drawn.by,
        "formula": FORMULA,
        **days(population.period),
        "verified": True,
        "root": report.root,
        "records": report.records,
        "waiting": report.waiting,
        "population": drawn.population,
        "population_sha256": drawn.population_digest,
        "outside_period": population.outside,
        "unopened": population.unopened,
        "strata": [asdict(stratum) for stratum in drawn.strata],
        "sample": chosen,
    }


def _show_sample(drawn: Sample, population: Population, report: VerifyReport, lang: str) -> None:
    out = screen.console()
    table = screen.table(
        *(say(f"audit_sample.{key}", lang) for key in ("deliberation", "time", "stratum", "rank"))
    )
    for each in drawn.drawn:
        cells = (each.stream.removeprefix("d/"), minute(each.at_ms), each.stratum)
        table.add_row(*(Text(cell) for cell in cells), each.rank[: screen.DIGEST_CHARS])
    out.print(table)
    for stratum in drawn.strata:
        facts: dict[str, Fact] = {
            "name": stratum.name,
            "population": stratum.population,
            "drawn": stratum.drawn,
        }
        screen.emit(out, Text("  " + say("audit_sample.share", lang, **facts)))
    facts = {
        "seed": drawn.seed,
        "formula": FORMULA,
        "population": drawn.population,
        "drawn": len(drawn.drawn),
        "outside": population.outside,
        "unopened": population.unopened,
        "records": report.records,
    }
    screen.emit(out, screen.plain(say("audit_sample.how", lang, **facts)))
    digest = say("audit_sample.digest", lang, digest=drawn.population_digest)
    screen.emit(out, Text(digest, style="dim"), Text(say("replay.root", lang, root=report.root), style="dim"))
