"""Which backend may see a text of which label: one small pure function, deny by default, every reason.

Backend classes (read from the card's backend record, never from a host name):

- A: closed network, operated by the organisation itself or under a negotiated contract in Japan by a Japanese
  operator, weights pinned by hash;
- B: Japanese operator and host, negotiated contract, no training, no retention, ISMAP or government cloud;
- C: foreign operator or foreign law, inference pinned to Japan, ISMAP or government cloud, no training;
- D: any other backend whose operator is known;
- E: operator under the jurisdiction of the PRC, or anything about the operator's place unknown.

Weights lineage never widens a route. Unknown, missing or stale facts deny. Leaves to others: detectors and
topics (bias gate), the table itself (`profiles/*.toml`).
"""

import datetime
import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from magi.core.canonical import canonical, digest
from magi.core.card import UNKNOWN, Backend, Card, Day, Ismap, host_of, lists_to_tuples, problems_of
from magi.core.errors import MalformedFileError
from magi.core.frozen import Frozen
from magi.residency.label import Label

BackendClass = Literal["A", "B", "C", "D", "E"]
JAPAN = "JP"
PRC = "CN"


class Profile(Frozen):
    """A dated routing table: which backend classes each label admits."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: str
    effective_from: Day
    evidence_days: Annotated[int, Field(ge=1, le=366)]
    admits: Mapping[str, tuple[BackendClass, ...]]

    @property
    def version(self) -> str:
        """Name, date and digest: what the manifest keeps."""
        table = digest(canonical(self.model_dump(mode="json")))
        return f"{self.name}/{self.effective_from}/sha256:{table}"


def parse_profile(table: Mapping[str, object], file: str) -> Profile:
    """Parse a profile; every label must be named.

    Raises:
        MalformedFileError: unknown or missing keys, or a label without a line.
    """
    try:
        profile = Profile.model_validate(lists_to_tuples(table))
    except ValidationError as error:
        raise MalformedFileError("keys", file=file, problems=problems_of(error)) from None
    words = {label.word for label in Label}
    if set(profile.admits) != words:
        wrong = tuple(f"admits.{word}" for word in sorted(set(profile.admits) ^ words))
        raise MalformedFileError("keys", file=file, problems=wrong)
    return profile


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

    A step outside the ladder, a label the profile does not name, or an evidence date in the future denies.
    """
    reasons: list[str] = []
    if label not in set(Label):
        return Ruling(residency=("label_unknown",))
    word = Label(label).word
    found = backend_class(card, profile, today)
    if found not in profile.admits.get(word, ()):
        reasons.append(f"class_{found.lower()}_not_for_{word}")
        reasons += _why_not_domestic(card.backend, profile, today)
    if label > Label.PUBLIC and not _fresh(card.backend.checked_on, profile, today):
        reasons.append("evidence_stale")
    if label >= Label.SPECIFIC_PERSONAL and card.backend.zone != "mynumber":
        reasons.append("zone_not_mynumber")
    if is_foreign(card) and not on_loopback(card):
        reasons.append("foreign_beyond_loopback")
    del topics  # the bias gate joins here
    return Ruling(residency=tuple(dict.fromkeys(reasons)))


def is_foreign(card: Card) -> bool:
    """Whether host, scope, operator, its parent, or the law over it is anything but Japanese, or unknown."""
    backend = card.backend
    places = (backend.host_country, backend.provider_country, backend.parent_country, backend.inference_scope)
    return any(place != JAPAN for place in places) or bool(backend.exposed_law)


def on_loopback(card: Card) -> bool:
    """Whether the card's only address is a loopback one (a stand-in, or a model on this machine)."""
    host = host_of(card.endpoint.base_url)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def backend_class(card: Card, profile: Profile, today: datetime.date) -> BackendClass:
    """The class of a backend on a day; ISMAP evidence past the profile's age counts as none."""
    backend = card.backend
    places = (backend.provider_country, backend.parent_country, backend.host_country)
    if PRC in places or UNKNOWN in (*places, backend.inference_scope):
        return "E"
    certified = backend.gov_cloud is True or _ismap_fresh(backend, profile, today)
    in_japan = backend.host_country == JAPAN and backend.inference_scope == JAPAN
    keeps_nothing = backend.trains_on_input is False
    if is_foreign(card):
        return "C" if in_japan and certified and keeps_nothing else "D"
    agreed = backend.contract in ("own", "negotiated")
    if backend.closed_network is True and agreed and _pinned(backend) and keeps_nothing:
        return "A"
    no_traces = backend.retention_days == 0 and backend.human_review is False
    return "B" if agreed and keeps_nothing and no_traces and certified else "D"


def _why_not_domestic(backend: Backend, profile: Profile, today: datetime.date) -> list[str]:
    """The single facts that keep a backend out of classes A and B, for the person who reads the refusal."""
    facts = {
        "host_not_japan": backend.host_country != JAPAN,
        "inference_not_japan": backend.inference_scope != JAPAN,
        "operator_not_japan": backend.provider_country != JAPAN,
        "parent_not_japan": backend.parent_country != JAPAN,
        "foreign_law": bool(backend.exposed_law),
        "contract_terms": backend.contract not in ("own", "negotiated"),
        "may_train_on_input": backend.trains_on_input is not False,
        "retention": backend.retention_days != 0,
        "human_review": backend.human_review is not False,
        "not_certified": backend.gov_cloud is not True and not _ismap_fresh(backend, profile, today),
        "weights_not_pinned": backend.closed_network is True and not _pinned(backend),
    }
    return [name for name, holds in facts.items() if holds]


def _pinned(backend: Backend) -> bool:
    return backend.weights_sha not in ("none", UNKNOWN)


def _ismap_fresh(backend: Backend, profile: Profile, today: datetime.date) -> bool:
    return isinstance(backend.ismap, Ismap) and _fresh(backend.ismap.checked_on, profile, today)


def _fresh(day: str, profile: Profile, today: datetime.date) -> bool:
    age = today - datetime.date.fromisoformat(day)
    return datetime.timedelta(0) <= age <= datetime.timedelta(days=profile.evidence_days)
