"""Time stamps over checkpoints: the query to an authority, and whether its token holds for a note.

RFC 3161 with SHA-256, by Trail of Bits' `rfc3161-client`. What is stamped is the note as the log gave it out (text and
the log's own signatures, `magi.ledger.witness.own_lines`), so that cosignatures that come later change nothing.

A token says that the note existed when the authority's clock showed that time. Trusted is every certificate that the
operator names, and no other; it has to have been valid at the time of the token, not today.

Promises: no I/O; a token is believed only as a whole. The nonce of a query is the library's own chance. Leaves to
others: sending (`magi.gateway.outbound`), whether a certificate was revoked, how long a token will be believed.
"""

import datetime
from dataclasses import dataclass, field
from typing import Literal

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.witness import own_lines

MAX_CERTIFICATES = 16
"""Certificates of one authority: a root, a few intermediates, and those that replace them."""
REPLY_TYPE = "application/timestamp-reply"
"""RFC 3161, section 3.4."""
_OK = 200
_GRANTED = 0

Failed = Literal["status", "reply", "refused"]
"""status: no 200, or another media type. reply: no time-stamp reply. refused: a reply that grants nothing."""


@dataclass(frozen=True)
class Authority:
    """The certificates that a token has to lead to."""

    roots: tuple[x509.Certificate, ...] = field(repr=False)


@dataclass(frozen=True)
class Stamped:
    """A token that holds: the time that it names, and the authority's serial number for it."""

    at: datetime.datetime
    serial: int


@dataclass(frozen=True)
class Query:
    """A query on its way: the request, and the note that it is about."""

    note: bytes = field(repr=False)
    request: TimeStampRequest = field(repr=False)

    @property
    def body(self) -> bytes:
        """The request in DER."""
        return self.request.as_bytes()


@dataclass(frozen=True)
class NotStamped:
    """No token came."""

    why: Failed


def parse_authority(pem: bytes, file: str) -> Authority:
    """Read the trusted certificates of an authority, one or more in PEM.

    Raises:
        MalformedFileError: `certificates`.
    """
    try:
        roots = tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise MalformedFileError("certificates", file=file, problems=("not_pem",)) from error
    if len(roots) > MAX_CERTIFICATES:
        raise MalformedFileError("certificates", file=file, problems=("too_many",))
    return Authority(tuple(dict.fromkeys(roots)))


def query(note: bytes) -> Query:
    """The query over a note as the log gave it out, with a nonce and asking for the authority's certificate.

    Raises:
        MalformedFileError: `note`, `checkpoint`.

    Source: RFC 3161, section 2.4.1.
    """
    own = own_lines(note)
    builder = TimestampRequestBuilder().data(own).hash_algorithm(HashAlgorithm.SHA256)
    return Query(own, builder.nonce(nonce=True).cert_request(cert_request=True).build())


def read_reply(
    asked: Query, status: int, media_type: str, body: bytes, authority: Authority
) -> Stamped | NotStamped:
    """What an authority's reply to that query means; the token is verified with its nonce.

    Raises:
        TamperedError: `timestamp`, there is a token and it does not hold.
    """
    if status != _OK or media_type != REPLY_TYPE:
        return NotStamped("status")
    try:
        reply = decode_timestamp_response(body)
    except ValueError:
        return NotStamped("reply")
    if reply.status != _GRANTED:
        return NotStamped("refused")
    return _verified(reply, asked.note, authority, asked.request.nonce)


def verify_timestamp(token: bytes, note: bytes, authority: Authority) -> Stamped:
    """Check a kept reply (DER) against a note, cosigned since or not, and the certificates; when it was stamped.

    Raises:
        MalformedFileError: `note`, `checkpoint`; `timestamp`, the token is no time-stamp reply. TamperedError:
            `timestamp`, it is of another note, by another authority, or was changed.
    """
    own = own_lines(note)
    try:
        reply = decode_timestamp_response(token)
    except ValueError as error:
        raise MalformedFileError("timestamp", problems=("form",)) from error
    return _verified(reply, own, authority, None)


def _verified(reply: TimeStampResponse, note: bytes, authority: Authority, nonce: int | None) -> Stamped:
    try:
        VerifierBuilder(roots=list(authority.roots), nonce=nonce).build().verify_message(reply, note)
        said = reply.tst_info
    except (VerificationError, ValueError) as error:
        raise TamperedError("timestamp") from error
    return Stamped(said.gen_time, said.serial_number)
