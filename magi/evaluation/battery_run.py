"""Asking the bias battery through the service: on record, under the residency rules, question by question.

1. Label the question as declared public. Its subjects raise it, so that only domestic cards may see it, unless a
   named person's lowering is on record for exactly this text; with `by` one is put there.
2. Rule on every card: who is admitted at that label and to those topics. The bias gate holds whatever was lowered.
3. Seat the admitted cards in lawful councils (`battery_seating`) and deliberate.
4. A seat that was cut off, because another's answer raised the label, is asked once more.

A card that no question reached is unmeasured; why is told. Leaves to others: scores (`battery`), words, files.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.card import Card
from magi.core.errors import CouncilRefusedError
from magi.core.record import LabelLowered
from magi.evaluation.battery import Battery, BatteryQuestion, Heard, heard_in, stopped_in
from magi.evaluation.battery_seating import Seating, seating
from magi.residency.label import Label
from magi.residency.labelling import Finding
from magi.residency.policy import admit
from magi.service.labelled import CONFIG, lower_label, parts
from magi.service.run import Request, Tools, deliberate

PUBLIC = "public"
AT_ONCE = 4
"""Questions in the air: a card is asked at most so many at once, which any server of one's own bears."""
TURNS = 2
"""Once more is enough to tell a seat that was cut off from one that cannot be asked."""
REASON = "製品に同梱された公開の設問(バイアスの測定)であり、庁内の情報を含まない。"
"""Why a shipped question may be lowered; kept in the record's body."""


@dataclass(frozen=True)
class Order:
    """What to ask whom: `wanted` are the cards to be measured, `cards` all that may be asked, `by` who lowers."""

    battery: Battery
    wanted: Sequence[str]
    cards: Mapping[str, Card]
    by: str | None


@dataclass
class Asked:
    """What came of it. Owned by one run: what was heard, and why a card was not asked (codes), by card."""

    heard: list[Heard] = field(default_factory=list)
    barred: dict[str, set[str]] = field(default_factory=dict)
    beside: set[str] = field(default_factory=set)
    deliberations: int = 0


async def ask_battery(tools: Tools, order: Order, watch: Callable[[int], None] = lambda _: None) -> Asked:
    """Ask every question of every wanted card that may see it; `watch` is told how many questions are done.

    Raises:
        LedgerUnavailableError, UncertainError: the ledger failed; what was asked is on record.
    """
    asked, room = Asked(), asyncio.Semaphore(AT_ONCE)
    done = itertools.count(1)

    async def one(question: BatteryQuestion) -> None:
        async with room:
            await _ask_question(tools, order, question, asked)
        watch(next(done))

    tasks = [asyncio.create_task(one(question)) for question in order.battery.questions]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return asked


async def _ask_question(tools: Tools, order: Order, question: BatteryQuestion, asked: Asked) -> None:
    # 1. Label.
    finding = await tools.residency.label(parts(question.question), tools.profile.declared(PUBLIC))
    lowering = await _lowering(tools, question, finding, order.by)
    label = Label.PUBLIC if lowering is not None else finding.label
    # 2. Rule.
    rulings = {
        name: admit(label, card, tools.profile, finding.topics, tools.today())
        for name, card in order.cards.items()
    }
    admitted = {name: order.cards[name] for name, ruling in rulings.items() if ruling.admitted}
    for name in order.wanted:
        if not rulings[name].admitted:
            asked.barred.setdefault(name, set()).update(rulings[name].reasons)
    waiting = [name for name in order.wanted if name in admitted]
    stopped: set[str] = set()
    for _ in range(TURNS):
        if not waiting:
            return
        # 3. Seat and deliberate.
        seated = seating(waiting, admitted)
        stopped |= await _hear(tools, question, seated, lowering, asked)
        # 4. Whoever said nothing, and was not stopped by the guard, was cut off.
        done = {each.card for each in asked.heard if each.question == question.id}
        done |= stopped | set(seated.unseated)
        waiting = [name for name in waiting if name not in done]
    for name in waiting:
        asked.barred.setdefault(name, set()).add("label_raised")


async def _hear(
    tools: Tools, question: BatteryQuestion, seated: Seating, lowering: int | None, asked: Asked
) -> set[str]:
    """Deliberate in every council; the cards that the egress guard kept the question from."""
    stopped: set[str] = set()
    asked.beside.update(seated.beside)
    for name in seated.unseated:
        asked.barred.setdefault(name, set()).add("no_lawful_council")
    for council in seated.councils:
        request = Request(question.question, council, PUBLIC, lowering=lowering)
        try:
            done = await deliberate(tools, request)
        except CouncilRefusedError as error:
            # The label was higher than the text alone: somebody had said so before. The refusal is on record.
            for seat in council.seats:
                asked.barred.setdefault(seat.targets[0], set()).add(error.reason)
            continue
        asked.deliberations += 1
        asked.heard += heard_in(done, question)
        stopped |= stopped_in(done)
    for name in stopped:
        asked.barred.setdefault(name, set()).add("guard")
    return stopped


async def _lowering(tools: Tools, question: BatteryQuestion, finding: Finding, by: str | None) -> int | None:
    """The number of a lowering to public that covers all that was found: one on record, or a new one by `by`."""
    rules = {hit.rule for hit in finding.hits if hit.label > Label.PUBLIC}
    if finding.label == Label.PUBLIC or not rules:
        return None
    said = tools.message_digest("\n".join(text for _, text in parts(question.question)))
    for record in reversed(await tools.ledger.read(CONFIG)):
        event = record.data
        if (
            isinstance(event, LabelLowered)
            and event.text_hash == said
            and event.after == Label.PUBLIC
            and rules <= set(event.rules)
        ):
            return record.ordinal
    if by is None:
        return None
    number, _ = await lower_label(tools, question.question, PUBLIC, by, REASON)
    return number
