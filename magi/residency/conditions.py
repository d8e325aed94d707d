"""What a profile may ask of a backend beyond its class, and the facts that only a proof can show.

Pure predicates over a card on a day. Evidence of any kind counts while it is at most the profile's age, and never
from a day to come. Leaves to others: which conditions a label asks (`profile`), the class (`policy`).
"""

import datetime
import re
from collections.abc import Callable, Mapping

from magi.core.card import Card, Ismap, host_of
from magi.residency.laws import JAPAN
from magi.residency.profile import Condition, Profile

MAX_RETENTION_DAYS = 30
"""The longest abuse-monitoring log that providers commonly keep."""

IN_GEOGRAPHY = frozenset({"Standard", "Provisioned", "ProvisionedManaged"})
"""Azure deployment SKUs whose inference stays in the resource's geography (learn.microsoft, deployment types)."""

PROOFS: tuple[tuple[str, re.Pattern[str], frozenset[str]], ...] = (
    ("inference_scope", re.compile(r".*"), frozenset({JAPAN})),
    (
        "deployment_sku",
        re.compile(r".+\.(?:openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)"),
        IN_GEOGRAPHY,
    ),
    ("project_region", re.compile(r"jp\.api\.openai\.com"), frozenset({JAPAN})),
)
"""Facts to be proven of a foreign operator's backend in Japan: the fact, at which hosts, and the values that do."""


def fresh(day: str, profile: Profile, today: datetime.date) -> bool:
    """Whether evidence of that day counts today: not from the future, and no older than the profile allows."""
    age = today - datetime.date.fromisoformat(day)
    return datetime.timedelta(0) <= age <= datetime.timedelta(days=profile.evidence_days)


def certified(card: Card, profile: Profile, today: datetime.date) -> bool:
    """Government cloud, or a registration in the ISMAP list that somebody looked up lately."""
    backend = card.backend
    listed = isinstance(backend.ismap, Ismap) and fresh(backend.ismap.checked_on, profile, today)
    return backend.gov_cloud is True or listed


def unproven(card: Card, profile: Profile, today: datetime.date) -> tuple[str, ...]:
    """The facts that a foreign operator's backend would have to prove to count as inference in Japan, and did not."""
    host = host_of(card.endpoint.base_url).strip(".")
    return tuple(
        fact
        for fact, hosts, values in PROOFS
        if hosts.fullmatch(host)
        and not any(
            proof.fact == fact and proof.value in values and fresh(proof.day, profile, today)
            for proof in card.proofs
        )
    )


def unmet(
    conditions: tuple[Condition, ...], card: Card, profile: Profile, today: datetime.date
) -> tuple[str, ...]:
    """The conditions that a card does not meet on a day, in the order given."""
    return tuple(name for name in conditions if not _MET[name](card, profile, today))


def _recorded(name: str) -> Callable[[Card, Profile, datetime.date], bool]:
    def met(card: Card, profile: Profile, today: datetime.date) -> bool:
        day = card.backend.recorded.get(name)
        return day is not None and fresh(day, profile, today)

    return met


def _kept_at_most(days: int) -> Callable[[Card, Profile, datetime.date], bool]:
    def met(card: Card, profile: Profile, today: datetime.date) -> bool:
        del profile, today
        kept = card.backend.retention_days
        return not isinstance(kept, str) and kept <= days

    return met


_MET: Mapping[Condition, Callable[[Card, Profile, datetime.date], bool]] = {
    "certified": certified,
    "no_training": lambda card, _profile, _today: card.backend.trains_on_input is False,
    "retention_30": _kept_at_most(MAX_RETENTION_DAYS),
    "retention_0": _kept_at_most(0),
    "no_human_review": lambda card, _profile, _today: card.backend.human_review is False,
    "inference_proven": lambda card, profile, today: not unproven(card, profile, today),
    "entrustment": _recorded("entrustment"),
    "external_environment": _recorded("external_environment"),
}
