"""The operator's file of witnesses and of a time-stamp authority (deploy/witnesses.example.toml): read and checked.

It is the allow-list of what may leave besides questions to models: whoever is not in it is not spoken to. Leaves to
others: sending (`magi.gateway.outbound`).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from magi.core.card import lists_to_tuples, problems_of
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.frozen import Frozen
from magi.gateway.outbound import USUAL_ANSWER_BYTES, Kind, Network, Purpose
from magi.ledger.note import CosignerKey, parse_cosigner
from magi.ledger.timestamp import Authority, parse_authority

WITNESSES = "witnesses.toml"
"""Its name in MAGI_HOME."""
TIMESTAMP = "timestamp"
"""The one purpose that is no witness's."""
MAX_WITNESSES = 16
"""Each is asked in turn; a policy of a dozen is already a large one."""
MAX_FILE_BYTES = 1 << 20

ADD_CHECKPOINT = "/add-checkpoint"
"""tlog-witness: what stands behind the submission prefix."""


class _Address(Frozen):
    """Where somebody is reached; see `magi.gateway.outbound.Purpose`."""

    url: str
    network: Network = "public"
    cert_pin: str = ""
    max_answer_bytes: int = USUAL_ANSWER_BYTES

    def purpose(self, name: str, kind: Kind, url: str) -> Purpose:
        """The line of the allow-list."""
        limit = self.max_answer_bytes
        return Purpose(
            id=name, kind=kind, url=url, network=self.network, cert_pin=self.cert_pin, max_answer_bytes=limit
        )


class _WitnessTable(_Address):
    vkey: str


class _TimestampTable(_Address):
    certificates: Annotated[str, Field(min_length=1)]


class _File(Frozen):
    witness: Annotated[tuple[_WitnessTable, ...], Field(max_length=MAX_WITNESSES)] = ()
    timestamp: _TimestampTable | None = None


@dataclass(frozen=True)
class Outside:
    """Who may be spoken to: witnesses by purpose in the file's order, and the certificates of the authority."""

    purposes: Mapping[str, Purpose]
    witnesses: Mapping[str, CosignerKey]
    authority: Authority | None


def read_outside(path: Path, origin: str) -> Outside:
    """Read the file for the log of that name; the certificates lie beside it.

    Raises:
        UnknownNameError: `witness_file`, `file`. MalformedFileError: `toml`, `keys`, `vkey`, `certificates`, `witness`
            (twice the same, or one under the log's own name).
    """
    parsed = _parsed(path)
    keys = [parse_cosigner(table.vkey) for table in parsed.witness]
    names = [key.name for key in keys]
    if len(set(names)) < len(names) or origin in names:
        raise MalformedFileError("witness", file=str(path), problems=("name",))
    try:
        purposes = [
            table.purpose(f"witness:{name}", "witness", table.url.rstrip("/") + ADD_CHECKPOINT)
            for name, table in zip(names, parsed.witness, strict=True)
        ]
        if parsed.timestamp is not None:
            purposes.append(parsed.timestamp.purpose(TIMESTAMP, "timestamp", parsed.timestamp.url))
    except ValidationError as error:
        raise MalformedFileError("keys", file=str(path), problems=problems_of(error)) from None
    authority = None if parsed.timestamp is None else _authority(path.parent / parsed.timestamp.certificates)
    witnesses = {f"witness:{key.name}": key for key in keys}
    return Outside({purpose.id: purpose for purpose in purposes}, witnesses, authority)


def _parsed(path: Path) -> _File:
    try:
        table = tomllib.loads(_content(path, "witness_file").decode())
    except UnicodeDecodeError as error:
        raise MalformedFileError("toml", file=str(path), problems=("UTF-8",)) from error
    except tomllib.TOMLDecodeError as error:
        raise MalformedFileError("toml", file=str(path), problems=(str(error),)) from error
    try:
        return _File.model_validate(lists_to_tuples(table))
    except ValidationError as error:
        raise MalformedFileError("keys", file=str(path), problems=problems_of(error)) from None


def _authority(path: Path) -> Authority:
    return parse_authority(_content(path, "file"), str(path))


def _content(path: Path, kind: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise UnknownNameError(kind, name=str(path)) from error
