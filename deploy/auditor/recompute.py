#!/usr/bin/env python3
"""Recompute the verdicts of an exported log: one file, Python 3.9 or later, nothing but its standard library.

    python3 -I recompute.py EXPORT_DIR [--vkey KEY] [--checkpoint OLDER] [--json]

Written from docs/RECOMPUTE.md and docs/EXPORT.md alone, without reading or importing the program that wrote the log.

1. Reads `checkpoint` and the entry bundles that a log of its size has.
2. Reads every record strictly: JSON, RFC 8785 bytes, schema of the fields that count, ordinals of every stream.
3. Compares the RFC 6962 root of all records with the checkpoint, and that of the first of them with an older one.
4. Verifies the Ed25519 signatures (RFC 8032) by the keys that the records leave in force, which `log.vkey` must list,
   or by the one that the auditor brought.
5. Feeds each deliberation to the machine of docs/RECOMPUTE.md and compares the bytes of the verdict.

Prints stream names, codes and names of fields, never what somebody asked or answered. Exit code: 0 all is as recorded,
1 something differs, 2 the log cannot be read as one. Leaves to others: bodies, hash tiles, `contents.json`, and
whether a text was put into the right class.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Iterator, NoReturn, Optional  # noqa: UP035  # Python 3.9 on an auditor's laptop

WIDTH = 256
"""Records in a full bundle (C2SP tlog-tiles)."""
SAFE_INTEGER = 2**53 - 1
"""RFC 8785 knows no larger integer."""
NAME_LENGTH = 200
ED25519 = b"\x01"

Json = Any
"""Any JSON value; the tables of checks below say what may be in it."""
Check = Callable[[Json], bool]


class UnreadableError(Exception):
    """The log cannot be read as one: a fault by its code, and the place. Quotes nothing of a record."""

    def __init__(self, fault: str, place: str) -> None:
        """A fault at a place."""
        super().__init__(f"{fault}: {place}")


# --- canonical bytes -------------------------------------------------------------------------------------------------


def canonical(value: Json) -> str:
    """The RFC 8785 text of a value of null, booleans, integers, strings, lists and objects."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # escapes what RFC 8785 escapes, in the same spelling


def _integer(text: str) -> int:
    if abs(int(text)) > SAFE_INTEGER:
        raise ValueError("integer")
    return int(text)


def _no_number(_: str) -> NoReturn:
    raise ValueError("number")


def decode(data: bytes) -> Json:
    """The value of canonical bytes.

    Raises:
        ValueError: they are not the RFC 8785 form of a value with safe integers, or not JSON at all.
        RecursionError: nested too deeply to be a record.
    """
    hooks: dict[str, Any] = {"parse_int": _integer, "parse_float": _no_number, "parse_constant": _no_number}
    value = json.loads(data.decode("utf-8"), **hooks)
    # A name that stands twice does not survive this either.
    if canonical(value).encode("utf-8") != data:
        raise ValueError("form")
    return value


# --- the fields that count -------------------------------------------------------------------------------------------


def _is_name(value: Json) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= NAME_LENGTH


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_integer(value: Json) -> bool:
    return type(value) is int


def _is_flag(value: Json) -> bool:
    return isinstance(value, bool)


def _is_share(value: Json) -> bool:
    if not (isinstance(value, list) and len(value) == 2 and all(map(_is_integer, value))):  # noqa: PLR2004  # a pair
        return False
    part: int = value[0]
    whole: int = value[1]
    return 1 <= part <= 100 and 1 <= whole <= 100 and part <= whole < 2 * part  # noqa: PLR2004  # the document's


def _least(least: int) -> Check:
    return lambda value: _is_integer(value) and value >= least


def _word(*words: str) -> Check:
    return lambda value: _is_text(value) and value in words


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list(check: Check, least: int = 0) -> Check:
    return lambda value: isinstance(value, list) and len(value) >= least and all(map(check, value))


def _has(fields: dict[str, Check], *, exactly: bool = False) -> Check:
    def check(value: Json) -> bool:
        if not isinstance(value, dict) or (exactly and len(value) != len(fields)):
            return False
        return all(name in value and good(value[name]) for name, good in fields.items())

    return check


def _is_rule(value: Json) -> bool:
    names = _word("plurality", "majority", "supermajority", "unanimity")
    if not _has({"name": names})(value) or value.get("tie", "none") not in ("none", "order"):
        return False
    share = value.get("share")
    return _is_share(share) if value["name"] == "supermajority" else share is None


def _are_seats(value: Json) -> bool:
    seats = _list(_has({"seat": _is_name, "targets": _list(_is_name, 1)}), 1)
    return seats(value) and len({seat["seat"] for seat in value}) == len(value)


_PLAN = _list(_has({"seat": _is_name, "card": _is_name, "admitted": _is_flag}))
_SPACE = _has({"kind": _word("choice", "yes_no_conditional", "number", "date", "open")})
_SAID = ("answer", "refusal", "abstention", "failure")
_ORIGIN = _word("live", "scripted", "recorded")
_REPORT: dict[str, Check] = {
    "seat": _is_name,
    "ask": _or_null(_is_name),
    "card": _or_null(_is_name),
    "said": _word(*_SAID, "not_admitted", "outstanding", "cancelled"),
    "answer_class": _or_null(_is_text),
    "failure": _or_null(_is_name),
    "origin": _or_null(_ORIGIN),
}
_VERDICT: dict[str, Check] = {
    "outcome": _word("unanimous", "majority", "conditional", "tied", "no_quorum", "withheld"),
    "answer_class": _or_null(_is_text),
    "attributed": _or_null(_is_name),
    "tally": _list(_has({"answer_class": _is_text, "seats": _list(_is_name)}, exactly=True)),
    "seats": _list(_has(_REPORT, exactly=True)),
    "dissent": _list(_is_name),
    "confidence_bp": _or_null(_is_integer),
    "outstanding": _list(_is_name),
    "flags": _list(_is_name),
}
READ: dict[str, Check] = {
    "opened": _has(
        {"space": _SPACE, "seats": _are_seats, "rule": _is_rule, "quorum": _least(1), "plan": _PLAN}
    ),
    "answered": _has(
        {
            "ask": _is_name,
            "card": _is_name,
            "statement": _word(*_SAID),
            "ballot": _or_null(lambda value: _is_text(value) and len(value) <= NAME_LENGTH),
            "failure": _or_null(_is_name),
            "origin": _ORIGIN,
        }
    ),
    "classified": _has(
        {"classes": lambda value: isinstance(value, dict) and all(map(_is_name, value.values()))}
    ),
    "label_raised": _has({"plan": _PLAN}),
    "deadline_passed": _has({}),
    "cancelled": _has({"asks": _list(_is_name)}),
    "decided": _has(_VERDICT, exactly=True),
}
"""The kinds that are read, and the check of their data."""
KEYS: dict[str, Check] = {
    "configured": _has({"key": _is_name}),
    "key_rotated": _has({"added": _list(_is_name), "removed": _list(_is_name)}),
}
"""The kinds that say which keys sign for the log; they move no deliberation."""
OTHER_KINDS = frozenset(
    (
        "ticketed",
        "attempt_failed",
        "refused",
        "alarm",
        "label_lowered",
        "abandoned",
        "configured",
        "accessed",
        "access_requested",
        "access_approved",
        "access_denied",
        "access_denied",
        "erased",
        "held",
        "hold_released",
        "key_rotated",
        "replayed",
    )
)
"""The kinds that move nothing."""


# --- the log ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checkpoint:
    """A signed head: what was signed, and its signatures as (name, key hash, signature)."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes, bytes]]


@dataclass
class Log:
    """What is kept of a log: leaf hashes, records of deliberations, the keys it leaves in force and ever had."""

    leaves: list[bytes] = field(default_factory=list)
    streams: dict[str, list[tuple[str, Json]]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    ever: list[str] = field(default_factory=list)


def read_file(path: Path) -> bytes:
    """The bytes of a file of the export.

    Raises:
        UnreadableError: it is not there.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError("missing", path.name) from error


def _base64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode("ascii") != text:
        # Spare bits that are not zero would be a second spelling.
        raise ValueError("base64")
    return data


def parse_checkpoint(data: bytes) -> Checkpoint:
    """A checkpoint (C2SP tlog-checkpoint) in its signed note, signatures unverified.

    Raises:
        UnreadableError: it has another form.
    """
    try:
        text, lines = data.decode("utf-8").rsplit("\n\n", 1)
        origin, size, root = text.split("\n")[:3]
        signatures = []
        for line in lines.removesuffix("\n").split("\n"):
            mark, name, coded = line.split(" ")
            raw = _base64(coded)
            if mark != "\u2014" or not name or len(raw) <= 4 or not lines.endswith("\n"):  # noqa: PLR2004  # key hash
                raise ValueError("signature")  # noqa: TRY301  # one way out for every fault of form
            signatures.append((name, raw[:4], raw[4:]))
        head = _base64(root)
        if not origin or len(head) != hashlib.sha256().digest_size or str(int(size)) != size or int(size) < 0:
            raise ValueError("head")  # noqa: TRY301  # as above
        return Checkpoint(text + "\n", origin, int(size), head, signatures)
    except ValueError as error:
        raise UnreadableError("form", "checkpoint") from error


def read_entries(folder: Path, size: int) -> Iterator[bytes]:
    """The records of a log of `size`, in order.

    Raises:
        UnreadableError: a bundle is missing, cut, or holds more or fewer records than it must.
    """
    for number in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - number * WIDTH)
        parts = [f"{number % 1000:03d}"]
        rest = number // 1000
        while rest:
            parts.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        path = folder.joinpath("tile", "entries", *parts)
        if width < WIDTH:
            path = path.with_name(path.name + ".p") / str(width)
        data, at = read_file(path), 0
        for _ in range(width):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            if end > len(data) or at + 2 > len(data):
                raise UnreadableError("cut", f"entries {number}")
            yield data[at + 2 : end]
            at = end
        if at != len(data):
            raise UnreadableError("longer", f"entries {number}")


def read_log(folder: Path, head: Checkpoint) -> Log:
    """Every record of the log, each checked by itself and in its stream.

    Raises:
        UnreadableError: with the place of the first record that an honest log cannot hold.
    """
    log = Log()
    for place, data in enumerate(read_entries(folder, head.size)):
        try:
            _take(log, head.origin, decode(data))
        except (ValueError, RecursionError) as error:
            # The message of an own ValueError is one word; others may quote the record.
            word = error.args[0] if error.args and error.args[0] in _FAULTS else "json"
            raise UnreadableError(word, f"record {place}") from None
        log.leaves.append(hashlib.sha256(b"\x00" + data).digest())
    return log


_FAULTS = ("integer", "number", "form", "envelope", "kind", "ordinal", "data")


def _take(log: Log, origin: str, record: Json) -> None:
    envelope = {"v": _least(1), "log": _is_name, "stream": _is_name, "ordinal": _least(0), "kind": _is_text}
    if not _has(envelope)(record) or record["v"] != 1 or record["log"] != origin:
        raise ValueError("envelope")
    stream, kind, data = record["stream"], record["kind"], record.get("data")
    if kind not in READ and kind not in OTHER_KINDS:
        raise ValueError("kind")
    if record["ordinal"] != log.lengths.get(stream, 0):
        raise ValueError("ordinal")
    if not READ.get(kind, KEYS.get(kind, _has({})))(data):
        raise ValueError("data")
    log.lengths[stream] = record["ordinal"] + 1
    if stream.startswith("d/"):
        log.streams.setdefault(stream, []).append((kind, data if kind in READ else None))
    elif stream == "config" and kind in KEYS:
        added = [data["key"]] if kind == "configured" else data["added"]
        log.keys = [key for key in log.keys + added if key not in data.get("removed", [])]
        log.ever += added


def root_of(leaves: list[bytes]) -> bytes:
    """The root of an RFC 6962 tree over these leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    row = leaves
    while (
        len(row) > 1
    ):  # a node without a sibling rises as it is: the same tree as the recursive definition's
        odd = row[len(row) & ~1 :]
        row = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(row[::2], row[1::2])] + odd  # noqa: B905  # 3.9
    return row[0]


# --- Ed25519 (RFC 8032, section 5.1) ---------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


def _add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _encoded(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _point(data: bytes) -> Optional[Point]:  # noqa: UP045  # Python 3.9
    coded = int.from_bytes(data, "little")
    y, sign = coded & (2**255 - 1), coded >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (not x and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


_BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64-byte signature over the message is that of the 32-byte public key (RFC 8032, 5.1.7)."""
    point = _point(key) if len(key) == 32 and len(signature) == 64 else None  # noqa: PLR2004  # RFC 8032, 5.1
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or _BASE is None or scalar >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    negative = (P - point[0], point[1], 1, P - point[3])
    return _encoded(_add(_times(scalar, _BASE), _times(challenge, negative))) == signature[:32]


def signed_by(head: Checkpoint, vkeys: list[str], *, by_all: bool) -> bool:
    """Whether one of these keys, or every one, signed the head, and no signature by any is false (C2SP signed-note).

    Raises:
        UnreadableError: a verifier key has another form.
    """
    results = []
    for vkey in vkeys:
        try:
            name, tag, coded = vkey.split("+", 2)
            raw, key_hash = _base64(coded), bytes.fromhex(tag)
        except ValueError as error:
            raise UnreadableError("form", "verifier key") from error
        said = hashlib.sha256(name.encode("utf-8") + b"\n" + raw).digest()[:4]
        if raw[:1] != ED25519 or said != key_hash:
            raise UnreadableError("hash", "verifier key")
        mine = [made for by, tagged, made in head.signatures if (by, tagged) == (name, key_hash)]
        results.append([ed25519_verifies(raw[1:], head.text.encode("utf-8"), made) for made in mine])
    signed = [bool(mine) for mine in results]
    return (all(signed) if by_all else any(signed)) and bool(signed) and all(map(all, results))


# --- the deliberation as a machine (docs/RECOMPUTE.md, sections 2, 3 and 5) -------------------------------------------


@dataclass
class Seat:
    """A seat of the council: what it was asked as, how it stands, and its accepted `answered`."""

    name: str
    ask: Optional[str]  # noqa: UP045  # Python 3.9
    standing: str
    accepted: Optional[dict[str, Json]] = None  # noqa: UP045  # Python 3.9

    @property
    def is_live(self) -> bool:
        """Whether the seat casts a ballot."""
        said = self.accepted
        return said is not None and said["statement"] == "answer" and said["ballot"] is not None


class Deliberation:
    """One deliberation, fed with its records; `verdict` is there once the phase is `decided`."""

    def __init__(self, opened: dict[str, Json]) -> None:
        """Begin with the intent."""
        self.opened = opened
        self.phase = "asking"
        self.verdict: Optional[dict[str, Json]] = None  # noqa: UP045  # Python 3.9
        self.was = _admitted(opened["plan"])
        self.seats = []
        for place, seat in enumerate(opened["seats"], start=1):
            is_in = any((seat["seat"], target) in self.was for target in seat["targets"])
            self.seats.append(
                Seat(seat["seat"], f"a{place}" if is_in else None, "running" if is_in else "not_admitted")
            )
        self._settle()

    def feed(self, kind: str, data: dict[str, Json]) -> None:
        """The next record of the stream."""
        if self.phase == "classifying" and kind == "classified":
            self._classify(data["classes"])
        if self.phase != "asking":
            return
        running = [seat for seat in self.seats if seat.standing == "running"]
        if kind == "answered":
            for seat in running:
                if seat.ask == data["ask"]:
                    seat.standing, seat.accepted = "answered", data
        elif kind == "deadline_passed":
            _stop(running, "outstanding")
        elif kind == "cancelled":
            _stop([seat for seat in running if seat.ask in data["asks"]], "cancelled")
        elif kind == "label_raised":
            barred = {name for name, _ in self.was - _admitted(data["plan"])}
            _stop([seat for seat in running if seat.name in barred], "cancelled")
        self._settle()

    def _settle(self) -> None:
        if any(seat.standing == "running" for seat in self.seats):
            return
        if self.opened["space"]["kind"] == "open" and any(seat.is_live for seat in self.seats):
            self.phase = "classifying"
        else:
            self._decide(
                {seat.name: seat.accepted["ballot"] for seat in self.seats if seat.is_live and seat.accepted}
            )

    def _classify(self, classes: dict[str, str]) -> None:
        live = [seat for seat in self.seats if seat.is_live]
        if all(seat.ask in classes for seat in live):
            self._decide({seat.name: classes[seat.ask] for seat in live if seat.ask})

    def _decide(self, held: dict[str, str]) -> None:
        self.phase = "decided"
        self.verdict = verdict_of(self.opened, self.seats, held)


def _admitted(plan: list[dict[str, Json]]) -> set[tuple[str, str]]:
    return {(line["seat"], line["card"]) for line in plan if line["admitted"]}


def _stop(seats: list[Seat], standing: str) -> None:
    for seat in seats:
        seat.standing = standing


def count(rule: dict[str, Json], quorum: int, sizes: list[int]) -> str:
    """What the numbers of ballots by class, most first, come to.

    One of no_quorum, tie, below, won, broken; in the last two the first class has won.
    """
    cast, most = sum(sizes), sizes[0] if sizes else 0
    if cast < quorum:
        return "no_quorum"
    alone = sizes.count(most) == 1
    part, whole = rule.get("share") or (0, 1)
    holds = {
        "plurality": True,
        "majority": 2 * most > cast,
        "supermajority": most * whole >= part * cast,
        "unanimity": most == cast,
    }[rule["name"]]
    if not holds:
        return "below" if alone else "tie"
    if alone:
        return "won"
    return "broken" if rule.get("tie") == "order" and most >= 2 else "tie"  # noqa: PLR2004  # section 5, step 4


def verdict_of(opened: dict[str, Json], seats: list[Seat], held: dict[str, str]) -> dict[str, Json]:
    """The verdict on the classes that seats hold, by name of seat in seat order (sections 5 and 6)."""
    lines: dict[str, list[str]] = {}
    for name, answer_class in held.items():
        lines.setdefault(answer_class, []).append(name)
    tally = sorted(lines.items(), key=lambda line: -len(line[1]))  # stable: then by the first seat
    counted = count(opened["rule"], opened["quorum"], [len(names) for _, names in tally])
    winner = tally[0][0] if counted in ("won", "broken") else None
    is_open = opened["space"]["kind"] == "open"
    stands = tally[0][0] if is_open and counted != "no_quorum" else winner
    attributed = None
    if is_open and stands is not None:
        attributed = next(seat.ask for seat in seats if held.get(seat.name) == stands)
    heard = [seat.accepted for seat in seats if seat.accepted]
    flags = {
        "attributed": attributed is not None,
        "degraded": len([said for said in heard if said["statement"] != "failure"]) < len(seats),
        "recording": any(said["origin"] == "recorded" for said in heard),
        "rehearsal": any(said["origin"] == "scripted" for said in heard),
        "tie_broken": counted == "broken",
        "uncompared": is_open and len(tally) > 1,
    }
    unanimous = len(held) == len(seats) and len(tally) == 1
    outcome = {"no_quorum": "no_quorum", "tie": "tied", "below": "withheld"}.get(counted)
    if outcome is None and opened["space"]["kind"] == "yes_no_conditional" and winner == "conditional":
        outcome = "conditional"
    return {
        "outcome": outcome or ("unanimous" if unanimous else "majority"),
        "answer_class": winner,
        "attributed": attributed,
        "tally": [{"answer_class": answer_class, "seats": names} for answer_class, names in tally],
        "seats": [_report(seat, held.get(seat.name)) for seat in seats],
        "dissent": [
            seat.ask
            for seat in seats
            if stands is not None and seat.name in held and held[seat.name] != stands
        ],
        "confidence_bp": None,
        "outstanding": [seat.ask for seat in seats if seat.standing == "outstanding"],
        "flags": [flag for flag, is_set in flags.items() if is_set],
    }


def _report(seat: Seat, answer_class: Optional[str]) -> dict[str, Json]:  # noqa: UP045  # Python 3.9
    said = seat.accepted or {"card": None, "statement": seat.standing, "failure": None, "origin": None}
    return {
        "seat": seat.name,
        "ask": seat.ask,
        "card": said["card"],
        "said": said["statement"],
        "answer_class": answer_class,
        "failure": said["failure"],
        "origin": said["origin"],
    }


# --- results (section 4) ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What came of one stream; the verdicts as RFC 8785 bytes, where both are there."""

    stream: str
    result: str
    recorded: Optional[bytes] = None  # noqa: UP045  # Python 3.9
    recomputed: Optional[bytes] = None  # noqa: UP045  # Python 3.9
    fields: tuple[str, ...] = ()


LATE = ("answered", "classified", "deadline_passed")
"""Kinds that cannot come when nothing is asked any more."""


def recompute(stream: str, records: list[tuple[str, Json]]) -> Result:
    """The result of one stream: same, different, open, refused or malformed."""
    kinds = [kind for kind, _ in records]
    if kinds[:1] != ["opened"]:
        return Result(stream, "refused" if kinds and set(kinds) == {"refused"} else "malformed")
    if "decided" not in kinds:
        return Result(stream, "open")
    place = kinds.index("decided")
    if "decided" in kinds[place + 1 :] or any(kind in LATE for kind in kinds[place + 1 :]):
        return Result(stream, "malformed")
    deliberation = Deliberation(records[0][1])
    for kind, data in records[1:place]:
        if deliberation.phase == "decided" and kind in LATE:
            return Result(stream, "malformed")
        deliberation.feed(kind, data)
    verdict, recorded = deliberation.verdict, records[place][1]
    if verdict is None:
        return Result(stream, "malformed")
    both = canonical(recorded).encode("utf-8"), canonical(verdict).encode("utf-8")
    fields = tuple(name for name in sorted(verdict) if canonical(recorded[name]) != canonical(verdict[name]))
    return Result(stream, "same" if both[0] == both[1] else "different", *both, fields)


def check_tree(head: Checkpoint, log: Log, vkey: Optional[str], older: Optional[Checkpoint]) -> list[str]:  # noqa: UP045
    """What is wrong with the tree and its signed heads, one code each; nothing where all is as it must be."""
    wrong = []
    if root_of(log.leaves) != head.root:
        wrong.append("root")
    if not signed_by(head, [vkey] if vkey else log.keys, by_all=True):
        wrong.append("signature")
    if older is None:
        return wrong
    if not signed_by(older, [vkey] if vkey else log.ever, by_all=False) or older.origin != head.origin:
        wrong.append("older_signature")
    if older.size > head.size:
        wrong.append("truncated")
    elif root_of(log.leaves[: older.size]) != older.root:
        wrong.append("rewritten")
    return wrong


# --- the command -----------------------------------------------------------------------------------------------------

MEANING = {
    "root": "記録の木の根が署名された値と異なる / the root of the records is not the signed one",
    "signature": "署名を確かめられない / not signed by every key in force, or not by yours",
    "keys": "log.vkey が記録の鍵と異なる / log.vkey is not what the records leave in force",
    "older_signature": "手元の checkpoint の署名を確かめられない / the older checkpoint is not signed by a known key",
    "truncated": "手元の checkpoint より短い / shorter than the older checkpoint",
    "rewritten": "手元の checkpoint の後で書き換えられた / rewritten since the older checkpoint",
    "different": "結論が記録と異なる / the verdict is not the recorded one",
    "malformed": "審議として成り立たない / not the records of a deliberation",
    "same": "一致",
    "open": "審議中",
    "refused": "諮らず",
}


def report(folder: Path, vkey: Optional[str], older: Optional[Path]) -> dict[str, Json]:  # noqa: UP045  # Python 3.9
    """Everything that was found in an exported log; digests stand for verdicts.

    Raises:
        UnreadableError: it cannot be read as a log.
    """
    head = parse_checkpoint(read_file(folder / "checkpoint"))
    log = read_log(folder, head)
    wrong = check_tree(head, log, vkey, parse_checkpoint(read_file(older)) if older else None)
    listed = read_file(folder / "log.vkey")
    if listed != "".join(f"{key}\n" for key in log.keys).encode("utf-8"):
        wrong.append("keys")
    results = [recompute(stream, records) for stream, records in log.streams.items()]
    counts = dict.fromkeys(("same", "different", "open", "refused", "malformed"), 0)
    for found in results:
        counts[found.result] += 1
    return {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "key": "brought" if vkey else "export",
        "wrong": wrong,
        "counts": counts,
        "streams": [
            {
                "stream": found.stream,
                "result": found.result,
                "recorded": hashlib.sha256(found.recorded).hexdigest() if found.recorded else None,
                "recomputed": hashlib.sha256(found.recomputed).hexdigest() if found.recomputed else None,
                "fields": list(found.fields),
            }
            for found in results
        ],
    }


def _lines(found: dict[str, Json]) -> Iterator[str]:
    for code in found["wrong"]:
        yield f"{code}: {MEANING[code]}"
    for line in found["streams"]:
        if line["result"] in ("different", "malformed"):
            fields = f" ({', '.join(line['fields'])})" if line["fields"] else ""
            yield f"{line['stream']}: {line['result']}: {MEANING[line['result']]}{fields}"
    if found["key"] == "export":
        yield "鍵は書き出しに付いていたもの / the key came with the export: bring your own with --vkey"
    counts = ", ".join(
        f"{MEANING[word].split(' / ')[0]} {word} {number}" for word, number in found["counts"].items()
    )
    yield f"{found['size']} 件の記録 / records. {counts}"


def main(arguments: list[str]) -> int:
    """Check one export; the exit code is 0, 1 or 2, as the head of this file says."""
    parser = argparse.ArgumentParser(description="結論の再計算 / Recompute the verdicts of an exported log.")
    parser.add_argument("export", type=Path, help="書き出したフォルダ / the exported folder")
    parser.add_argument("--vkey", help="手元の検証鍵 / the verifier key that you kept")
    parser.add_argument(
        "--checkpoint", type=Path, help="手元の checkpoint / an older checkpoint that you kept"
    )
    parser.add_argument("--json", action="store_true", help="JSON で / as JSON")
    given = parser.parse_args(arguments)
    try:
        found = report(given.export, given.vkey, given.checkpoint)
    except UnreadableError as error:
        print(f"読めない記録 / not readable as a log: {error}", file=sys.stderr)  # noqa: T201  # a command
        return 2
    print(json.dumps(found) if given.json else "\n".join(_lines(found)))  # noqa: T201  # a command
    return 1 if found["wrong"] or found["counts"]["different"] or found["counts"]["malformed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
