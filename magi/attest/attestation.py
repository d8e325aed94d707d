"""Attestations: a named person signs what they saw of one card's endpoint on one day.

An attestation is a table {card, endpoint, facts, day, by, signature}. The signature (Ed25519, RFC 8032) covers the
RFC 8785 bytes of everything else under a tag of its own, so that it stands for nothing but an attestation;
`endpoint` is a digest of address, model and operator, so that it does not carry over to a card that was pointed
elsewhere. Keys are trusted by name in `attestors.toml`; without that file nobody is. Whatever is wrong gives no
proof and a named problem. Leaves to others: files (`magi.assets`, `magi.cli.attest`), how long a proof counts under
a profile (`magi.residency.conditions`).
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError

from magi.core.canonical import canonical, digest
from magi.core.card import Card, CardId, Day, Proof, lists_to_tuples, problems_of
from magi.core.errors import MalformedFileError
from magi.core.frozen import Frozen

TAG = "magi-attestation/1"
"""Part of what is signed: a signature over anything else never reads as an attestation."""
MAX_AGE_DAYS = 366
"""The longest that any profile may let evidence count (`Profile.evidence_days`)."""
FACTS = ("inference_scope", "deployment_sku", "project_region")
"""Facts that somebody may attest."""

# Hex, and not base64: every byte has one spelling, so that no altered file verifies.
Signature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
PublicKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Fact = Annotated[str, Field(pattern=rf"^({'|'.join(FACTS)})$")]
By = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f\"\\]{1,100}$")]
"""A name that stands in a TOML string as it is."""
Value = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Statement(Frozen):
    """What is signed."""

    card: CardId
    endpoint: PublicKey
    facts: Annotated[Mapping[Fact, Value], Field(min_length=1)]
    day: Day
    by: By

    def to_bytes(self) -> bytes:
        """The canonical bytes under the tag."""
        return canonical({"tag": TAG, **self.model_dump(mode="json")})


class Attestation(Statement):
    """A statement and its signature."""

    signature: Signature

    @property
    def statement(self) -> Statement:
        """What the signature covers."""
        return Statement.model_validate(self.model_dump(exclude={"signature"}))


class TrustedKey(Frozen):
    """A public key in hex; `until` is the last day of attestations under it."""

    public_key: PublicKey
    until: Day | None = None


class Attestors(Frozen):
    """The file of trusted keys, by the name that attestations are signed in."""

    keys: Mapping[By, TrustedKey]


@dataclass(frozen=True)
class PublicKeys:
    """Trusted keys by name."""

    keys: Mapping[str, TrustedKey]


NO_KEYS = PublicKeys({})
"""Nobody is trusted."""


def parse_keys(table: Mapping[str, object], file: str) -> PublicKeys:
    """Parse the file of trusted keys.

    Raises:
        MalformedFileError: unknown or missing keys, or values of another form; all of them.
    """
    try:
        return PublicKeys(Attestors.model_validate(lists_to_tuples(table)).keys)
    except ValidationError as error:
        raise MalformedFileError("keys", file=file, problems=problems_of(error)) from None


def endpoint_digest(card: Card) -> str:
    """What an attestation is about: address, model and operator of a card, in 64 hex digits."""
    endpoint = {
        "base_url": card.endpoint.base_url,
        "model": card.endpoint.model,
        "operator": card.backend.operator,
    }
    return digest(canonical(endpoint))


def attest(
    card: Card, facts: Mapping[str, str], day: datetime.date, by: str, key: Ed25519PrivateKey
) -> Attestation:
    """A signed attestation of facts about a card's endpoint.

    Raises:
        MalformedFileError: attestation_form, a fact or value that cannot be attested.
    """
    given = {
        "card": card.id,
        "endpoint": endpoint_digest(card),
        "facts": dict(facts),
        "day": day.isoformat(),
        "by": by,
    }
    try:
        statement = Statement.model_validate(given)
    except ValidationError as error:
        raise MalformedFileError(
            "attestation_form", file=f"{card.id}.toml", problems=problems_of(error)
        ) from None
    return Attestation(**statement.model_dump(), signature=key.sign(statement.to_bytes()).hex())


def verify(attestation: Attestation, card: Card, keys: PublicKeys, today: datetime.date) -> tuple[Proof, ...]:
    """The proofs that an attestation gives for a card on a day, in the order of the facts' names.

    Raises:
        MalformedFileError: attestation_card (of another card or endpoint), attestation_key (nobody trusts the
            signer, or not for that day), attestation_day (in the future, or older than any profile allows),
            attestation_signature (altered, or signed with another key).
    """
    file, day = f"{card.id}.toml", datetime.date.fromisoformat(attestation.day)
    if attestation.card != card.id or attestation.endpoint != endpoint_digest(card):
        raise MalformedFileError("attestation_card", file=file, problems=("card, endpoint",))
    trusted = keys.keys.get(attestation.by)
    if trusted is None or (trusted.until is not None and attestation.day > trusted.until):
        raise MalformedFileError("attestation_key", file=file, problems=("by",))
    if not datetime.timedelta(0) <= today - day <= datetime.timedelta(days=MAX_AGE_DAYS):
        raise MalformedFileError("attestation_day", file=file, problems=("day",))
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(trusted.public_key))
        public.verify(bytes.fromhex(attestation.signature), attestation.statement.to_bytes())
    except InvalidSignature as error:
        raise MalformedFileError("attestation_signature", file=file, problems=("signature",)) from error
    return tuple(
        Proof(fact=fact, value=value, day=attestation.day, how="attestation", by=attestation.by)
        for fact, value in sorted(attestation.facts.items())
    )


def proofs_of(
    table: Mapping[str, object], card: Card, keys: PublicKeys, today: datetime.date
) -> tuple[Proof, ...]:
    """Parse and verify one attestation's table.

    Raises:
        MalformedFileError: attestation_form, unknown or missing keys or values of another form; else as `verify`.
    """
    try:
        attestation = Attestation.model_validate(lists_to_tuples(table))
    except ValidationError as error:
        raise MalformedFileError(
            "attestation_form", file=f"{card.id}.toml", problems=problems_of(error)
        ) from None
    return verify(attestation, card, keys, today)


def text_of(attestation: Attestation) -> str:
    """The text of an attestation's file; every value is of a form that needs no escape."""
    facts = "\n".join(f'{fact} = "{value}"' for fact, value in sorted(attestation.facts.items()))
    return (
        "# Written by magi agents attest. The signature covers every value: do not edit, attest again.\n"
        f'card = "{attestation.card}"\nendpoint = "{attestation.endpoint}"\nday = "{attestation.day}"\n'
        f'by = "{attestation.by}"\nsignature = "{attestation.signature}"\n\n[facts]\n{facts}\n'
    )
