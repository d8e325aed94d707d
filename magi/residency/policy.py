"""Which backend may see a text of which label: one small pure function, deny by default, every reason.

Backend classes (read from the card's backend record, never from a host name):

- A: closed network, operated by the organisation itself or under a negotiated contract in Japan by a Japanese
  operator, weights pinned by hash;
- B: Japanese operator and host, negotiated contract, no training, no retention, ISMAP or government cloud;
- C: foreign operator, law or subprocessor; inference in Japan claimed and proven, ISMAP or government cloud, no
  training;
- D: any other backend whose operator is known;
- E: operator, parent, host or subprocessor under the jurisdiction of the PRC, or anything about the operator's place
  unknown.

A and B admit no subprocessor abroad, and no class above D one whose country nobody knows. A card that its own
endpoint contradicts is denied everything. Weights lineage never widens a route. Unknown, missing or stale facts deny.
Leaves to others: detectors, the bias gate (`bias`), the tables (`profile`, `profiles/*.toml`).
"""

import datetime
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

from magi.core.card import UNKNOWN, Backend, Card, host_of
from magi.residency.bias import bias_reasons
from magi.residency.conditions import certified, fresh, unmet, unproven
from magi.residency.contradictions import contradictions
from magi.residency.label import Label
from magi.residency.laws import JAPAN, PRC, undeclared, under_prc, unlisted
from magi.residency.profile import BackendClass, Profile, parse_profile

__all__ = [
    "JAPAN",
    "NO_TOPICS",
    "PRC",
    "BackendClass",
    "Profile",
    "Ruling",
    "admit",
    "backend_class",
    "is_foreign",
    "on_loopback",
    "parse_profile",
]

NO_TOPICS: frozenset[str] = frozenset()
"""Of a text that no topic rule touched."""


@dataclass(frozen=True)
class Ruling:
    """The word of two gates on one card: every reason (code) for a no; none at either gate is a yes."""

    residency: tuple[str, ...] = ()
    bias: tuple[str, ...] = ()

    @property
    def admitted(self) -> bool:
        """Whether both gates are open."""
        return not self.residency and not self.bias

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of both gates, residency first."""
        return self.residency + self.bias


def admit(label: int, card: Card, profile: Profile, topics: Collection[str], today: datetime.date) -> Ruling:
    """May this card's backend see a text of this label and these topics, under this profile, on this day?

    The label is taken as it is: what a topic raises it to (`Profile.raised_by`) is the labeller's to join. A step
    outside the ladder, a label the profile does not name, or an evidence date in the future denies.
    """
    bias = bias_reasons(card, profile, topics)
    if label not in set(Label):
        return Ruling(("label_unknown",), bias)
    step = Label(label)
    reasons = list(contradictions(card))
    found = backend_class(card, profile, today)
    if not profile.opens(step, found):
        reasons.append(f"class_{found.lower()}_not_for_{step.word}")
        reasons += _why_not_domestic(card, profile, today)
    reasons += [
        f"condition_{name}" for name in unmet(profile.conditions_on(step, found), card, profile, today)
    ]
    if not profile.allows_zone(step, card.backend.zone):
        reasons.append("zone_not_allowed")
    if step > Label.PUBLIC:
        reasons += _not_above_public(card, profile, today)
    if step >= Label.SPECIFIC_PERSONAL and card.backend.zone != "mynumber":
        reasons.append("zone_not_mynumber")
    return Ruling(tuple(dict.fromkeys(reasons)), bias)


def is_foreign(card: Card) -> bool:
    """Whether host, scope, operator, its parent, a subprocessor, or the law over it is anything but Japanese.

    An unknown place is foreign; a subprocessor of unknown country alone is not, but keeps the card to public text.
    """
    backend = card.backend
    places = (backend.host_country, backend.provider_country, backend.parent_country, backend.inference_scope)
    abroad = _hands(backend) - {JAPAN, UNKNOWN}
    return any(place != JAPAN for place in places) or bool(backend.exposed_law or abroad)


def on_loopback(card: Card) -> bool:
    """Whether the card's only address is a loopback one (a stand-in, or a model on this machine)."""
    host = host_of(card.endpoint.base_url)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def backend_class(card: Card, profile: Profile, today: datetime.date) -> BackendClass:
    """The class of a backend on a day; ISMAP evidence and proofs past the profile's age count as none."""
    backend = card.backend
    places = (backend.provider_country, backend.parent_country, backend.host_country, backend.inference_scope)
    if under_prc(card) or UNKNOWN in places:
        return "E"
    if UNKNOWN in _hands(backend):
        return "D"
    in_japan = backend.host_country == JAPAN and backend.inference_scope == JAPAN
    keeps_nothing = backend.trains_on_input is False
    listed = certified(card, profile, today)
    if is_foreign(card):
        pinned = in_japan and listed and keeps_nothing and not unproven(card, profile, today)
        return "C" if pinned else "D"
    agreed = backend.contract in ("own", "negotiated")
    if backend.closed_network is True and agreed and _weights_pinned(backend) and keeps_nothing:
        return "A"
    no_traces = backend.retention_days == 0 and backend.human_review is False
    return "B" if agreed and keeps_nothing and no_traces and listed else "D"


def _not_above_public(card: Card, profile: Profile, today: datetime.date) -> list[str]:
    """What keeps any card from all but public text: evidence that is not fresh, and laws that nobody answers for."""
    facts = {
        "evidence_stale": not fresh(card.backend.checked_on, profile, today),
        "law_undeclared": bool(undeclared(card, today)),
        "law_unlisted": bool(unlisted(card)),
    }
    return [name for name, holds in facts.items() if holds]


def _why_not_domestic(card: Card, profile: Profile, today: datetime.date) -> list[str]:
    """The single facts that keep a backend out of classes A, B and C, for the person who reads the refusal."""
    backend, hands = card.backend, _hands(card.backend)
    in_japan = backend.host_country == JAPAN and backend.inference_scope == JAPAN
    facts = {
        "prc_jurisdiction": under_prc(card),
        "host_not_japan": backend.host_country != JAPAN,
        "inference_not_japan": backend.inference_scope != JAPAN,
        "operator_not_japan": backend.provider_country != JAPAN,
        "parent_not_japan": backend.parent_country != JAPAN,
        "foreign_law": bool(backend.exposed_law),
        "subprocessor_abroad": bool(hands - {JAPAN, UNKNOWN}),
        "subprocessors_unknown": UNKNOWN in hands,
        "contract_terms": backend.contract not in ("own", "negotiated"),
        "may_train_on_input": backend.trains_on_input is not False,
        "retention": backend.retention_days != 0,
        "human_review": backend.human_review is not False,
        "not_certified": not certified(card, profile, today),
        "weights_not_pinned": backend.closed_network is True and not _weights_pinned(backend),
    }
    unseen = unproven(card, profile, today) if is_foreign(card) and in_japan else ()
    return [name for name, holds in facts.items() if holds] + [f"not_proven_{fact}" for fact in unseen]


def _weights_pinned(backend: Backend) -> bool:
    return backend.weights_sha not in ("none", UNKNOWN)


def _hands(backend: Backend) -> set[str]:
    """The countries of the subprocessors; a name without a country, and an unknown list, are unknown."""
    if isinstance(backend.subprocessors, str):
        return {UNKNOWN}
    return {UNKNOWN if isinstance(hand, str) else hand.country for hand in backend.subprocessors}
