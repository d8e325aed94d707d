"""What `magi audit witness` and `magi audit timestamp` do and print, and what witnesses said of a kept checkpoint.

One round, in five steps: 1 the head is read, and noted as given out before it is; 2 each witness is sent the head with
the proof from the size that it signed last, by our copies; 3 where it names another size, once more with the proof from
there; 4 its line, verified, is appended to the copy in `checkpoints/`; 5 each is told, alarms first in words.

An alarm is a witness's word that this log was cut back or has two histories; before it is said that a witness is ahead,
the log is read again, since another process may have gone on meanwhile. One witness's failure does not stop the others.
"""

import datetime
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer

from magi.cli import screen
from magi.cli.ledger_opened import log_key_beside, source_of
from magi.cli.witness_file import TIMESTAMP, WITNESSES, Outside, read_outside
from magi.core.card import JAPAN_TIME
from magi.core.errors import EgressRefusedError, MalformedFileError
from magi.gateway.outbound import AllowedOutbound, CheckpointRequest, Outbound, TimestampQuery
from magi.gateway.transport import SendError
from magi.ledger.kept import keep, keep_token, kept_folder, last_seen, read_token, token_path
from magi.ledger.nodes import SignedHead, signed_head, snapshot, stored_nodes
from magi.ledger.note import MAX_NOTE_BYTES, CosignerKey
from magi.ledger.proof import consistency_proof
from magi.ledger.published import note_published, published_path
from magi.ledger.timestamp import NotStamped, Stamped, query, read_reply, verify_timestamp
from magi.ledger.witness import (
    Answer,
    Asked,
    OtherSize,
    Refused,
    Signed,
    Unreadable,
    add_checkpoint,
    alarm_of,
    read_answer,
    witnessed,
)
from magi.settings import Settings
from magi.wiring import log_name
from magi.words import say, say_failure

ROUNDS = 2
"""With the size that we believe, and once with the size that the witness names."""


@dataclass(frozen=True)
class WitnessOrder:
    """What the command line says."""

    file: Path | None
    ledger: Path | None
    as_json: bool


@dataclass(frozen=True)
class Told:
    """What came of one witness: a name with words under `witness.`, and what belongs to it."""

    name: str
    state: str
    alarm: bool = False
    timestamp: int | None = None
    size: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Word:
    """What was said of a kept checkpoint of `size` records: by which witness, or in which file; when, in Japan."""

    size: int
    kind: Literal["signed", "none", "stamped"]
    by: str = ""
    at: str = ""


@dataclass(frozen=True)
class Round:
    """What one run works on: the settings, the ledger that was named, and its head."""

    settings: Settings
    ledger: Path | None
    head: SignedHead

    @property
    def folder(self) -> Path:
        """Where its copies lie."""
        return kept_folder(log_key_beside(self.settings, self.ledger))

    def proof(self, old: int) -> tuple[bytes, ...]:
        """The hashes that lead from the first `old` records to the head."""
        size = self.head.checkpoint.size
        if old in (0, size):
            return ()
        with snapshot(source_of(self.settings, self.ledger), log=self.head.checkpoint.origin) as connection:
            return consistency_proof(old, size, stored_nodes(connection, size))

    def size_now(self) -> int:
        """How many records the log has by now."""
        with snapshot(source_of(self.settings, self.ledger), log=self.head.checkpoint.origin) as connection:
            return signed_head(connection).checkpoint.size


async def witness(settings: Settings, order: WitnessOrder, outbound: Outbound | None = None) -> int:
    """Have every witness of the file cosign the head; the exit code.

    Raises:
        As `magi.cli.witness_file.read_outside`, `magi.ledger.nodes`, `magi.ledger.published` and `magi.ledger.kept`.
    """
    outside = _outside(settings, order.file)
    if not outside.witnesses:
        raise MalformedFileError("witness", file=str(order.file or WITNESSES), problems=("none",))
    sender = outbound or AllowedOutbound(outside.purposes, origin=log_name(settings.tenant))
    # 1. Noted as given out before it is.
    one_round = Round(settings, order.ledger, _given_out(settings, order.ledger))
    path = keep(one_round.folder, one_round.head)
    told = []
    for purpose, key in outside.witnesses.items():
        told.append(await _told(one_round, sender, purpose, key))
    _show(one_round.head, told, path, settings.lang, as_json=order.as_json)
    return 0 if all(one.state == "cosigned" for one in told) else 1


async def timestamp(settings: Settings, order: WitnessOrder, outbound: Outbound | None = None) -> int:
    """Have the authority of the file stamp the head, unless a stamp is there already; the exit code.

    Raises:
        As `witness`; TamperedError: `timestamp`, the token does not hold, whether it came or was kept.
    """
    outside = _outside(settings, order.file)
    if outside.authority is None:
        raise MalformedFileError("timestamp_file", file=str(order.file or WITNESSES), problems=("none",))
    sender = outbound or AllowedOutbound(outside.purposes, origin=log_name(settings.tenant))
    one_round = Round(settings, order.ledger, _given_out(settings, order.ledger))
    note = keep(one_round.folder, one_round.head)
    kept = read_token(note)
    if kept is not None:
        stamped = verify_timestamp(kept, one_round.head.note, outside.authority)
        return _show_stamp(one_round, stamped, note, order)
    asked = query(one_round.head.note)
    try:
        returned = await sender.call(TIMESTAMP, TimestampQuery(asked.body))
    except (EgressRefusedError, SendError) as error:
        return _show_stamp(one_round, error.reason, note, order)
    reply = read_reply(asked, returned.status, returned.media_type, returned.body, outside.authority)
    if isinstance(reply, Stamped):
        keep_token(note, returned.body)
    return _show_stamp(one_round, reply, note, order)


def said_outside(settings: Settings, file: Path, notes: Sequence[Path]) -> tuple[Word, ...]:
    """What witnesses and the authority said of kept checkpoints, of each at least one word; nothing is sent.

    The time stamp of a copy is looked for beside it.

    Raises:
        As `read_outside`. MalformedFileError: `note`, `checkpoint`, `timestamp`. TamperedError: `cosignature`,
            `timestamp`.
    """
    outside, words = _outside(settings, file), []
    for path in notes:
        with path.open("rb") as copy:
            data = copy.read(MAX_NOTE_BYTES + 1)
        checkpoint, cosigned = witnessed(data, list(outside.witnesses.values()))
        size = checkpoint.size
        words += [Word(size, "signed", one.key.name, _moment(one.timestamp)) for one in cosigned]
        if not cosigned:
            words.append(Word(size, "none"))
        token = None if outside.authority is None else read_token(path)
        if outside.authority is not None and token is not None:
            stamped = verify_timestamp(token, data, outside.authority)
            words.append(Word(size, "stamped", str(token_path(path)), _in_japan(stamped.at)))
    return tuple(words)


def in_words(word: Word, lang: str) -> str:
    """The same as a sentence."""
    key = "timestamp.stamped" if word.kind == "stamped" else f"witness.{word.kind}"
    return say(key, lang, name=word.by, path=word.by, size=word.size, at=word.at)


def _outside(settings: Settings, file: Path | None) -> Outside:
    return read_outside(file or settings.home / WITNESSES, log_name(settings.tenant))


def _given_out(settings: Settings, ledger: Path | None) -> SignedHead:
    """The head, which is noted as given out."""
    with snapshot(source_of(settings, ledger), log=log_name(settings.tenant)) as connection:
        head = signed_head(connection)
        key = log_key_beside(settings, ledger)
        if key.exists():
            note_published(published_path(key), head, connection)
        return head


async def _told(one_round: Round, outbound: Outbound, purpose: str, key: CosignerKey) -> Told:
    try:
        asked, answer = await _ask(one_round, outbound, purpose, key)
    except (EgressRefusedError, SendError) as error:
        return Told(key.name, "unsent", reason=error.reason)
    alarm = alarm_of(asked, answer)
    match answer:
        case Signed() as signed:
            # 4. The copy.
            keep(one_round.folder, one_round.head, signed)
            return Told(key.name, "cosigned", timestamp=signed.timestamp)
        case OtherSize(size) if alarm is None or one_round.size_now() >= size:
            return Told(key.name, "moved", size=size)
        case OtherSize(size):
            return Told(key.name, "alarm_ahead", alarm=True, size=size)
        case Refused(why):
            state = f"refused_{why}" if alarm is None else f"alarm_{alarm}"
            return Told(key.name, state, alarm=alarm is not None, size=asked.old)
        case Unreadable(why):
            return Told(key.name, "unreadable", reason=why)


async def _ask(one_round: Round, outbound: Outbound, purpose: str, key: CosignerKey) -> tuple[Asked, Answer]:
    """What the witness answered last, and what it was asked."""
    head = one_round.head
    size = head.checkpoint.size
    # 2. The size that it signed last, by our copies. 3. Or as it says itself.
    asked = Asked(last_seen(one_round.folder, key, size), head.checkpoint, head.note)
    for _ in range(ROUNDS):
        body = add_checkpoint(asked, one_round.proof(asked.old))
        returned = await outbound.call(purpose, CheckpointRequest(body))
        answer = read_answer(asked, returned.status, returned.media_type, returned.body, key)
        if not isinstance(answer, OtherSize) or answer.size > size:
            break
        asked = Asked(answer.size, head.checkpoint, head.note)
    return asked, answer


def _show(head: SignedHead, told: Sequence[Told], path: Path, lang: str, *, as_json: bool) -> None:
    # 5. Alarms first.
    if as_json:
        checkpoint = head.checkpoint
        whole = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
        typer.echo(json.dumps({**whole, "kept": str(path), "witnesses": [asdict(one) for one in told]}))
        return
    out, size = screen.console(), head.checkpoint.size
    for one in sorted(told, key=lambda one: not one.alarm):
        at = "" if one.timestamp is None else _moment(one.timestamp)
        reason = say_failure(one.reason, lang) if one.state == "unsent" else one.reason
        theirs = -1 if one.size is None else one.size
        words = say(
            f"witness.{one.state}", lang, name=one.name, size=size, theirs=theirs, at=at, reason=reason
        )
        line = screen.plain(words)
        line.stylize("bold red" if one.alarm else "green" if one.state == "cosigned" else "yellow")
        screen.emit(out, line)
    if any(one.alarm for one in told):
        screen.emit(out, screen.plain(say("witness.alarm_help", lang)))
    screen.emit(out, screen.plain(say("witness.kept", lang, path=str(path))))


def _show_stamp(one_round: Round, came: Stamped | NotStamped | str, note: Path, order: WitnessOrder) -> int:
    lang, size = one_round.settings.lang, one_round.head.checkpoint.size
    stamped = came if isinstance(came, Stamped) else None
    if isinstance(came, NotStamped):
        reason = say(f"timestamp.{came.why}", lang)
    else:
        reason = say_failure(came, lang) if isinstance(came, str) else ""
    if order.as_json:
        at = None if stamped is None else stamped.at.isoformat()
        kept = None if stamped is None else str(token_path(note))
        typer.echo(json.dumps({"size": size, "at": at, "kept": kept, "reason": reason}))
    else:
        if stamped is None:
            words = say("timestamp.missing", lang, size=size, reason=reason)
        else:
            at, path = _in_japan(stamped.at), str(token_path(note))
            words = say("timestamp.stamped", lang, size=size, at=at, path=path)
        screen.emit(screen.console(), screen.plain(words))
    return 0 if stamped is not None else 1


def _moment(seconds: int) -> str:
    """A witness's time as a time in Japan; its number where no calendar has it."""
    try:
        return _in_japan(datetime.datetime.fromtimestamp(seconds, JAPAN_TIME))
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s"


def _in_japan(at: datetime.datetime) -> str:
    return at.astimezone(JAPAN_TIME).strftime("%Y-%m-%d %H:%M:%S %z")
