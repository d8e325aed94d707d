"""Asks a council every question of a data set through the batch machinery, and reads from the records what was said.

Each pass over the questions is a batch with a name of its own: `name` for the questions, `name/again-2`, ... for the
baseline, `name/order` for other orders of the options. The ledger is the only memory: the same command after a kill
finds every answer that was recorded, and asks the rest.

Promises: gold is never part of what is asked; a question that the service refuses is counted by reason, never quoted.
Leaves to others: what the answers amount to (`magi.evaluation`).
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from magi.core.card import Card
from magi.core.council import Council
from magi.core.decided import Decided
from magi.core.record import Answered, Opened, Record
from magi.evaluation.asked_rows import COUNCIL, AskedRow, Same
from magi.evaluation.gold import Item
from magi.evaluation.heard import REPLY, Heard, heard, row_of
from magi.evaluation.reorder import drawn, reordered, same_text
from magi.evaluation.repeats import again
from magi.jobs.batch import Ends, Progress, run_batch
from magi.jobs.ground import ground
from magi.jobs.rows import BadRow, Row
from magi.service.reply import read_statement, reply_text
from magi.service.run import Tools

WHO = "magi"
WHY = "evaluation"
"""Under these the reading of an open answer's text stands in the access log."""
LEAST_ASKS = 2

Told = Callable[[str, Progress, int], None]
"""Called after each row: the name of the pass, its progress, how many rows it has; it must not block."""


@dataclass(frozen=True)
class Asking:
    """Whom to ask, and how: `asks` times in all, `orders` of the choice questions once more in another order.

    `asks` None means as often as the council made calls for a question, on the mean: seats that the label kept out or
    an early stop spared make them fewer, second ballots, reviews and repeated sends more.
    """

    council: Council
    cards: Mapping[str, Card]
    label: str | None
    name: str
    rehearsal: bool
    asks: int | None
    orders: int


@dataclass
class Refused:
    """Questions that the service did not take, by reason; owned by one command."""

    kinds: Counter[str] = field(default_factory=Counter)


@dataclass
class _Streams:
    """A sink that keeps of each answered row where it is recorded. Owned by one pass."""

    found: dict[str, str] = field(default_factory=dict)

    def write(self, line: bytes) -> None:
        """Take one line."""
        row = json.loads(line)
        self.found[row["id"]] = f"d/{row['deliberation']}"


class _Nowhere:
    """A sink for refusals, which are counted as they come."""

    def write(self, line: bytes) -> None:
        """Drop one line."""


async def ask_all(
    tools: Tools, asking: Asking, items: Sequence[Item], stop: asyncio.Event, told: Told
) -> tuple[tuple[AskedRow, ...], Refused] | None:
    """Every question, the baseline and the other orders; None when `stop` came before the end.

    A question that was refused has no row. Raises what `run_batch` raises; the same call goes on later.
    """
    refused = Refused()
    first = await _pass(tools, asking, asking.name, items, (stop, told, refused))
    if first is None:
        return None
    runs: list[Mapping[str, Heard]] = [first]
    unheard = Refused()
    asks = asking.asks or _as_many(first)
    for number in range(2, asks + 1):
        more = await _pass(tools, asking, f"{asking.name}/again-{number}", items, (stop, told, unheard))
        if more is None:
            return None
        runs.append(more)
    chosen = drawn([item for item in items if item.id in first], asking.orders)
    moved = {item.id: reordered(item) for item in chosen}
    orders: Mapping[str, Heard] = {}
    if moved:
        found = await _pass(
            tools, asking, f"{asking.name}/order", list(moved.values()), (stop, told, unheard)
        )
        if found is None:
            return None
        orders = found
    rows = []
    for item in items:
        if item.id in first:
            row = row_of(item, first[item.id], models_of(asking.cards))
            heard_again = [run[item.id].answers for run in runs if item.id in run]
            repeated = again(item, heard_again) if len(heard_again) == len(runs) > 1 else {}
            same = _same(item, moved[item.id], first[item.id], orders[item.id]) if item.id in orders else {}
            rows.append(replace(row, again=repeated, reordered=same))
    return tuple(rows), refused


def _as_many(first: Mapping[str, Heard]) -> int:
    """The calls of a question on the mean, to the nearest whole number; once is no repetition."""
    calls = sum(said.calls for said in first.values())
    return max(LEAST_ASKS, round(Fraction(calls, max(len(first), 1))))


def models_of(cards: Mapping[str, Card]) -> dict[str, str]:
    """Each card's id with the version of its model, the names of the axes."""
    return {name: f"{name} {card.model.version}" for name, card in cards.items()}


async def _pass(
    tools: Tools,
    asking: Asking,
    name: str,
    items: Sequence[Item],
    ends: tuple[asyncio.Event, Told, Refused],
) -> dict[str, Heard] | None:
    """One batch over the items; what was said, by id; None when it was stopped."""
    stop, told, refused = ends
    streams = _Streams()

    def watch(progress: Progress, bad: BadRow | None) -> None:
        if bad is not None:
            refused.kinds[bad.error.reason or bad.error.code] += 1
        told(name, progress, len(items))

    rows = (Row(item.line, item.line, item.id, item.question, asking.label) for item in items)
    stands_on = ground(tools, asking.council, asking.cards, name, rehearsal=asking.rehearsal)
    done = await run_batch(tools, stands_on, rows, Ends(streams, _Nowhere(), watch), stop)
    if not done.complete:
        return None
    found = {}
    for item in items:
        if item.id in streams.found:
            records = await tools.ledger.read(streams.found[item.id])
            said = heard(records, await _words(tools, records))
            if said is not None:
                found[item.id] = said
    return found


async def _words(tools: Tools, records: Sequence[Record]) -> dict[str, str]:
    """In an open space the answer of every ask, and the reply: only there a text is read to compare it with gold."""
    if not any(isinstance(each.data, Opened) and each.data.space.kind == "open" for each in records):
        return {}
    words = {}
    for record in records:
        if isinstance(record.data, Answered) and (ref := record.ref("answer")):
            words[record.data.ask] = read_statement(await tools.ledger.body(ref, WHO, WHY)).answer
        if isinstance(record.data, Decided) and (ref := record.ref("reply")):
            words[REPLY] = reply_text(await tools.ledger.body(ref, WHO, WHY))
    return words


def _same(item: Item, moved: Item, first: Heard, second: Heard) -> dict[str, Same]:
    """For every seat that was asked both times, and the council, whether it named the same text."""
    before, after = item.question.options, moved.question.options
    found = {
        seat: same_text(before, answer, after, second.answers[seat])
        for seat, answer in first.answers.items()
        if seat in second.answers
    }
    return {**found, COUNCIL: same_text(before, first.decision, after, second.decision)}
