"""The errors of MAGI, one tree.

::

    MagiError                    code, facts; str() quotes no user text
    |-- CallerError              the caller can mend it (exit code 2)
    |   |-- UnknownNameError     a council, card, label, persona or deliberation that does not exist
    |   |-- MalformedFileError   a TOML, cassette or question file; every problem at once
    |   |-- CouncilRefusedError  the council may not deliberate (also after re-planning)
    |   |-- QuestionRefusedError empty, too large, not UTF-8, a space that does not fit
    |   |-- TemplateError        a variable too few or too many, or a released template changed
    |   |-- KeyMissingError      a key that the call needs is not there
    |   |-- SeatRefusedError     a card or council of one's own cannot be written as asked
    |   |-- WeightsRefusedError  a file of weights is not there, not what it should be, or not the one named
    |   |-- ErasureRefusedError  a body may not be erased: a legal hold, an open deliberation, no such body
    |   |-- AccessRefusedError   the reader's role, or the lack of a second person's word, forbids it
    |   `-- ForeignLedgerError   the file is not a ledger of this program, or of a newer version
    `-- WorldError               the world's fault (exit code 1)
        |-- LedgerUnavailableError  disk full, locked, unreadable
        |-- ConflictError        the ordinal is taken: re-read, answer with what is recorded
        |-- UncertainError       the write may or may not be durable: re-read, never retry
        |-- TamperedError        a record or body does not match its digest, a proof or signature fails
        |-- ErasedError          a body was erased by a recorded act; its commitment is intact
        |-- EgressRefusedError   the guard refused a send; nothing left
        |-- LocalServerError     weights of this machine cannot be served
        `-- NoBackendError       no seat of the council can be reached

What a person reads is made from `code`, `reason` and `facts` by the catalogue of words (`magi.words`);
facts are names, numbers and codes, never question, answer or prompt text.
"""

from typing import ClassVar

Fact = str | int | tuple[str, ...]


class MagiError(Exception):
    """Base of all errors of this program."""

    code: ClassVar[str] = "magi"
    exit_code: ClassVar[int] = 1

    def __init__(self, reason: str = "", /, **facts: Fact) -> None:
        """Keep a stable `reason` code and named `facts` for the catalogue of words."""
        super().__init__(reason, facts)
        self.reason = reason
        self.facts = facts

    def __str__(self) -> str:
        """Code, reason and facts, for logs and developers."""
        facts = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return ": ".join(part for part in (self.code, self.reason, facts) if part)


class CallerError(MagiError):
    """The caller can mend it."""

    code = "caller"
    exit_code = 2


class WorldError(MagiError):
    """The world's fault: disk, network, another process."""

    code = "world"
    exit_code = 1


class UnknownNameError(CallerError):
    """A name that stands for nothing; `reason` is what kind of name, `known` the names there are."""

    code = "unknown_name"


class MalformedFileError(CallerError):
    """A file that cannot be read as what it should be; `problems` holds all of them."""

    code = "malformed_file"


class CouncilRefusedError(CallerError):
    """The council may not deliberate on this question."""

    code = "council_refused"


class QuestionRefusedError(CallerError):
    """The question cannot be taken."""

    code = "question_refused"


class TemplateError(CallerError):
    """A prompt template cannot be used."""

    code = "template"


class KeyMissingError(CallerError):
    """A key that this call needs is absent."""

    code = "key_missing"


class SeatRefusedError(CallerError):
    """A card or council of one's own cannot be written as asked; nothing was written."""

    code = "seat_refused"


class WeightsRefusedError(CallerError):
    """The file of weights is not there, no GGUF file, or not the one whose digest was named."""

    code = "weights_refused"


class ErasureRefusedError(CallerError):
    """A body may not be erased; nothing was written."""

    code = "erasure_refused"


class AccessRefusedError(CallerError):
    """Somebody may not read a body; nothing was handed out."""

    code = "access_refused"


class ForeignLedgerError(CallerError):
    """The file is no ledger of this program."""

    code = "foreign_ledger"


class LedgerUnavailableError(WorldError):
    """The ledger cannot be read or written; nothing was half-written."""

    code = "ledger_unavailable"


class ConflictError(WorldError):
    """The expected ordinal of the stream is taken by another writer."""

    code = "conflict"


class UncertainError(WorldError):
    """The transaction may or may not have become durable."""

    code = "uncertain"


class TamperedError(WorldError):
    """Stored bytes do not match their digest."""

    code = "tampered"


class ErasedError(WorldError):
    """The body was erased: `stream`, `by`, `why`, `at_ms` of the tombstone; the commitment is intact."""

    code = "erased"


class EgressRefusedError(WorldError):
    """The egress guard refused; not a byte left."""

    code = "egress_refused"


class LocalServerError(WorldError):
    """Weights of this machine cannot be served: a library is missing, the port taken, the file not loadable."""

    code = "local_server"


class NoBackendError(WorldError):
    """No seat could be reached."""

    code = "no_backend"
