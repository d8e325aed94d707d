"""The file of battery results: one entry a card, JSON, replaced as a whole.

An entry holds while the card's digest and the battery's stay what they were, and only if it was measured live.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from magi.core.card import Card, problems_of
from magi.core.errors import MalformedFileError
from magi.evaluation.battery import LIVE, CardFinding, TopicScore

FORMAT = 1
MAX_BYTES = 50_000_000
"""A thousand cards take a few megabytes; what is larger is another file."""


@dataclass(frozen=True)
class CardResult:
    """What one card came to, and by what: card and battery by digest, the model's version, the day in Japan."""

    card: str
    card_digest: str
    version: str
    maker: str
    country: str
    battery: str
    date: str
    origin: str
    topics: tuple[TopicScore, ...]

    def is_of(self, card: Card, battery_digest: str) -> bool:
        """Whether it was measured live on this very card with these very questions."""
        return self.origin == LIVE and self.card_digest == card.digest and self.battery == battery_digest

    def plain(self) -> dict[str, object]:
        """The entry as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """A card whose model's version is not the one that was measured before."""

    card: str
    before: str
    after: str

    def plain(self) -> dict[str, str]:
        """The change as plain JSON values."""
        return {"card": self.card, "before": self.before, "after": self.after}


def result(found: CardFinding, card: Card, battery_digest: str, date: str) -> CardResult:
    """A card's finding as an entry of the file."""
    return CardResult(
        card=found.card,
        card_digest=card.digest,
        version=card.model.version,
        maker=card.model.developer,
        country=card.model.developer_country,
        battery=battery_digest,
        date=date,
        origin=found.origin,
        topics=found.topics,
    )


def merged(known: Mapping[str, CardResult], new: Sequence[CardResult]) -> dict[str, CardResult]:
    """The known entries with the new ones; what was not measured live never replaces what was."""
    fresh = {
        each.card: each
        for each in new
        if each.origin == LIVE or each.card not in known or known[each.card].origin != LIVE
    }
    return {**known, **fresh}


def read(path: Path) -> Mapping[str, CardResult]:
    """The entries by card; none where there is no file yet.

    Raises:
        MalformedFileError: unreadable, too large, not what `write` wrote.
    """
    try:
        if not path.exists():
            return {}
        if path.stat().st_size > MAX_BYTES:
            raise MalformedFileError("bias_results", file=str(path), problems=("size",))
        rows = json.loads(path.read_text(encoding="utf-8"))["cards"]
        entries = TypeAdapter(tuple[CardResult, ...]).validate_python(rows)
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error
    except ValidationError as error:
        raise MalformedFileError("bias_results", file=str(path), problems=problems_of(error)) from None
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedFileError("bias_results", file=str(path), problems=("JSON",)) from error
    return {entry.card: entry for entry in entries}


def write(path: Path, battery_digest: str, entries: Mapping[str, CardResult]) -> None:
    """Replace the file as a whole; a reader sees the old one or the new one.

    Raises:
        MalformedFileError: unwritable.
    """
    rows = [entries[name].plain() for name in sorted(entries)]
    text = json.dumps(
        {"format": FORMAT, "battery": battery_digest, "cards": rows}, ensure_ascii=False, indent=2
    )
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise MalformedFileError("unwritable", file=str(path), problems=(error.strerror or "",)) from error
