"""Agent cards: the facts about one model and the one backend that serves it.

A card says who makes the model, from what weights, where, by whom and under what law it is served, and how it
is called. `parse_card` refuses unknown keys and names every missing key at once. A fact that nobody has
checked is written as the word "unknown", which the residency policy reads as a denial; a missing key is an
error, but for the few whose absence says nothing in the card's favour. What no file may say of itself is bound
when cards are loaded or at the start: the origin, the ancestors of the weights, and proofs by a probe or a
signed attestation. Leaves to others: the decision (`magi.residency.policy`), the call (`magi.gateway`).
"""

import datetime
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from magi.core.canonical import canonical, digest
from magi.core.errors import MalformedFileError
from magi.core.frozen import Frozen

BOUND = ("origin", "lineage", "proofs")
"""Keys that may not stand in a file: they are found out, not claimed."""
UNKNOWN = "unknown"
Unknown = Literal["unknown"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
CardId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
Country = Annotated[str, Field(pattern=r"^([A-Z]{2}|unknown)$")]
"""ISO 3166-1 alpha-2, or the word unknown."""
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64}|none|unknown)$")]
"""Hex digest, `none` where no weights are published, or unknown."""


def _a_date(text: str) -> str:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        msg = "not a calendar date"
        raise ValueError(msg) from None  # the standard library's message quotes the value
    return text


Day = Annotated[str, AfterValidator(_a_date)]
"""ISO 8601 calendar date. Kept as text so that a card's digest is over what was written."""
DayOrUnknown = Annotated[str, AfterValidator(lambda text: text if text == UNKNOWN else _a_date(text))]
"""The same, or the word unknown."""
JAPAN_TIME = datetime.timezone(datetime.timedelta(hours=9))
"""Days of evidence, of profiles and of audits are days in Japan, which has no summer time."""


class Ismap(Frozen):
    """Registration in the ISMAP cloud service list, and the day on which somebody looked."""

    id: Name
    checked_on: Day


class Model(Frozen):
    """The model itself: maker, family (shared weights or lineage), version, weights, disclosure.

    `knowledge_cutoff` is the day up to which the maker says that the model knows; of a month its first, since nobody
    says more. It is written only where it is known: cards whose digests are on record were made before the field.
    """

    developer: Name
    developer_country: Country
    family: Name
    version: Name
    weights_origin: tuple[Name, ...] = Field(min_length=1)
    licence: Name
    training_disclosure: Literal["full", "partial", "none", "unknown"]
    knowledge_cutoff: DayOrUnknown = UNKNOWN

    @model_serializer(mode="wrap")
    def _without_unknown(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = handler(self)
        if self.knowledge_cutoff == UNKNOWN:
            fields.pop("knowledge_cutoff", None)
        return fields


class Endpoint(Frozen):
    """How the model is called.

    `key_env` names the environment variable of the key; empty means none. `max_text_chars` bounds each free
    text in the schema of a structured answer (small models ramble and a cut breaks JSON); 0 means no bound.
    `answers_as` are names besides `model` that a response may state as its model, `answers_from` the regions that
    it may state; a response that states anything else is not this card's.
    """

    protocol: Literal["openai-chat"]
    base_url: Annotated[str, Field(pattern=r"^https?://[a-z0-9.:-]+(/[A-Za-z0-9._/-]*)?$")]
    model: Name
    key_env: Annotated[str, Field(pattern=r"^[A-Z0-9_]*$")]
    structured: Literal["json_schema", "json_object", "none"]
    stream: bool
    max_output_tokens: Annotated[int, Field(ge=1, le=131_072)]
    max_text_chars: Annotated[int, Field(ge=0, le=100_000)]
    answers_as: tuple[Name, ...] = ()
    answers_from: tuple[Name, ...] = ()


class Subprocessor(Frozen):
    """Somebody whom the operator lets see the input, and under which country's jurisdiction."""

    name: Name
    country: Country = UNKNOWN


class Backend(Frozen):
    """The backend record of the residency rules (host, operator, law, terms, evidence).

    `contract` is own (operated by the organisation itself), negotiated, or terms (約款). A subprocessor by name
    alone is one of unknown country. `recorded` holds conditions that the organisation put on record, with the day:
    such as `entrustment` (委託) and `external_environment` (外的環境の把握).
    """

    operator: Name
    host_country: Country
    inference_scope: Literal["JP", "region", "GLOBAL", "unknown"]
    provider_country: Country
    parent_country: Country
    exposed_law: tuple[Name, ...]
    weights_origin: tuple[Country, ...] = Field(min_length=1)
    weights_sha: Sha256
    trains_on_input: bool | Unknown
    retention_days: Annotated[int, Field(ge=0)] | Unknown
    human_review: bool | Unknown
    ismap: Ismap | Literal["none", "unknown"]
    gov_cloud: bool | Unknown
    closed_network: bool | Unknown
    zone: Literal["internet", "lgwan", "mynumber", "own", "unknown"]
    contract: Literal["own", "negotiated", "terms", "unknown"]
    subprocessors: tuple[Name | Subprocessor, ...] | Unknown
    cert_pin: Annotated[str, Field(pattern=r"^(system-ca|loopback|sha256:[0-9a-f]{64})$")]
    allowed_hosts: tuple[Name, ...] = Field(min_length=1)
    evidence_url: Name
    checked_on: Day
    checked_by: Name
    recorded: Mapping[Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")], Day] = {}


class Ancestor(Frozen):
    """A model in the lineage of some weights; `suspected` where only a suspicion leads to it (distillation)."""

    name: Name
    developer: Name
    country: Country
    suspected: bool = False


class Proof(Frozen):
    """A fact that a file cannot prove of itself, seen by a start-up probe or attested under a signature."""

    fact: Name
    value: Name
    day: Day
    how: Literal["probe", "attestation"]
    by: Name


class Card(Frozen):
    """One agent card.

    `origin` is live in every file; only a stand-in binding makes it anything else. `lineage` holds the weights'
    origins and all their ancestors, or None where any of them is not in the lineage table. `proofs` are those
    that were verified, of whatever age.
    """

    id: CardId
    title: Name
    model: Model
    endpoint: Endpoint
    backend: Backend
    origin: Literal["live", "scripted", "recorded"] = "live"
    lineage: tuple[Ancestor, ...] | None = None
    proofs: tuple[Proof, ...] = ()

    @model_validator(mode="after")
    def _host_is_allowed(self) -> Self:
        host = host_of(self.endpoint.base_url)
        if host not in self.backend.allowed_hosts:
            msg = "endpoint.base_url: its host is not in backend.allowed_hosts"
            raise ValueError(msg)
        return self

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical bytes of the card; goes into the manifest.

        Proofs are left out: a probe at every start would make every card a new one.
        """
        return digest(canonical(self.model_dump(mode="json", exclude={"proofs"})))


def host_of(base_url: str) -> str:
    """The host of a card's base URL (the pattern of `Endpoint.base_url` admits no userinfo and no IPv6)."""
    return base_url.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]


def problems_of(error: ValidationError) -> tuple[str, ...]:
    """Every problem of a failed parse as `key: what`, without the value that was given."""
    return tuple(
        f"{'.'.join(str(part) for part in item['loc']) or '-'}: {item['msg']}" for item in error.errors()
    )


def parse_card(table: Mapping[str, object], file: str) -> Card:
    """Parse one card file's table.

    Raises:
        MalformedFileError: unknown keys, missing keys, wrong values; all of them, with `file`.
    """
    problems = tuple(f"{key}: may not stand in a file" for key in BOUND if key in table)
    try:
        card = Card.model_validate(
            lists_to_tuples({key: value for key, value in table.items() if key not in BOUND})
        )
    except ValidationError as error:
        raise MalformedFileError("keys", file=file, problems=problems + problems_of(error)) from None
    if problems:
        raise MalformedFileError("keys", file=file, problems=problems)
    return card


def lists_to_tuples(value: object) -> object:
    """The same parsed TOML or JSON with tuples for lists, as strict frozen values want them."""
    if isinstance(value, Mapping):
        return {key: lists_to_tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(lists_to_tuples(item) for item in value)
    return value
