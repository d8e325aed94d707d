"""`magi replay`: check the stored bytes, feed them to the core again, compare; on request further.

1. Verify the ledger. Of a log that is not sound no replay is noted, and the exit code is 1.
2. Read every deliberation of the period in one pass, of the part of the log that was verified.
3. Replay each at the level asked for (`replay_levels`), and sum up (`magi.replay.period`).
4. Note the replay in the ledger, where it can be written (`replay_book`), or say why not.
5. Print (`replay_shown`).

Exit codes: 0 only where everything is as it should be; see `magi.replay.period.AMISS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.text import Text

from magi import __version__
from magi.assets import code_version
from magi.cli import replay_shown, screen
from magi.cli.ledger_opened import keys_beside, name_of, source_of
from magi.cli.replay_book import Book, login_name, open_book
from magi.cli.replay_levels import BODIES, Detail, Levels, levels_for
from magi.cli.replay_order import ReplayOptions, WhatIf
from magi.core.errors import LedgerUnavailableError, MagiError, UnknownNameError
from magi.ledger.scan import DELIBERATIONS, Part, StoredStream, scan
from magi.ledger.verify import Brought, VerifyReport, verify_source
from magi.replay.period import Found, Summary
from magi.replay.rearbitrate import rearbitrate_stored
from magi.replay.requery import Agreements, agreements
from magi.settings import Settings
from magi.wiring import log_name
from magi.words import say

__all__ = ["Checked", "ReplayOptions", "WhatIf", "check", "replay", "show"]


@dataclass(frozen=True)
class Checked:
    """What a replay found: the stored bytes, the period in numbers, and of a single deliberation all there is.

    `agreements` sums up what was asked again, `moves` counts outcomes as recorded and under a change. `noted` is the
    ordinal of its record in `replays`; None with the `error` that kept it out, or without one where nobody wanted it
    or the log is not sound.
    """

    report: VerifyReport
    summary: Summary
    code: str
    detail: Detail | None = None
    agreements: Agreements | None = None
    moves: Mapping[tuple[str, str], int] = field(default_factory=dict)
    noted: int | None = None
    error: MagiError | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return self.report.sound and self.summary.sound


async def replay(settings: Settings, options: ReplayOptions) -> int:
    """Replay one deliberation or a period, print what was found, and return the exit code.

    Raises:
        UnknownNameError: `replay_scope`, neither one deliberation nor all, or both; `deliberation`, `seat`, `rule`,
            `reliability`, `replay_change`.
        ForeignLedgerError, LedgerUnavailableError, TamperedError: the file cannot be read as a ledger.
    """
    options = options.checked()
    options = replace(options, note=options.note and not options.manifest)
    wanted = options.note or options.level in BODIES
    async with open_book(settings, options.ledger, wanted=wanted) as book:
        async with levels_for(settings, options, book) as levels:
            checked = await _checked(settings, options, levels)
        checked = await _noted(checked, book, options, levels)
    if options.manifest:
        replay_shown.show_manifest(checked.detail)
    elif options.as_json:
        replay_shown.show_json(checked, options)
    else:
        show(checked, settings.lang)
        replay_shown.show_note(checked, options, settings.lang)
    return 0 if checked.sound else 1


async def check(settings: Settings, ledger: Path | None, name: str | None) -> Checked:
    """Verify the ledger and re-arbitrate one deliberation, or all; nothing is noted in the ledger.

    Raises:
        UnknownNameError: no deliberation of that name. LedgerUnavailableError: `not_placed`, or not yet.
        ForeignLedgerError, LedgerUnavailableError: the store cannot be read as a ledger.
    """
    options = ReplayOptions(name=name, every=name is None, note=False, ledger=ledger)
    return await _checked(settings, options, levels_for(settings, options, Book(None)))


def show(checked: Checked, lang: str, *, listed: bool = True) -> None:
    """Print what `check` found: integrity first, then each deliberation where `listed`, then the sums."""
    replay_shown.show(checked, lang, listed=listed)
    if checked.report.waiting:
        words = say("replay.waiting", lang, count=checked.report.waiting)
        screen.emit(screen.console(), Text(words, style="yellow"))


async def _checked(settings: Settings, options: ReplayOptions, levels: Levels) -> Checked:
    # 1. Verify.
    source = source_of(settings, options.ledger)
    report = verify_source(source, Brought(keys_beside(settings, options.ledger)))
    # 2. Read. What has no place yet may get one meanwhile: the next replay has it.
    name = None if options.name is None else f"{DELIBERATIONS}{options.name.removeprefix(DELIBERATIONS)}"
    part = Part(
        name=name, size=report.records - report.waiting, log=log_name(settings.tenant), tenant=settings.tenant
    )
    summary, detail = Summary(options.period), None
    for stored in scan(source, part):
        # 3. Replay.
        found, seen = await _found(stored, summary, levels, report)
        if found is not None:
            summary.take(found)
            detail = seen if name is not None else None
    if name is not None and not summary.deliberations:
        if report.waiting:
            raise LedgerUnavailableError("not_placed", count=report.waiting)
        raise UnknownNameError("deliberation", name=options.name or "", path=name_of(source))
    asked_again = agreements(levels.agreements) if levels.highest == "R4" else None
    return Checked(report, summary, code_version(__version__), detail, asked_again, dict(levels.moves))


async def _found(
    stored: StoredStream, summary: Summary, levels: Levels, report: VerifyReport
) -> tuple[Found | None, Detail | None]:
    judged = rearbitrate_stored(stored)
    if not summary.holds(judged.at_ms):
        return None, None
    detail = await levels.replay(stored, judged, sound=report.sound)
    broken = any(problem.stream == stored.name for problem in report.problems)
    results = {"R0": "broken" if broken else "sound", **detail.results}
    return Found(stored.name, judged.at_ms, judged.code, judged.outcome, results), detail


async def _noted(checked: Checked, book: Book, options: ReplayOptions, levels: Levels) -> Checked:
    """4. The same with the number of its record, or the error that kept it out."""
    if book.ledger is None or not options.note or not checked.report.sound:
        return replace(checked, error=book.error)
    who = options.who or login_name()
    try:
        record = await book.note(
            checked.report,
            checked.summary,
            level=levels.highest,
            who=who,
            code=checked.code,
            options=levels.options,
        )
    except MagiError as error:
        return replace(checked, error=error)
    return replace(checked, noted=record.ordinal)
