"""One recorded deliberation on a question with gold: what each seat and the council said, and what it cost.

A seat counts with its first, blind answer: what it says after a rebuttal is the council's doing. A seat that was
asked and gave no answer that can be read (failure, refusal, abstention, time) is there with None; one that was not
asked (barred by the label, resting, spared by an early stop) is not there at all.

Promises: pure; only records are read, and for open text the `words` that the caller opened. Leaves to others: whether
it is right (`magi.evaluation.gold`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from magi.core.decided import Decided
from magi.core.record import Answered, Opened, Record, Ticketed
from magi.evaluation.asked_rows import AskedRow, Given
from magi.evaluation.gold import Item, is_right

REPLY = "reply"
"""Among `words`, the text that the caller was given."""
UNASKED = frozenset({"not_admitted", "not_asked", "rested"})
OUTSIDE_IDS = ">=+"
"""What joins options in a ballot that ranks or approves; no option id holds any."""


@dataclass(frozen=True)
class Heard:
    """What was said in one deliberation; `answers` and `second` by seat, ballots or (open text) words.

    `tokens` are of all stages by seat, `alone` of the first answers.
    """

    stream: str
    verdict: Decided
    answers: Mapping[str, str | None]
    second: Mapping[str, str | None]
    cards: Mapping[str, str]
    decision: str | None
    origin: str
    calls: int
    saved: int
    tokens: Mapping[str, tuple[int, int]]
    alone: Mapping[str, tuple[int, int]]


def heard(records: Sequence[Record], words: Mapping[str, str]) -> Heard | None:
    """Read a whole stream; `words` has the answer of every ask in an open space. None without a verdict."""
    events = [record.data for record in records]
    opened = next((event for event in events if isinstance(event, Opened)), None)
    verdict = next((event for event in events if isinstance(event, Decided)), None)
    if opened is None or verdict is None:
        return None
    said = [event for event in events if isinstance(event, Answered)]
    kind = opened.space.kind
    first = {each.seat: _ballot(each, kind, words) for each in said if each.stage == "answer"}
    asked = [report for report in verdict.seats if report.said not in UNASKED]
    origins = {report.origin for report in verdict.seats}
    return Heard(
        stream=records[0].stream,
        verdict=verdict,
        answers={report.seat: first.get(report.seat) for report in asked},
        second={each.seat: _ballot(each, kind, words) for each in said if each.stage == "rebuttal"},
        cards={each.seat: each.card for each in said if each.stage == "answer"},
        decision=_decision(verdict, kind, words),
        origin="scripted" if "scripted" in origins else "recorded" if "recorded" in origins else "live",
        calls=sum(isinstance(event, Ticketed) for event in events),
        saved=sum(report.said == "not_asked" for report in verdict.seats),
        tokens=_tokens(said),
        alone=_tokens([each for each in said if each.stage == "answer"]),
    )


def row_of(item: Item, found: Heard, models: Mapping[str, str]) -> AskedRow:
    """The row of an evaluation; `models` gives the model and version of each card."""
    verdict = found.verdict
    return AskedRow(
        id=item.id,
        category=item.category,
        gold=item.gold,
        n_options=len(item.question.options),
        answers=found.answers,
        correct={seat: is_right(item, answer) for seat, answer in found.answers.items()},
        council=Given(
            outcome=verdict.outcome,
            answer=found.decision,
            right=is_right(item, found.decision),
            confidence_bp=verdict.confidence_bp,
            flags=verdict.flags,
            deliberation=found.stream.removeprefix("d/"),
        ),
        models={seat: models.get(card, card) for seat, card in found.cards.items()},
        origin=found.origin,
        calls=found.calls,
        saved=found.saved,
        tokens=found.tokens,
        alone=found.alone,
        rebuttal={
            seat: (is_right(item, found.answers.get(seat)), is_right(item, after))
            for seat, after in found.second.items()
        },
    )


def _ballot(answered: Answered, kind: str, words: Mapping[str, str]) -> str | None:
    if answered.statement != "answer" or answered.ballot is None:
        return None
    if kind == "open":
        return words.get(answered.ask)
    return first_preference(answered.ballot) if kind == "choice" else answered.ballot


def first_preference(ballot: str) -> str | None:
    """The one option that a ballot puts first, of whatever rule; None where it puts none or several there."""
    top = ballot.split(">", 1)[0]
    return None if top == "-" or any(sign in top for sign in OUTSIDE_IDS) else top


def _decision(verdict: Decided, kind: str, words: Mapping[str, str]) -> str | None:
    if kind != "open":
        return verdict.answer_class
    return words.get(verdict.attributed) if verdict.attributed else words.get(REPLY)


def _tokens(said: Sequence[Answered]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for each in said:
        if each.tokens is not None:
            prompt, completion = found.get(each.seat, (0, 0))
            found[each.seat] = (prompt + each.tokens.prompt, completion + each.tokens.completion)
    return found
