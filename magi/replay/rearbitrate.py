"""Re-arbitration: feed a stream's records to the core again and compare verdict bytes.

Needs no keys and no bodies: ballots and classes stand in the records. Leaves to others: whether the stored
bytes are the ones that were written (`magi.ledger.verify`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from magi.core.deliberation import Decide, feed
from magi.core.record import (
    Answered,
    Classified,
    DeadlinePassed,
    Decided,
    Event,
    Opened,
    Record,
    Refused,
)

MOVES = (Answered, Classified, DeadlinePassed)
"""What moves the core. Cancellations do too, but those that the core asks for follow its decision; and a label may
rise with the last answer or after the verdict, which changes who may see it and never what was decided."""


@dataclass(frozen=True)
class Rearbitrated:
    """One stream replayed. `recorded` and `recomputed` are verdict bytes (RFC 8785).

    `result`: same; different; open (no verdict was recorded yet); refused (the planner refused it, there was
    nothing to decide); malformed (no intent at its head, a second verdict, something said after the core had
    decided, or a verdict that the core does not reach from the records before it).
    """

    stream: str
    result: Literal["same", "different", "open", "refused", "malformed"]
    outcome: str | None
    recorded: bytes | None
    recomputed: bytes | None


def rearbitrate(stream: str, records: Sequence[Record]) -> Rearbitrated:
    """Replay the records of one deliberation stream, in order."""
    events = [record.data for record in records]
    if not events or not isinstance(events[0], Opened):
        refused = bool(events) and all(isinstance(event, Refused) for event in events)
        return Rearbitrated(stream, "refused" if refused else "malformed", None, None, None)
    verdicts = [event for event in events if isinstance(event, Decided)]
    if not verdicts:
        return Rearbitrated(stream, "open", None, None, None)
    recorded = verdicts[0].to_bytes()
    before, after = _around(events, verdicts[0])
    decisions = [effect.verdict for effect in feed(before)[1] if isinstance(effect, Decide)]
    if len(verdicts) != 1 or len(decisions) != 1 or _said_too_late(before, after):
        return Rearbitrated(stream, "malformed", verdicts[0].outcome, recorded, None)
    recomputed = decisions[0].to_bytes()
    result: Literal["same", "different"] = "same" if recomputed == recorded else "different"
    return Rearbitrated(stream, result, verdicts[0].outcome, recorded, recomputed)


def _around(events: Sequence[Event], verdict: Decided) -> tuple[Sequence[Event], Sequence[Event]]:
    place = events.index(verdict)
    return events[:place], events[place + 1 :]


def _said_too_late(before: Sequence[Event], after: Sequence[Event]) -> bool:
    """Whether the core had decided before the last event that could have moved it was recorded."""
    last = max((place for place, event in enumerate(before) if isinstance(event, MOVES)), default=0)
    early = last > 0 and feed(before[:last])[0].phase == "decided"
    return early or any(isinstance(event, MOVES) for event in after)
