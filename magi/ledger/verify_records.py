"""What a check asks of the records themselves: canonical form, schema, columns, and the rules of their streams.

1. The bytes are the canonical form (RFC 8785) of what they say. It is compared without the schema's defaults, so a
   record that older code wrote with fewer fields stays what it was.
2. They are a record of this schema, of this log.
3. The columns beside them say the same.
4. Ordinals are contiguous within a stream, the first record is `configured`, and each kind that people or the ledger
   itself cause stands in its own stream.
5. Every answer or failed attempt of an ask has its ticket before it, every reading that cites a request its grant. A
   deliberation has one intent, whose seats have names of their own; an answer is its seat's, through one of the
   seat's cards, with a ballot if and only if it is an answer, and in the space that was opened. Reviews and drafts
   cast no ballot. Rankings and approvals name options that were opened, none of them twice.
6. A tombstone names bodies of its stream that were there, under no legal hold, and tells rightly whether they were
   the last; a hold is set once and released once.

Promises: pure; a state a stream, and of bodies only what was erased. Leaves to others: bytes against the tree
(`magi.ledger.verify`), bodies (`magi.ledger.verify_bodies`).
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError, create_model

from magi.core.canonical import canonical
from magi.core.errors import MalformedFileError
from magi.core.record import KINDS, Record, parse_record
from magi.core.rules.count import RANKED
from magi.core.rules.spelled import read_approval, read_ranking
from magi.ledger.reading import Cells
from magi.ledger.verify_report import Findings

CONFIG, ACCESS, RETENTION, REPLAYS, ADOPTIONS = "config", "access", "retention", "replays", "adoptions"
EVERY_STREAM = "*"
STREAM_OF: Mapping[str, str] = {
    "configured": CONFIG,
    "key_rotated": CONFIG,
    "accessed": ACCESS,
    "access_requested": ACCESS,
    "access_approved": ACCESS,
    "access_denied": ACCESS,
    "erased": RETENTION,
    "held": RETENTION,
    "hold_released": RETENTION,
    "replayed": REPLAYS,
    "adopted": ADOPTIONS,
    "profile_fitted": CONFIG,
    "bias_measured": CONFIG,
}
"""Where the kinds of `magi.core.acts` stand; nobody looks for them elsewhere."""
KEYED = ("configured", "key_rotated")
ACTING = ("erased", "held", "hold_released")
_WHOLE = frozenset({*KEYED, *ACTING})
_ENVELOPE = frozenset({"kind", "ordinal", "refs", "stream"})
MAX_INTEGER = 2**53 - 1
"""RFC 8785 has no exact form for more."""

Value = dict[str, Any]
"""A record's decoded JSON; a whole one, or its envelope without `data`."""

YES_NO_CONDITIONAL = frozenset(("yes", "no", "conditional"))
BALLOTING, COMMENTING = ("a", "b"), ("r", "q", "w")
"""Letters of asks: answer and rebuttal cast ballots; reviews in both orders, and the writer, cast none."""

_TAIL = b',"kind":"'
"""Keys are sorted: from the last `kind` on stand kind, log, ordinal, refs, stream, v, whatever `data` holds. Within a
string the quotes would have backslashes."""


@dataclass(slots=True)
class StreamState:
    """What was seen of one stream so far. Owned by `Records`."""

    following: int = 0
    decided: bool = False
    tickets: set[tuple[str, int]] = field(default_factory=set)
    idempotency_hash: str | None = None
    seats: Mapping[str, Value] | None = None
    """The seats of the intent by ask; None before it."""
    choices: frozenset[str] | None = None
    """The options there are; None where the space is no list."""
    ballots: str = "one"
    """What a ballot on a choice names: `one` option, an `approval` of some, or a `ranking` of them."""


def whole(data: bytes) -> Value | None:
    """The record that canonical bytes hold, None where they hold none; its schema is not checked.

    Floats, integers without an exact form and other spellings of JSON are no record.
    """
    try:
        text = data.decode()
        value, end = _DECODE(text)
    except (ValueError, RecursionError, AttributeError):
        return None
    return value if isinstance(value, dict) and end == len(text) else None


def is_canonical(value: Value, data: bytes) -> bool:
    """Whether bytes are the RFC 8785 form of what `whole` read from them."""
    try:
        if _ENCODE(value).encode() == data:
            # This differs from RFC 8785 in the order of keys alone, and there beyond U+FFFF only.
            return data.isascii() or max(data) < 0xF0 or canonical(value) == data  # noqa: PLR2004  # 4-byte UTF-8
        return canonical(value) == data
    except (ValueError, RecursionError):
        return False


def envelope(data: bytes) -> Value | None:
    """Kind, log, ordinal, refs and stream of a record in canonical form; all of it where it acts on bodies or keys."""
    at = data.rfind(_TAIL)
    try:
        text = "{" + data[at + 1 :].decode()
        value, end = _READ(text)
        if at < 0 or end != len(text) or value["kind"] in _WHOLE or not _ENVELOPE.issubset(value):
            return whole(data)
    except (ValueError, RecursionError, KeyError, TypeError):
        return whole(data)
    found: Value = value
    return found


class Records:
    """The records of one log, one after the other. Owned by one check."""

    def __init__(self, findings: Findings) -> None:
        """Note in `findings` what is wrong."""
        self._findings = findings
        self.streams: dict[str, StreamState] = {}
        self.log: str | None = None
        self._requests: dict[int, bool] = {}  # requests to read, by ordinal, and whether they were granted

    def read(self, row: Cells) -> Value | None:
        """One row with its columns, if the source has some; what it says, if it is a record."""
        seq, data, _, stream, ordinal, kind = row
        value = whole(data)
        if value is None or not fits(value, data):
            self._findings.add("not_a_record", seq, stream, ordinal)
            return None
        if not is_canonical(value, data):
            self._findings.add("not_canonical", seq, value["stream"], value["ordinal"])
        if stream is not None or kind is not None:
            said = (value["stream"], value["ordinal"], value["kind"])
            if said != (stream, ordinal, kind):
                self._findings.add("columns_differ", seq, stream, ordinal)
        self._follow(seq, value)
        return value

    def _follow(self, seq: int | None, value: Value) -> None:
        name, ordinal, kind = value["stream"], value["ordinal"], value["kind"]
        if self.log is None:
            self.log = value["log"]
        if value["log"] != self.log:
            self._findings.add("other_log", seq, name, ordinal)
        first = seq == 0 if seq is not None else (name, ordinal) == (CONFIG, 0)
        if first != (kind == "configured"):
            self._findings.add("first_record", seq, name, ordinal)
        if STREAM_OF.get(kind, name) != name:
            self._findings.add("first_record" if seq == 0 else "stream_of_kind", seq, name, ordinal)
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = StreamState()
        if ordinal != stream.following:
            self._findings.add("ordinal_not_contiguous", seq, name, ordinal)
        stream.following = ordinal + 1
        problem = _problem(stream, kind, value["data"])
        if problem is not None:
            self._findings.add(problem, seq, name, ordinal)
        if name == ACCESS and not self._granted(kind, ordinal, value["data"]):
            self._findings.add("no_request", seq, name, ordinal)

    def _granted(self, kind: str, ordinal: int, event: Value) -> bool:
        """Take a record of `access`; false where it cites a request that there is not, or that nobody granted."""
        if kind == "access_requested":
            self._requests[ordinal] = False
        elif kind == "access_approved":
            known = event["request"] in self._requests
            self._requests[event["request"]] = self._requests.get(event["request"], False) or event["granted"]
            return known
        elif kind == "accessed" and event.get("request") is not None:
            return self._requests.get(event["request"], False)
        return True


def _problem(stream: StreamState, kind: str, event: Value) -> str | None:
    """Take an event of a deliberation; what is wrong with it where it stands."""
    if kind == "ticketed":
        stream.tickets.add((event["ask"], event["attempt"]))
    elif kind in ("answered", "attempt_failed"):
        if event["attempt"] and (event["ask"], event["attempt"]) not in stream.tickets:
            return "no_ticket"
        return _answer_problem(stream, event) if kind == "answered" else None
    elif kind == "decided":
        stream.decided = True
    elif kind == "opened":
        return _opening_problem(stream, event)
    return None


def _opening_problem(stream: StreamState, event: Value) -> str | None:
    if stream.seats is not None:
        return "opened_again"
    stream.idempotency_hash = event["idempotency_hash"]
    letters = BALLOTING[:1] if event.get("arbitration") is None else (*BALLOTING, *COMMENTING)
    stream.seats = {
        f"{letter}{number}": seat for number, seat in enumerate(event["seats"], start=1) for letter in letters
    }
    space = event["space"]
    if space["kind"] == "choice":
        stream.choices = frozenset(space["options"])
        rule = event["rule"]["name"]
        stream.ballots = "ranking" if rule in RANKED else "approval" if rule == "approval" else "one"
    elif space["kind"] == "yes_no_conditional":
        stream.choices = YES_NO_CONDITIONAL
    return None


def _answer_problem(stream: StreamState, event: Value) -> str | None:
    ask, ballot = event["ask"], event["ballot"]
    seat = None if stream.seats is None else stream.seats.get(ask)
    if seat is not None and ask[0] in COMMENTING:
        if ballot:
            return "ballot_form"
    elif (ballot is None) == (event["statement"] == "answer"):
        return "ballot_form"
    elif ballot is not None and not _is_inside(stream, ballot):
        return "ballot_outside"
    if seat is None:  # an ask that nobody opened moves no verdict
        return None
    if event["seat"] != seat["seat"]:
        return "other_seat"
    return "other_card" if event["attempt"] and event["card"] not in seat["targets"] else None


def _is_inside(stream: StreamState, ballot: str) -> bool:
    """Whether a ballot names what there is, and nothing twice."""
    if stream.choices is None:
        return True
    if stream.ballots == "approval":
        named = read_approval(ballot).approved
    elif stream.ballots == "ranking":
        named = tuple(option for tier in read_ranking(ballot).tiers for option in tier)
    else:
        named = (ballot,)
    return stream.choices.issuperset(named) and len(set(named)) == len(named)


@dataclass(frozen=True)
class Tombstone:
    """That a record in `retention` erased a body of a stream."""

    stream: str
    seq: int | None
    ordinal: int


class Retention:
    """Holds and tombstones, in order. Owned by one check."""

    def __init__(self, findings: Findings) -> None:
        """Note in `findings` what is wrong."""
        self._findings = findings
        self._named: dict[str, int] = {}
        self._gone: dict[str, int] = {}
        self.tombstones: dict[str, Tombstone] = {}
        self.holds: dict[str, tuple[str, ...]] = {}

    def named(self, stream: str, bodies: int) -> None:
        """A record of that stream names so many bodies."""
        self._named[stream] = self._named.get(stream, 0) + bodies

    def take(self, seq: int | None, value: Value) -> None:
        """A record of a kind in ACTING, whose shape may be anything at depth `bodies`."""
        try:
            self._take(seq, value)
        except (KeyError, TypeError):
            self._findings.add("not_a_record", seq, value.get("stream"), value.get("ordinal"))

    def _take(self, seq: int | None, value: Value) -> None:
        event, place = value["data"], (seq, value["stream"], value["ordinal"])
        if value["kind"] == "erased":
            self._erase(Tombstone(event["stream"], seq, value["ordinal"]), event, place)
        elif value["kind"] == "held":
            if event["name"] in self.holds:
                self._findings.add("hold_known", *place)
            self.holds[event["name"]] = tuple(event["streams"])
        elif self.holds.pop(event["name"], None) is None:
            self._findings.add("hold_unknown", *place)

    def _erase(self, stone: Tombstone, event: Value, place: tuple[object, object, object]) -> None:
        if any({stone.stream, EVERY_STREAM} & set(streams) for streams in self.holds.values()):
            self._findings.add("erased_under_hold", *place)
        for commitment in event["commitments"]:
            if commitment in self.tombstones:
                self._findings.add("erased_twice", *place)
            self.tombstones[commitment] = stone
        gone = self._gone[stone.stream] = self._gone.get(stone.stream, 0) + len(event["commitments"])
        if event["whole"] != (gone == self._named.get(stone.stream, 0)):
            self._findings.add("erased_whole", *place)


def fits(value: Value, data: bytes) -> bool:
    """Whether a record is one of the schema; `data` are the bytes that `whole` read it from.

    The bytes are validated as they are, three times as fast as the decoded value; `parse_record`, whose word counts,
    is asked where they do not pass.
    """
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return False
    try:
        _model_of(kind).model_validate_json(data)
    except ValidationError:
        return _parses(value)
    except RecursionError:
        return False
    return True


@functools.cache
def _model_of(kind: str) -> type[Record]:
    """The record's envelope around the event of that kind."""
    return create_model(f"Record_{kind}", __base__=Record, data=(KINDS[kind], ...))


def _parses(value: Value) -> bool:
    try:
        parse_record(value)
    except (MalformedFileError, ValueError, RecursionError):
        return False
    return True


def _integer(text: str) -> int:
    value = int(text)
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ValueError(len(text))
    return value


def _refused(text: str) -> float:
    raise ValueError(len(text))


_DECODE = json.JSONDecoder(parse_int=_integer, parse_float=_refused, parse_constant=_refused).raw_decode
_READ = json.JSONDecoder(parse_float=_refused, parse_constant=_refused).raw_decode
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
