"""The service's own pipeline over one record: real labelling, plan, prompts, client, guard, readers and core.

What is not real is what a record stands for: the ledger (`replayed_ledger`), the wire (`magi.gateway.replayed`), the
clock and the order (`turns`), names and credentials. The terms of arbitration are those on record. Where a process
died over it, the pipeline stops there and crash recovery takes it over, as it did. Owns nothing between two runs.
Leaves to others: whether a record can be run at all, and what its end means (`offline`).
"""

import asyncio
import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar

from magi.core.deliberation import start
from magi.core.ports import Draft
from magi.core.record import Abandoned, Checked, Classified, DeadlinePassed, LabelLowered, LabelRaised
from magi.replay.case import Case
from magi.replay.in_turn import InTurn, LabelledInTurn, Tokens
from magi.replay.replayed_ledger import Inherited, MortalLedger, ReplayedLedger
from magi.replay.turns import DivergedError, Turns
from magi.residency.label import Label
from magi.service.labelled import parts
from magi.service.recover import take_over
from magi.service.run import Request, Run, Tools, deliberate

Each = TypeVar("Each")

MAX_LOOPS = 1_000
"""Turns of the event loop until a run that has begun is known by its name: it takes one."""
KEY = "idempotency"
"""Stands for the caller's idempotency key, of which the record has a keyed digest only."""


async def rerun(case: Case, stall_seconds: float) -> ReplayedLedger:
    """Run the pipeline over a record to its verdict; the ledger that was held against it.

    Raises:
        MissError: a send that no recorded exchange answers.
        DivergedError: something else, or something in another order, or nothing for `stall_seconds`.
        MagiError: the service refuses today what it then did.
    """
    turns = Turns(case.records)
    ledger = ReplayedLedger(case.stream, turns, case.bodies, await _inherited(case), excused=case.excused)
    tools = [_tools(case, turns, MortalLedger(ledger, end), end) for end in turns.lives]
    works = [asyncio.create_task(_pipeline(case, tools[0], turns))]
    for begin, mine in zip(turns.lives, tools[1:], strict=False):
        works.append(asyncio.create_task(_taken_over(case, mine, turns, begin)))
    acts = [asyncio.create_task(_raise(case, tools, turns, place)) for place in case.raises]
    if case.gone is not None:
        acts.append(asyncio.create_task(_leave(turns, case.gone, _of_life(works, turns, case.gone))))
    try:
        await _while_it_moves(works, turns, stall_seconds)
    finally:
        over = [work for work in works if work.done()]
        ledger.over.set()
        for task in (*acts, *works):
            task.cancel()
        await asyncio.gather(*acts, *works, return_exceptions=True)
    for work in over:
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error
    if len(ledger.kept) < len(case.records):
        raise DivergedError(len(ledger.kept), case.records[len(ledger.kept)].kind, "never came")
    return ledger


async def _while_it_moves(works: Sequence[asyncio.Task[None]], turns: Turns, stall_seconds: float) -> None:
    """Wait until one ends: the last with the verdict, any other because something differs; or nothing moves."""
    while not any(work.done() for work in works):
        before = turns.steps
        await asyncio.wait(works, timeout=stall_seconds, return_when=asyncio.FIRST_COMPLETED)
        if turns.steps == before:
            return


def _of_life(works: Sequence[Each], turns: Turns, place: int) -> Each:
    """What runs in the process that wrote the record of a place."""
    return next(work for work, end in zip(works, turns.lives, strict=True) if place < end)


async def _pipeline(case: Case, tools: Tools, turns: Turns) -> None:
    """Steps 1 to 6; from 4 on where files came with the question, which cannot be labelled again."""
    text = case.reply
    if case.from_files:
        run = Run(tools, case.stream, case.question, turns.add, render=lambda *_: text)
        await run.append([Draft(case.opened, {"question": case.question.to_bytes()})])
        await run.to_the_end(*start(case.opened))
        return
    opened = case.opened
    request = Request(
        case.question,
        case.council(),
        label=Label(opened.label).word if opened.declared else None,
        idempotency_key=None if opened.idempotency_hash is None else KEY,
        render=lambda *_: text,
        lowering=opened.lowering,
    )
    await deliberate(tools, request, turns.add)


async def _taken_over(case: Case, tools: Tools, turns: Turns, place: int) -> None:
    """Crash recovery takes the deliberation over at its place in the record."""
    await turns.appended(place)
    await take_over(tools, case.stream, turns.add, go_on=not isinstance(case.records[place].data, Abandoned))


async def _raise(case: Case, tools: Sequence[Tools], turns: Turns, place: int) -> None:
    """A person raises the label at its place in the record.

    What the core does by itself stands in line at once, so a word right before that came while the record before it
    was being written.
    """
    after = case.records[place + 1].data
    await (turns.handed_in(place) if isinstance(after, Classified | Checked) else turns.appended(place))
    live = _of_life(tools, turns, place).live
    for _ in range(MAX_LOOPS):  # the run enters itself right after its first record
        if case.stream in live:
            break
        await asyncio.sleep(0)
    event, actor = case.records[place].data, case.records[place].actor
    if isinstance(event, LabelRaised):
        await live[case.stream](Label(event.after), actor)


async def _leave(turns: Turns, place: int, work: asyncio.Task[None]) -> None:
    """The caller goes at its place in the record, before the service does anything more of itself."""
    await turns.handed_in(place)
    work.cancel()


async def _inherited(case: Case) -> Inherited:
    """What the label came from besides the text: told by the record, never by what is remembered today."""
    opened = case.opened
    declared = Label(opened.label) if opened.declared else case.profile.declared(None)
    found = await case.world.labeller(case.profile).label(parts(case.question), declared, (), opened.cleared)
    short = found.label < opened.label or bool(opened.masked)
    floor = opened.label if case.question.history or short else None
    return Inherited(floor, _lowering(case))


def _lowering(case: Case) -> tuple[int, LabelLowered] | None:
    opened = case.opened
    if opened.lowering is None:
        return None
    text = "\n".join(text for _, text in parts(case.question))
    event = LabelLowered(
        text_hash=_ancestry(case)(_message(text)),
        before=opened.label,
        after=opened.label,
        rules=opened.cleared,
        by=case.records[0].actor,
    )
    return opened.lowering, event


def _ancestry(case: Case) -> Callable[[bytes], str]:
    """Keyed digests without the key: the recorded ones of earlier turns and of the idempotency key."""
    turns = (_message(turn.text) for turn in case.question.history)
    known = dict(zip(turns, case.opened.ancestors, strict=False))
    if case.opened.idempotency_hash is not None:
        known[f"idempotency:{KEY}".encode()] = case.opened.idempotency_hash
    return lambda message: known.get(message) or hashlib.sha256(message).hexdigest()


def _message(text: str) -> bytes:
    """As `Tools.message_digest` takes a text."""
    return unicodedata.normalize("NFC", text).strip().encode()


def _tools(case: Case, turns: Turns, ledger: MortalLedger, end: int) -> Tools:
    """The tools of the process whose life ends at a place."""
    world, models = case.world, InTurn(case, turns, end)
    return Tools(
        tenant=case.opened.tenant,
        owner="replay",
        ledger=ledger,
        models=models,
        cards=world.cards,
        templates=world.templates,
        profile=case.profile,
        residency=LabelledInTurn(world.labeller(case.profile), models, turns, 2 if case.opened.masked else 1),
        code=world.code,
        lock=world.lock,
        clock=turns,
        entropy=Tokens(case.stream),
        ancestry=_ancestry(case),
        check_callable=lambda _council, _cards: None,
        wait=lambda name, _seconds: _deadline(turns, name, end),
        announces=False,
        terms=lambda _request: case.opened.arbitration,
    )


async def _deadline(turns: Turns, name: str, end: int) -> None:
    """A deadline passes where it passed; one that did not pass never does."""
    place = turns.take(DeadlinePassed.kind, name, until=end)
    await (turns.never() if place is None else turns.handed_in(place))
