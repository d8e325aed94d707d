"""Crash recovery: what a start finds open, it continues or closes; and reading a finished deliberation back.

A stream without a verdict belongs to its owner until the claim expires or the owner is known to be dead. The
recorded events are fed to the same core. Seats are asked on only with the very same cards, prompts, profile and
pseudonyms and before the deadline; otherwise what still ran is given up, nobody is asked any more in any round, and
the verdict is what then stands. A ticket without an outcome counts as sent: its ask is asked again under a new
attempt number, or given up. The terms of arbitration are those on record: a profile or a finding that came since
changes nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from magi.core.deliberation import feed
from magi.core.errors import MagiError
from magi.core.ports import Draft, OpenStream
from magi.core.record import Abandoned, Answered, AttemptFailed, Cancelled, Event, Opened, Record, Ticketed
from magi.core.state import State
from magi.service.masked import masks_alike
from magi.service.question import Question, read_question
from magi.service.reply import Deliberation, Statement, read_statement
from magi.service.run import CLAIM_MS, Run, Tools, Watch, unwatched

log = structlog.get_logger()

AT_ONCE = 16
"""Taken up at a time: a batch that died leaves dozens open, and one after the other each may take its deadline."""
WHO = "magi"
WHY = "recovery"


@dataclass(frozen=True)
class TakenUp:
    """One stream that a start took up: continued to its end, or closed with what stood."""

    deliberation: Deliberation
    continued: bool


async def take_up(
    tools: Tools, is_dead: Callable[[str], bool], watch: Watch = unwatched
) -> tuple[TakenUp, ...]:
    """Take up every open deliberation that nobody alive holds, a few at a time; in the order of their names.

    `is_dead` tells whether an owner's process is known to be gone. A stream that cannot be read (a missing
    key) stays open and is logged, so one bad stream does not hold up the next question.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(found: OpenStream) -> TakenUp | None:
        async with gate:
            return await _claim_and_take_up(tools, found, is_dead, watch)

    ends = await asyncio.gather(
        *(one(found) for found in await tools.ledger.open_streams()), return_exceptions=True
    )
    taken: list[TakenUp] = []
    for end in ends:
        if isinstance(end, BaseException):
            raise end
        if end is not None:
            taken.append(end)
    return tuple(taken)


async def _claim_and_take_up(
    tools: Tools, found: OpenStream, is_dead: Callable[[str], bool], watch: Watch
) -> TakenUp | None:
    dead = found.owner if is_dead(found.owner) else None
    if not await tools.ledger.claim(found.stream, tools.owner, CLAIM_MS, dead):
        return None
    try:
        return await take_over(tools, found.stream, watch)
    except MagiError as error:
        log.warning("deliberation.stays_open", stream=found.stream, code=error.code, reason=error.reason)
        return None


async def take_over(
    tools: Tools, stream: str, watch: Watch = unwatched, *, go_on: bool | None = None
) -> TakenUp:
    """Bring one open deliberation to its verdict, as whoever claimed it.

    `go_on` says whether seats may be asked on, where that is on record already (a replay); None: it is found out.

    Raises:
        MagiError: what the ledger raises; the stream stays open.
    """
    records = await tools.ledger.read(stream)
    question, statements = await _read_bodies(tools, records)
    run = Run(tools, stream, question, watch, list(records), statements, _attempts(records))
    events = [record.data for record in records]
    state, effects = feed(events)
    if go_on is None:
        go_on = _same_ground(tools, state.opened, records[0].at_ms) and masks_alike(state.opened, question)
    continued = go_on or not _may_ask(state)
    if not continued:
        running = state.running
        await run.append([Draft(Abandoned(asks=running, why="other_ground_or_deadline"))])
        give_up = Cancelled(asks=running, why="abandoned", by=WHY)
        await run.append([Draft(give_up)])
        state, effects = feed([*events, give_up])
    return TakenUp(await run.to_the_end(state, effects), continued)


def _may_ask(state: State) -> bool:
    """Whether somebody is asked, or, while texts are sorted or checked, may still be asked after that."""
    terms = state.opened.arbitration
    reviewed = terms is not None and terms.peer_review and state.phase in ("classifying", "checking")
    return bool(state.running) or (reviewed and not state.closing)


def _same_ground(tools: Tools, opened: Opened, opened_ms: int) -> bool:
    """Whether asking on is asking the same: cards, prompts, profile, and time left."""
    manifest = opened.manifest
    cards = {name: tools.cards[name].digest for name in manifest.cards if name in tools.cards}
    known = {name for name in manifest.prompts if name in tools.templates.texts}
    prompts = {name: tools.templates.digest(name) for name in known}
    return (
        cards == manifest.cards
        and prompts == manifest.prompts
        and tools.profile.version == manifest.profile
        and tools.clock.now_ms() < opened_ms + opened.deadline_ms
    )


def _attempts(records: Sequence[Record]) -> dict[str, int]:
    attempts: dict[str, int] = {}
    for record in records:
        if isinstance(record.data, Ticketed | AttemptFailed):
            attempts[record.data.ask] = max(attempts.get(record.data.ask, 0), record.data.attempt)
    return attempts


async def read_deliberation(tools: Tools, stream: str, records: Sequence[Record]) -> Deliberation:
    """A recorded deliberation with its question and statements; every body access is recorded."""
    question, statements = await _read_bodies(tools, records)
    return Deliberation(stream, question, tuple(records), statements)


async def _read_bodies(tools: Tools, records: Sequence[Record]) -> tuple[Question, dict[str, Statement]]:
    question: Question | None = None
    statements: dict[str, Statement] = {}
    for record in records:
        event: Event = record.data
        if isinstance(event, Opened) and (ref := record.ref("question")):
            question = read_question(await tools.ledger.body(ref, WHO, WHY))
        if isinstance(event, Answered) and (ref := record.ref("answer")):
            statements[event.ask] = read_statement(await tools.ledger.body(ref, WHO, WHY))
    if question is None:
        raise MagiError("no_question")
    return question, statements
