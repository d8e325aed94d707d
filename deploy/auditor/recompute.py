#!/usr/bin/env python3
"""Recompute the verdicts of an exported log: one file, Python 3.9 or later, nothing but its standard library.

    python3 -I recompute.py EXPORT_DIR [--vkey KEY] [--checkpoint OLDER] [--json]

Written from docs/RECOMPUTE.md and docs/EXPORT.md, without importing the program that wrote the log: what is of sections
1 to 8 also without reading it; section 9 (terms of arbitration) by the hand that described the program there.

1. Reads `checkpoint` and the entry bundles that a log of its size has.
2. Reads every record strictly: JSON, RFC 8785 bytes, schema of the fields that count, ordinals of every stream.
3. Compares the RFC 6962 root of all records with the checkpoint, and that of the first of them with an older one.
4. Verifies the Ed25519 signatures (RFC 8032) by the keys that the records leave in force, which `log.vkey` must list,
   or by the one that the auditor brought.
5. Feeds each deliberation to the machine of docs/RECOMPUTE.md and compares the bytes of the verdict.

Prints stream names, codes and names of fields, never what somebody asked or answered. Exit code: 0 all is as recorded,
1 something differs, 2 the log cannot be read as one. Leaves to others: bodies, hash tiles, `contents.json`, and
whether a text was put into the right class, a claim checked rightly, or terms made rightly.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import re
import sys
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any, Callable, Iterator, NoReturn  # noqa: UP035  # Python 3.9 on an auditor's laptop

WIDTH = 256
"""Records in a full bundle (C2SP tlog-tiles)."""
SAFE_INTEGER = 2**53 - 1
"""RFC 8785 knows no larger integer."""
NAME_LENGTH = 200
BALLOT_LENGTH = 400
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


def _range(least: int, most: int) -> Check:
    return lambda value: _is_integer(value) and least <= value <= most


def _map(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _pair(check: Check) -> Check:
    return lambda value: _list(check)(value) and len(value) == 2  # noqa: PLR2004  # a pair


def _has(fields: dict[str, Check], *, exactly: bool = False, absent: tuple[str, ...] = ()) -> Check:
    """An object with these fields; of those in `absent` none need be there."""

    def check(value: Json) -> bool:
        if not isinstance(value, dict) or (exactly and not value.keys() <= fields.keys()):
            return False
        return all(good(value[name]) if name in value else name in absent for name, good in fields.items())

    return check


SIMPLE = ("plurality", "majority", "supermajority", "unanimity")
RANKED = ("borda", "copeland", "kemeny", "minimax", "ranked_pairs", "schulze")
ORDERING = ("kemeny", "ranked_pairs")
"""Rules that walk the orders of the options: of six at most."""
MOST_ORDERED = 6


def _is_rule(value: Json) -> bool:
    if not _has({"name": _word(*SIMPLE, *RANKED, "approval", "weighted", "chosen")})(value):
        return False
    share = value.get("share")
    known = value.get("tie", "none") in ("none", "order", "options", "reliable")
    return known and (_is_share(share) if value["name"] == "supermajority" else share is None)


def _are_seats(value: Json) -> bool:
    seats = _list(_has({"seat": _is_name, "targets": _list(_is_name, 1)}), 1)
    return seats(value) and len({seat["seat"] for seat in value}) == len(value)


def _is_option(value: Json) -> bool:
    # The signs that spell a ranking are ASCII.
    return _is_text(value) and 1 <= len(value) <= 8 and all(c.isalnum() or ord(c) > 127 for c in value)  # noqa: PLR2004


def _is_space(value: Json) -> bool:
    if not _has({"kind": _word("choice", "yes_no_conditional", "number", "date", "open")})(value):
        return False
    if value["kind"] != "choice":
        return True
    options = value.get("options")
    return _list(_is_option, 2)(options) and len(options) <= 26 and len(set(options)) == len(options)  # noqa: PLR2004


_TOPIC = re.compile("[a-z][a-z0-9-]{0,63}")
_STEPS = _list(_has({"raw_bp": _range(0, 10_000), "shown_bp": _range(0, 10_000)}))


def _is_topic(value: Json) -> bool:
    return _is_text(value) and _TOPIC.fullmatch(value) is not None


def _is_calibration(value: Json) -> bool:
    fields = {
        "method": _word("none", "temperature", "isotonic"),
        "temperature_permille": _range(250, 8_000),
        "steps": _STEPS,
    }
    if not _has(fields, absent=tuple(fields))(value):
        return False
    steps = value.get("steps", [])
    ascends = all(
        one["raw_bp"] < two["raw_bp"] and one["shown_bp"] <= two["shown_bp"]
        for one, two in zip(steps, steps[1:])  # noqa: B905, RUF007  # Python 3.9
    )
    return ascends and (value.get("method", "none") == "isotonic") == bool(steps)


_MEASURED = _has(
    {
        "aggregator": _word(
            *("plurality", "majority", "log_odds", "log_odds_topic", "logit", "logit_topic"),
            *("best_seat", "best_seat_topic", "unanimous_else_strongest"),
        ),
        "weights": _list(_range(0, 6_000)),
        "odds": _list(_range(0, 6_000)),
        "ranks": _list(_least(0)),
        "n_eff_centi": _range(0, 6_400),
        "rho_ppm": _is_integer,
        "options": _least(2),
        "calibration": _is_calibration,
        "answer_from_bp": _or_null(_least(0)),
    }
)
_TERMS = _has(
    {
        "v": lambda value: _is_integer(value) and value == 1,
        "mode": _word("parallel", "sequential"),
        "rebuttal": _is_flag,
        "peer_review": _is_flag,
        "severity_floor": _is_flag,
        "withhold": _is_flag,
        "barred_alone": _is_flag,
        "needs_domestic": _is_flag,
        "rested": _list(_has({"seat": _is_name})),
        "order": _list(_is_name),
        "writers": _list(_is_name),
        "cards": _map(_has({"bloc": _is_name, "domestic": _is_flag, "lineage": _or_null(_is_name)})),
        "measured": _or_null(_MEASURED),
        "contested": _map(_list(_is_topic)),
        "sources": _list(_has({"stale": _is_flag, "instructs": _is_flag}, absent=("instructs",))),
    },
    absent=("v", "rested", "writers", "measured", "contested", "sources"),
)


def _fits(opened: Json) -> bool:
    """Whether terms, rule, seats and options of an intent go together."""
    terms, rule = opened.get("arbitration"), opened["rule"]
    if terms is None:
        return rule["name"] in SIMPLE and rule.get("tie", "none") in ("none", "order")
    names = [seat["seat"] for seat in opened["seats"]]
    spoken = [*terms["order"], *(rested["seat"] for rested in terms.get("rested", []))]
    numbers = terms.get("measured") or {"weights": names, "odds": names, "ranks": names}
    counts = {len(numbers[name]) for name in ("weights", "odds", "ranks")}
    few = opened["space"]["kind"] != "choice" or len(opened["space"]["options"]) <= MOST_ORDERED
    return (
        sorted(spoken) == sorted(names)
        and set(terms.get("writers", [])) <= set(names)
        and counts == {len(names)}
        and (few or rule["name"] not in ORDERING)
    )


def _is_intent(value: Json) -> bool:
    fields = {
        "space": _is_space,
        "seats": _are_seats,
        "rule": _is_rule,
        "quorum": _least(1),
        "plan": _PLAN,
        "arbitration": _or_null(_TERMS),
    }
    return _has(fields, absent=("arbitration",))(value) and _fits(value)


_PLAN = _list(_has({"seat": _is_name, "card": _is_name, "admitted": _is_flag}))
_SAID = ("answer", "refusal", "abstention", "evasion", "failure")
_BASIS = _word("cited", "stated", "none")
_SUPPORT = _word("supported", "unverified", "contradicted", "uncited", "unchecked")
_TIERS = _list(_list(_is_name))
_ORIGIN = _word("live", "scripted", "recorded")
_REPORT: dict[str, Check] = {
    "seat": _is_name,
    "ask": _or_null(_is_name),
    "card": _or_null(_is_name),
    "said": _word(*_SAID, "not_admitted", "outstanding", "cancelled", "not_asked", "rested"),
    "answer_class": _or_null(_is_text),
    "failure": _or_null(_is_name),
    "origin": _or_null(_ORIGIN),
}
_CLAIM_LINE: dict[str, Check] = {
    "id": _is_name,
    "status": _word("accepted", "contested", "rejected", "unverified"),
    "basis": _BASIS,
    "support": _SUPPORT,
    "authors": _list(_is_name),
    "supporters": _list(_is_name),
    "opposers": _list(_is_name),
}
_VOICES: dict[str, Check] = {"seats": _least(0), "voices_milli": _least(0), "measured": _is_flag}
_MOVE: dict[str, Check] = {"seat": _is_name, "before": _or_null(_is_text), "after": _or_null(_is_text)}
_ARBITRATED: dict[str, Check] = {
    "review": _list(_is_name),
    "blocked_by": _list(_is_name),
    "ranking": _list(_list(_is_text)),
    "moves": _list(_has(_MOVE, exactly=True)),
    "independence": _has(_VOICES, exactly=True),
    "raw_bp": _or_null(_is_integer),
    "claims": _list(_has(_CLAIM_LINE, exactly=True)),
    "coverage": _or_null(_pair(_least(0))),
    "draft": _or_null(_is_name),
}
_VERDICT: dict[str, Check] = {
    "outcome": _word(
        "unanimous", "majority", "single_seat", "weighted", "conditional", "tied", "no_quorum", "withheld"
    ),
    "answer_class": _or_null(_is_text),
    "attributed": _or_null(_is_name),
    "tally": _list(_has({"answer_class": _is_text, "seats": _list(_is_name)}, exactly=True)),
    "seats": _list(_has(_REPORT, exactly=True)),
    "dissent": _list(_is_name),
    "confidence_bp": _or_null(_is_integer),
    "outstanding": _list(_is_name),
    "flags": _list(_is_name),
    "arbitration": _has(_ARBITRATED, exactly=True),
}
READ: dict[str, Check] = {
    "opened": _is_intent,
    "answered": _has(
        {
            "ask": _is_name,
            "card": _is_name,
            "statement": _word(*_SAID),
            "ballot": _or_null(lambda value: _is_text(value) and len(value) <= BALLOT_LENGTH),
            "failure": _or_null(_is_name),
            "origin": _ORIGIN,
            "claims": _list(_has({"id": _is_name, "basis": _BASIS})),
            "severity": _or_null(_is_name),
            "repeats": _list(_is_name),
            "review": _or_null(_has({"ranking": _TIERS, "votes": _map(_word("accept", "reject", "unsure"))})),
            "written": _or_null(_has({"sentences": _TIERS})),
        },
        absent=("repeats", "review", "written"),
    ),
    "classified": _has({"classes": _map(_is_name)}),
    "checked": _has(
        {"findings": _map(_SUPPORT), "contradicting": _list(_pair(_is_name))}, absent=("contradicting",)
    ),
    "label_raised": _has({"plan": _PLAN}),
    "deadline_passed": _has({}),
    "cancelled": _has({"asks": _list(_is_name), "by": _is_name}),
    "decided": _has(_VERDICT, exactly=True, absent=("arbitration",)),
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
        "erased",
        "held",
        "hold_released",
        "key_rotated",
        "replayed",
        "adopted",
        "bias_measured",
        "profile_fitted",
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


def _point(data: bytes) -> Point | None:
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
    ask: str | None
    standing: str
    accepted: dict[str, Json] | None = None

    @property
    def is_live(self) -> bool:
        """Whether the seat casts a ballot."""
        return self.ballot is not None

    @property
    def ballot(self) -> str | None:
        """The ballot it casts, if any."""
        said = self.accepted
        return said["ballot"] if said is not None and said["statement"] == "answer" else None

    @property
    def is_missing(self) -> bool:
        """Whether it said nothing, or failed."""
        return self.accepted is None or self.accepted["statement"] == "failure"


class Deliberation:
    """One deliberation, fed with its records; `verdict` is there once the phase is `decided`."""

    def __init__(self, opened: dict[str, Json]) -> None:
        """Begin with the intent."""
        self.opened = opened
        self.phase = "asking"
        self.verdict: dict[str, Json] | None = None
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


def _report(seat: Seat, answer_class: str | None) -> dict[str, Json]:
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


# --- with terms of arbitration: the machine (section 9.2) ------------------------------------------------------------


class Arbitration:
    """One deliberation with terms, fed with its records; `verdict` is there once the phase is `decided`."""

    def __init__(self, opened: dict[str, Json]) -> None:
        """Begin with the intent."""
        self.opened, self.terms = opened, opened["arbitration"]
        self.verdict: dict[str, Json] | None = None
        self.phase, self.closing, self.stopped = "asking", False, False
        self.was = self.now = _admitted(opened["plan"])
        self.rounds = Rounds()
        rests = {rested["seat"] for rested in self.terms.get("rested", [])}
        self.seats = []
        for place, seat in enumerate(opened["seats"], start=1):
            name = seat["seat"]
            standing = "rested" if name in rests else "waiting" if self._targets(name) else "not_admitted"
            self.seats.append(Seat(name, f"a{place}" if standing == "waiting" else None, standing))
        waiting = self._waiting()
        if not waiting:
            self._settle()
        for seat in waiting[: opened["quorum"]] if self.terms["mode"] == "sequential" else waiting:
            seat.standing = "running"

    def feed(self, kind: str, data: dict[str, Json]) -> None:
        """The next record of the stream."""
        if self.phase == "decided":
            return
        if kind == "answered":
            for seat in self._running():
                if seat.ask == data["ask"]:
                    seat.standing, seat.accepted = "answered", data
            self._settle()
        elif kind in ("deadline_passed", "cancelled", "label_raised"):
            self._close(kind, data)
        elif kind == "classified" and self.phase == "classifying":
            if all(seat.ask in data["classes"] for seat in self.seats if seat.is_live):
                self.rounds.classes = data["classes"]
                self._review() if self.terms["peer_review"] else self._decide()
        elif kind == "checked" and self.phase == "checking":
            self.rounds.findings = data["findings"]
            self.rounds.contradicting = data.get("contradicting", [])
            self._draft()

    def _close(self, kind: str, data: dict[str, Json]) -> None:
        """What ends the asking, of all or of some (9.2, Feed, 2 to 5)."""
        running, waiting, standing = self._running(), self._waiting(), "cancelled"
        if kind == "deadline_passed":
            stop, self.closing, standing = [*running, *waiting], True, "outstanding"
        elif kind == "label_raised":
            self.now = _admitted(data["plan"])
            lost = {name for name, _ in self.was - self.now}
            stop = [seat for seat in running if seat.name in lost]
        else:
            stop = [seat for seat in running if seat.ask in data["asks"]]
            if data["by"] != "core":
                stop, self.closing = [*stop, *waiting], True
        _stop(stop, standing)
        if stop:
            self._settle()

    def _every(self) -> list[Seat]:
        draft = [self.rounds.draft] if self.rounds.draft else []
        return [*self.seats, *self.rounds.second, *self.rounds.reviews, *draft]

    def _running(self) -> list[Seat]:
        return [seat for seat in self._every() if seat.standing == "running"]

    def _waiting(self) -> list[Seat]:
        """The waiting seats, in the order of the terms."""
        waiting = [seat for seat in self.seats if seat.standing == "waiting"]
        return sorted(waiting, key=lambda seat: self.terms["order"].index(seat.name))

    def _targets(self, name: str) -> list[str]:
        seat = next(seat for seat in self.opened["seats"] if seat["seat"] == name)
        return [card for card in seat["targets"] if (name, card) in self.now]

    def _heard(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.is_live]

    def _settle(self) -> None:
        if self.phase == "asking" and self.terms["mode"] == "sequential" and not self.closing:
            self._next()
        elif self._running():
            return
        elif self.phase == "asking":
            self._all_in()
        elif self.phase == "reviewing":
            self._check()
        elif self.phase in ("rebutting", "drafting"):
            self._decide()

    def _next(self) -> None:
        running, waiting = self._running(), self._waiting()
        if not running and not waiting:
            self._all_in()
        elif is_settled(
            self.opened, self.seats, {seat.name: self._targets(seat.name) for seat in self.seats}
        ):
            _stop(running, "cancelled")
            _stop(waiting, "not_asked")
            self.stopped = True
            self._decide()
        elif not running:
            lost = next((seat for seat in waiting if not self._targets(seat.name)), None)
            if lost is None:
                waiting[0].standing = "running"
            else:
                lost.standing = "cancelled"
                self._settle()

    def _all_in(self) -> None:
        heard, is_open = self._heard(), self.opened["space"]["kind"] == "open"
        split = len(heard) >= self.opened["quorum"] and len({seat.ballot for seat in heard}) > 1
        able = [seat for seat in heard if self._targets(seat.name)]
        if is_open and heard:
            self.phase = "classifying"
        elif self.terms["rebuttal"] and not self.closing and not is_open and split and able:
            self.rounds.second = [Seat(seat.name, _ask("b", seat), "running") for seat in able]
            self.phase = "rebutting"
        else:
            self._decide()

    def _review(self) -> None:
        classes = self.rounds.classes
        held = {classes[str(seat.ask)] for seat in self._heard()}
        for seat in [] if self.closing else self._heard():
            others = len(held - {classes[str(seat.ask)]})
            if others and self._targets(seat.name):
                letters = "rq" if others == 2 else "r"  # noqa: PLR2004  # two are compared in both orders
                self.rounds.reviews += [Seat(seat.name, _ask(letter, seat), "running") for letter in letters]
        if self.rounds.reviews:
            self.phase = "reviewing"
        else:
            self._check()

    def _check(self) -> None:
        classes = self.rounds.classes
        names = [claim["id"] for seat in self._heard() for claim in _accepted(seat)["claims"]]
        if any(classes.get(name, name) == name for name in names):
            self.phase = "checking"
        else:
            self._decide()

    def _draft(self) -> None:
        lines = claim_lines(self._heard(), self.rounds)
        writer = next((name for name in self.terms.get("writers", []) if self._targets(name)), None)
        if self.closing or writer is None or not any(line["status"] in STANDS for line in lines):
            self._decide()
        else:
            place = [seat.name for seat in self.seats].index(writer) + 1
            self.rounds.draft = Seat(writer, f"w{place}", "running")
            self.phase = "drafting"

    def _decide(self) -> None:
        self.phase = "decided"
        self.verdict = arbitrated(self.opened, self.seats, self.rounds, stopped=self.stopped)


@dataclass
class Rounds:
    """What follows the first answers: second ballots, classes, reviews, what was found of the claims, the draft."""

    second: list[Seat] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)
    reviews: list[Seat] = field(default_factory=list)
    findings: dict[str, str] = field(default_factory=dict)
    contradicting: list[list[str]] = field(default_factory=list)
    draft: Seat | None = None


def _ask(letter: str, seat: Seat) -> str:
    return letter + str(seat.ask)[1:]


def _accepted(seat: Seat) -> dict[str, Json]:
    return seat.accepted or {}


# --- with terms: counting (sections 9.3 and 9.5) ---------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """What a rule makes of ballots: one of won, tied, below, no_quorum, and what arbitration asks of it."""

    result: str
    winner: str | None
    tally: list[tuple[str, list[str]]]
    broken: bool = False
    ranking: list[list[str]] = field(default_factory=list)
    alone: bool = False
    supporters: list[str] = field(default_factory=list)
    outvoted: bool = False


Classes = dict[str, str]
"""Name of seat -> class, or ballot of several options; in seat order."""


def tally_of(held: Classes) -> list[tuple[str, list[str]]]:
    """The lines of a tally (section 5)."""
    lines: dict[str, list[str]] = {}
    for name, answer_class in held.items():
        lines.setdefault(answer_class, []).append(name)
    return sorted(lines.items(), key=lambda line: -len(line[1]))  # stable: then by the first seat


def counted(opened: dict[str, Json], held: Classes) -> Count:
    """Count the classes that seats hold under the rule of the council."""
    name, space = opened["rule"]["name"], opened["space"]
    several = name in RANKED or name == "approval"
    if several and space["kind"] == "choice":
        return _contest(opened, held)
    if name in ("weighted", "chosen"):
        return _by_weight(opened, held)
    rule = {"name": "plurality", "tie": opened["rule"].get("tie", "none")} if several else opened["rule"]
    tally = tally_of(held)
    result = count(rule, opened["quorum"], [len(names) for _, names in tally])
    winner = tally[0][0] if result in ("won", "broken") else None
    if result == "tie" and rule["name"] == "plurality":
        winner = _by_key(opened, tally)
    broken = winner is not None and result != "won"
    return _said(
        {"no_quorum": "no_quorum", "below": "below"}.get(result, "tied"), winner, tally, broken=broken
    )


def _said(result: str, winner: str | None, tally: list[tuple[str, list[str]]], *, broken: bool) -> Count:
    """A count of single answers: with a winner it is won, whatever `result` says."""
    if winner is None:
        return Count(result, None, tally)
    supporters = dict(tally)[winner]
    alone = len(supporters) == 1 and len(tally) > 1
    outvoted = len(supporters) < max(len(names) for _, names in tally)
    return Count("won", winner, tally, broken, alone=alone, supporters=supporters, outvoted=outvoted)


def _by_key(opened: dict[str, Json], tally: list[tuple[str, list[str]]]) -> str | None:
    """The tied class that the keys `options` and `reliable` prefer, if they do."""
    tie, measured = opened["rule"].get("tie", "none"), opened["arbitration"].get("measured")
    lead = [line for line in tally if len(line[1]) == len(tally[0][1])]
    if tie == "options" and opened["space"]["kind"] == "choice":
        return next((each for each in opened["space"]["options"] if each in dict(lead)), None)
    if tie == "reliable" and measured:
        ranks = _by_seat(opened, measured["ranks"])
        return min(lead, key=lambda line: min(ranks[name] for name in line[1]))[0]
    return None


def _by_seat(opened: dict[str, Json], numbers: list[int]) -> dict[str, int]:
    return {seat["seat"]: number for seat, number in zip(opened["seats"], numbers)}  # noqa: B905  # 3.9


def _by_weight(opened: dict[str, Json], held: Classes) -> Count:
    tally, measured = tally_of(held), opened["arbitration"].get("measured")
    if len(held) < opened["quorum"] or not measured:
        return Count("no_quorum" if len(held) < opened["quorum"] else "below", None, tally)
    is_chosen = opened["rule"]["name"] == "chosen"
    by = measured["aggregator"] if is_chosen else "log_odds_topic"
    weights = _by_seat(opened, measured["weights"] if is_chosen else measured["odds"])
    ranks = _by_seat(opened, measured["ranks"])
    strongest = min(held, key=lambda name: ranks[name])
    if by in ("best_seat", "best_seat_topic"):
        return _said("", held[strongest], tally, broken=False)
    if by == "unanimous_else_strongest":
        others = [held[name] for name in held if name != strongest]
        agree = len(others) > 1 and len(set(others)) == 1
        return _said("", others[0] if agree else held[strongest], tally, broken=False)
    scores = {answer_class: sum(weights[name] for name in names) for answer_class, names in tally}
    top = max(scores.values())
    if by == "majority" and 2 * top <= len(held):
        return Count("below", None, tally)
    leading = [name for name in held if scores[held[name]] == top]
    broken = list(scores.values()).count(top) > 1
    return _said("", held[min(leading, key=lambda name: ranks[name])], tally, broken=broken)


def _contest(opened: dict[str, Json], held: Classes) -> Count:
    """Rankings or approvals of the options of a choice."""
    name, options = opened["rule"]["name"], opened["space"]["options"]
    spelled = {seat: _tiers(name, ballot) for seat, ballot in held.items()}
    live = {seat: tiers for seat, tiers in spelled.items() if _is_sound(tiers, options)}
    values, is_high = _values(name, options, list(live.values()))
    if name == "schulze":
        ranking = schulze_tiers(options, wins_of(options, [(tiers, None) for tiers in live.values()]))
    else:
        ranking = [
            [option for option in options if values[option] == value]
            for value in sorted(set(values.values()), reverse=is_high)
        ]
    tally = [
        (option, names)
        for option in itertools.chain(*ranking)
        for names in [[seat for seat, tiers in live.items() if tiers and option in tiers[0]]]
        if names
    ]
    if len(live) < opened["quorum"]:
        return Count("no_quorum", None, tally, ranking=ranking)
    if name == "approval" and not any(values.values()):
        return Count("below", None, tally, ranking=ranking)
    left = ranking[0] if len(ranking[0]) == 1 else _narrowed(opened, ranking[0], live)
    if len(left) > 1:
        return Count("tied", None, tally, ranking=ranking)
    supporters = [seat for seat, tiers in live.items() if tiers and left[0] in tiers[0]]
    alone = len(supporters) == 1 and len(live) > 1
    return Count("won", left[0], tally, len(ranking[0]) > 1, ranking, alone, supporters)


Tiers = list[list[str]]


def _tiers(name: str, ballot: str) -> Tiers:
    if name == "approval":
        return [] if ballot == "-" else [ballot.split("+")]
    return [tier.split("=") for tier in ballot.split(">")]


def _is_sound(tiers: Tiers, options: list[str]) -> bool:
    named = list(itertools.chain(*tiers))
    return set(named) <= set(options) and len(set(named)) == len(named)


def wins_of(options: list[str], ballots: list[tuple[Tiers, str | None]]) -> dict[tuple[str, str], int]:
    """How many ballots put one option above another; of each ballot its tiers, and the option it may not judge."""
    wins = dict.fromkeys(itertools.product(options, options), 0)
    for tiers, own in ballots:
        place = {option: at for at, tier in enumerate(tiers) for option in tier}
        judged = [option for option in options if option != own]
        for one, other in itertools.permutations(judged, 2):
            wins[one, other] += place.get(one, len(tiers)) < place.get(other, len(tiers))
    return wins


def _values(name: str, options: list[str], live: list[Tiers]) -> tuple[dict[str, int], bool]:
    """The value of each option under a rule that gives one, and whether the highest is best."""
    if name == "approval":
        return {option: sum(option in tier for tiers in live for tier in tiers) for option in options}, True
    wins = wins_of(options, [(tiers, None) for tiers in live])
    margin = {pair: wins[pair] - wins[pair[::-1]] for pair in wins}
    others = {option: [other for other in options if other != option] for option in options}
    if name == "borda":
        # Below counts two, equal one: what is above counts nothing, and there are as many others on each ballot.
        return {
            one: len(live) * (len(options) - 1) + sum(margin[one, other] for other in others[one])
            for one in options
        }, True
    if name == "copeland":
        signs = {pair: (by > 0) - (by < 0) for pair, by in margin.items()}
        return {one: sum(signs[one, other] for other in others[one]) for one in options}, True
    if name == "minimax":
        return {one: max(0, *(margin[other, one] for other in others[one])) for one in options}, False
    if name in ORDERING:
        orders = list(itertools.permutations(options))
        if name == "kemeny":
            cost = [sum(wins[low, high] for high, low in itertools.combinations(each, 2)) for each in orders]
            best = [each for each, disagrees in zip(orders, cost) if disagrees == min(cost)]  # noqa: B905  # 3.9
        else:
            best = [each for each in orders if _is_possible(each, margin)]
        return {one: min(each.index(one) for each in best) for one in options}, False
    return {}, False


def _is_possible(order: tuple[str, ...], margin: dict[tuple[str, str], int]) -> bool:
    """Whether each option reaches each later one by a chain no link of which is below the margin back."""
    for place, top in enumerate(order):
        widest: dict[str, int] = {}
        for low in order[place + 1 :]:
            through = [min(width, margin[middle, low]) for middle, width in widest.items()]
            widest[low] = max([margin[top, low], *through])
            if widest[low] < margin[low, top]:
                return False
    return True


def schulze_tiers(options: list[str], wins: dict[tuple[str, str], int]) -> Tiers:
    """The layers of Schulze's relation."""
    paths = {pair: wins[pair] if wins[pair] > wins[pair[::-1]] else 0 for pair in wins}
    for middle, one, other in itertools.product(options, repeat=3):
        if len({middle, one, other}) == 3:  # noqa: PLR2004  # all different
            paths[one, other] = max(paths[one, other], min(paths[one, middle], paths[middle, other]))
    left, layers = list(options), []
    while left:
        layers.append([one for one in left if all(paths[one, other] >= paths[other, one] for other in left)])
        left = [option for option in left if option not in layers[-1]]
    return layers


def _narrowed(opened: dict[str, Json], tied: list[str], live: dict[str, Tiers]) -> list[str]:
    """What the tie key leaves of the options that share the lead."""
    tie, measured = opened["rule"].get("tie", "none"), opened["arbitration"].get("measured")
    names, levels = [seat["seat"] for seat in opened["seats"]], []
    if tie == "options":
        return tied[:1]  # a tier stands in the order of the options
    if tie == "order":
        levels = [[name] for name in names]
    elif tie == "reliable" and measured:
        ranks = _by_seat(opened, measured["ranks"])
        levels = [[name for name in names if ranks[name] == rank] for rank in sorted(set(ranks.values()))]
    left = tied
    for level in levels:
        kept = left
        for tiers in (live[name] for name in level if name in live):
            best = next((tier for tier in tiers if set(tier) & set(left)), left)
            kept = [option for option in kept if option in best]
        if not kept:
            break
        left = kept
    return left


# --- with terms: when a sequential council is settled (section 9.4) --------------------------------------------------

MOST_COMPLETIONS = 6_000
MOST_WALKED = 3
"""Options whose rankings are walked."""
SILENT = ("refusal", "abstention", "failure")


def is_settled(opened: dict[str, Json], seats: list[Seat], targets: dict[str, list[str]]) -> bool:
    """Whether nothing that the seats that run or wait can say changes the verdict; `targets` by name of seat."""
    asked = [seat for seat in seats if seat.standing in ("running", "waiting")]
    held = [seat.ballot for seat in seats if seat not in asked and seat.ballot is not None]
    table, named = _table(opened, held, len(asked))
    if not table:
        return False
    fresh = [ballot for ballot in table if ballot not in held and ballot not in named]
    cards = [list(dict.fromkeys(targets[seat.name])) for seat in asked]
    severities = (None, "legality") if opened["arbitration"]["severity_floor"] else (None,)
    if completions(cards, len(table) - len(fresh), len(fresh), len(severities)) > MOST_COMPLETIONS:
        return False
    fixed = {seat.name: voice_of(seat, seat.ballot) for seat in seats if seat not in asked}
    first = None
    for said in _walk(cards, table, fresh, severities):
        voices = {**fixed, **{seat.name: Voice(seat.name, *way) for seat, way in zip(asked, said)}}  # noqa: B905  # 3.9
        found = ruling(opened, [voices[seat.name] for seat in seats])
        outcome = "majority" if found.outcome == "unanimous" else found.outcome
        marks = (outcome, found.winner, found.flags - {"degraded"}, found.review)
        first = first or marks
        if marks != first:
            return False
    return True


def completions(cards: list[list[str]], others: int, fresh: int, severities: int) -> int:
    """A + M: how many completions there are to walk; `cards` of every outstanding seat."""
    walked = [1] + [0] * fresh
    for mine in cards:
        ways = len(mine) * severities
        walked = [
            number * (3 + (others + used) * ways) + (walked[used - 1] * ways if used else 0)
            for used, number in enumerate(walked)
        ]
    common = set(cards[0]).intersection(*cards[1:])
    return 3 + len(common) * (others + fresh) * severities + sum(walked)


def _table(opened: dict[str, Json], held: list[str], more: int) -> tuple[list[str], set[str]]:
    """The ballots that a seat could still cast, and those that the ruling knows by name; none: never settled."""
    space, rule = opened["space"], opened["rule"]
    contested = set(opened["arbitration"].get("contested", {}))
    if space["kind"] == "choice":
        options = space["options"]
        if rule["name"] in RANKED or rule["name"] == "approval":
            if len(options) > MOST_WALKED:
                return [], set()
            spelled = _approvals(options) if rule["name"] == "approval" else _rankings(options)
            return spelled, set(spelled)
        return options, set(options) if rule.get("tie", "none") == "options" else contested
    if space["kind"] == "yes_no_conditional":
        return ["yes", "no", "conditional"], {"conditional", *contested}
    if space["kind"] == "open":
        return [], set()
    return list(dict.fromkeys([*held, *(f"\0{number}" for number in range(more))])), contested


def _approvals(options: list[str]) -> list[str]:
    chosen = [each for size in range(len(options) + 1) for each in itertools.combinations(options, size)]
    return ["+".join(each) or "-" for each in chosen]


def _rankings(options: list[str]) -> list[str]:
    """Every ranking that names all: a number of tier for each option, with no tier left empty."""
    spelled = []
    for places in itertools.product(range(len(options)), repeat=len(options)):
        if set(places) == set(range(max(places) + 1)):
            tiers: Tiers = [[] for _ in range(max(places) + 1)]
            for option, place in zip(options, places):  # noqa: B905  # 3.9
                tiers[place].append(option)
            spelled.append(">".join("=".join(tier) for tier in tiers))
    return spelled


Way = tuple[str, Any, Any, Any, bool]
"""What a seat could still say: statement, ballot, card, severity (each may be None), and whether that is based."""


def _walk(
    cards: list[list[str]],
    table: list[str],
    fresh: list[str],
    severities: tuple[str | None, ...],
) -> Iterator[list[Way]]:
    """Completions; of those that differ only in the names of fresh ballots the one that takes them in order."""
    if not cards:
        yield []
        return
    for begun in _walk(cards[:-1], table, fresh, severities):
        used = {way[1] for way in begun}
        unused = [ballot for ballot in fresh if ballot not in used]
        for said in SILENT:
            yield [*begun, (said, None, None, None, False)]
        for ballot in table:
            if ballot in unused[1:]:
                continue
            for card, severity in itertools.product(cards[-1], severities):
                yield [*begun, ("answer", ballot, card, severity, severity is not None)]


# --- with terms: open text (sections 9.6 and 9.7) --------------------------------------------------------------------

STANDS = ("accepted", "unverified")
_DIGITS = re.compile("([0-9]{1,9})")


def natural(name: str) -> list[Any]:
    """What names are sorted by: text and numbers in turn."""
    parts = _DIGITS.split(name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def reviews_of(standings: list[Seat]) -> dict[str, dict[str, Json]]:
    """The review of each seat that has one: ranking and votes."""
    found: dict[str, dict[str, Json]] = {}
    for name in dict.fromkeys(seat.name for seat in standings):
        said: list[Json] = [_accepted(seat).get("review") for seat in standings if seat.name == name]
        if all(said):
            found[name] = said[0] if len(said) == 1 else _both(said[0], said[1])
    return found


def _both(first: dict[str, Json], second: dict[str, Json]) -> dict[str, Json]:
    rankings = [first["ranking"], second["ranking"]]
    asks = sorted({ask for tiers in rankings for tier in tiers for ask in tier})
    asks.sort(key=natural)
    places = [
        {ask: next((at for at, tier in enumerate(tiers) if ask in tier), len(tiers)) for ask in asks}
        for tiers in rankings
    ]
    ranking = [asks] if asks else []
    if places[0] == places[1]:
        ranking = [[ask for ask in asks if places[0][ask] == at] for at in sorted(set(places[0].values()))]
    votes = {
        name: vote if second["votes"].get(name) == vote else "unsure" for name, vote in first["votes"].items()
    }
    return {"ranking": ranking, "votes": votes}


def ranked(opened: dict[str, Json], heard: list[Seat], rounds: Rounds) -> Count:
    """The count of open statements as the reviews rank them; options in the ranking are asks."""
    classes = {str(seat.ask): rounds.classes[str(seat.ask)] for seat in heard}
    plain = counted(opened, {seat.name: classes[str(seat.ask)] for seat in heard})
    tally = plain.tally
    if plain.result == "no_quorum" or len(tally) == 1:
        return plain
    first: dict[str, str] = {}
    for ask, held in classes.items():
        first.setdefault(held, ask)
    options, authors = list(first.values()), {first[held]: names for held, names in tally}
    live: dict[str, tuple[Tiers, str]] = {}
    for name, review in reviews_of(rounds.reviews).items():
        own = next(option for option in options if name in authors[option])
        tiers = _by_option(review["ranking"], {ask: first[held] for ask, held in classes.items()}, own)
        if tiers and len(options) > 2:  # noqa: PLR2004  # without its own there must be two to compare
            live[name] = tiers, own
    if len(live) < opened["quorum"]:
        return plain
    ranking = schulze_tiers(options, wins_of(options, list(live.values())))
    if any(all(own == option for _, own in live.values()) for option in options):
        return Count("below", None, tally, ranking=ranking)
    if len(ranking[0]) > 1:
        return Count("tied", None, tally, ranking=ranking)
    winner = ranking[0][0]
    behind = {*authors[winner], *(name for name, (tiers, _) in live.items() if winner in tiers[0])}
    supporters = [seat["seat"] for seat in opened["seats"] if seat["seat"] in behind]
    alone = len(supporters) == 1 and len(heard) > 1
    return Count("won", classes[winner], tally, ranking=ranking, alone=alone, supporters=supporters)


def _by_option(ranking: Tiers, options: dict[str, str], own: str) -> Tiers:
    """A ranking of asks as one of options, each where it is best, without the reviewer's own."""
    seen, tiers = {own}, []
    for tier in ranking:
        here = list(dict.fromkeys(options[ask] for ask in tier if ask in options))
        tiers.append([option for option in here if option not in seen])
        seen.update(here)
    return [tier for tier in tiers if tier]


def leading_ask(found: Count, heard: list[Seat], classes: dict[str, str]) -> str | None:
    """The ask whose statement is shown."""
    if found.result == "no_quorum":
        return None
    if found.winner is None and found.ranking:
        return found.ranking[0][0]
    leads = found.tally[0][0] if found.winner is None else found.winner
    return next(seat.ask for seat in heard if classes[str(seat.ask)] == leads)


def claim_lines(heard: list[Seat], rounds: Rounds) -> list[dict[str, Json]]:
    """Every claim once: who made it, who is for and against it, and what came of it."""
    bases: dict[str, str] = {}
    authors: dict[str, list[str]] = {}
    for seat in heard:
        for claim in _accepted(seat)["claims"]:
            bases[claim["id"]] = claim["basis"]
            makers = authors.setdefault(rounds.classes.get(claim["id"], claim["id"]), [])
            makers += [] if seat.name in makers else [seat.name]
    reviews, names = reviews_of(rounds.reviews), [seat.name for seat in heard]
    lines: list[dict[str, Json]] = []
    for line in sorted(authors, key=natural):
        votes = {
            name: reviews[name]["votes"].get(line)
            for name in names
            if name in reviews and name not in authors[line]
        }
        accepting = [name for name, vote in votes.items() if vote == "accept"]
        opposers = [name for name, vote in votes.items() if vote == "reject"]
        supporters = [name for name in names if name in authors[line] or name in accepting]
        backed = bool(accepting) or authors[line] == names
        status = "contested"
        if len(opposers) > len(supporters):
            status = "rejected"
        elif backed and len(supporters) > max(len(opposers), 1):
            status = "accepted"
        lines.append(
            {
                "id": line,
                "status": status,
                "basis": bases.get(line, "none"),
                "support": rounds.findings.get(line, "unchecked"),
                "authors": authors[line],
                "supporters": supporters,
                "opposers": opposers,
            }
        )
    accepted = {told["id"] for told in lines if told["status"] == "accepted"}
    doubted = {name for pair in rounds.contradicting if set(pair) <= accepted for name in pair}
    for told in lines:
        if told["id"] in doubted:
            told["status"] = "contested"
        elif told["status"] == "accepted" and told["support"] != "supported":
            told["status"] = "unverified"
    return lines


# --- with terms: the ruling and the verdict (sections 9.8 and 9.9) ---------------------------------------------------

_EXACT = Context(prec=28, rounding=ROUND_HALF_EVEN)
_ABSENT = ("not_admitted", "outstanding", "cancelled", "failure")
_UNKNOWN: dict[str, Json] = {"bloc": "unknown", "domestic": False, "lineage": None}


@dataclass(frozen=True)
class Voice:
    """What the ruling sees of a seat; `held` is its class."""

    name: str
    said: str
    held: str | None = None
    card: str | None = None
    severity: str | None = None
    is_based: bool = False
    repeats: bool = False


@dataclass(frozen=True)
class Ruling:
    """What becomes of a count."""

    outcome: str
    winner: str | None
    flags: set[str]
    review: list[str]
    blocking: list[str]
    raw: int | None


def voice_of(seat: Seat, held: str | None) -> Voice:
    """A seat as the ruling sees it, with the class that it holds."""
    said = seat.accepted
    if said is None:
        return Voice(seat.name, {"waiting": "not_asked"}.get(seat.standing, seat.standing))
    is_based = any(claim["basis"] != "none" for claim in said["claims"])
    repeats = bool(said.get("repeats"))
    return Voice(seat.name, said["statement"], held, said["card"], said["severity"], is_based, repeats)


def ruling(opened: dict[str, Json], voices: list[Voice], found: Count | None = None) -> Ruling:
    """Rule on the voices of all seats, in seat order, and on their count where it is not the rule's own."""
    terms, spoken = opened["arbitration"], [voice for voice in voices if voice.held is not None]
    found = found or counted(opened, {voice.name: str(voice.held) for voice in spoken})
    measured, won = terms.get("measured"), found.winner is not None
    dissent = [voice for voice in spoken if won and voice.name not in found.supporters]
    blocking = [v for v in dissent if terms["severity_floor"] and v.severity and v.is_based]
    behind = [voice for voice in voices if voice.name in found.supporters]
    outcome, raw = _outcome(opened, voices, found), raw_confidence(opened, spoken, found.winner)
    promise = measured["answer_from_bp"] if measured else None
    blocks = {"single_seat_barred": outcome == "single_seat" and terms["barred_alone"]}
    for kind in ("legality", "safety", "personal_data"):
        blocks[f"severity_{kind}"] = any(voice.severity == kind for voice in blocking)
    domestic = any(_card(terms, voice)["domestic"] for voice in behind)
    blocks["no_domestic_concurrence"] = won and terms["needs_domestic"] and not domestic
    is_low = raw is not None and promise is not None and raw < promise
    blocks["low_confidence"] = won and terms["withhold"] and is_low
    if any(blocks.values()):
        outcome = "withheld"
    sources = terms.get("sources", [])
    flags = {
        "bloc_split": any(_divide(terms, spoken, fact) for fact in ("bloc", "lineage")),
        "concern": any(voice.severity for voice in spoken),
        "degraded": any(voice.said in _ABSENT for voice in voices),
        "foreign_claim": won
        and (found.winner in terms.get("contested", {}) or any(voice.repeats for voice in behind)),
        "material_instructs": any(source.get("instructs") for source in sources),
        "no_promise": bool(measured) and promise is None,
        "rested": any(voice.said == "rested" for voice in voices),
        "stale_material": any(source["stale"] for source in sources),
        "tie_broken": found.broken,
    }
    reasons = {
        "no_quorum": outcome == "no_quorum",
        "tied": outcome == "tied",
        "withheld": outcome == "withheld" and not any(blocks.values()),
        "single_seat": outcome == "single_seat",
        **blocks,
        "concern": flags["concern"] and not blocking,
        "bloc_split": flags["bloc_split"],
        "foreign_claim": flags["foreign_claim"],
    }
    return Ruling(
        outcome,
        None if outcome == "withheld" else found.winner,
        {flag for flag, is_set in flags.items() if is_set},
        [reason for reason, holds in reasons.items() if holds],
        [voice.name for voice in blocking],
        raw,
    )


def _card(terms: dict[str, Json], voice: Voice) -> dict[str, Json]:
    facts: dict[str, Json] = terms["cards"].get(voice.card, _UNKNOWN)
    return facts


def _outcome(opened: dict[str, Json], voices: list[Voice], found: Count) -> str:
    if found.winner is None:
        return {"no_quorum": "no_quorum", "tied": "tied"}.get(found.result, "withheld")
    if found.alone:
        return "single_seat"
    if found.outvoted:
        return "weighted"
    kind, name = opened["space"]["kind"], opened["rule"]["name"]
    if kind == "yes_no_conditional" and found.winner == "conditional":
        return "conditional"
    whole = len(found.supporters) == len(voices) and not any(voice.said in _ABSENT for voice in voices)
    if kind == "open":
        whole = whole and len(found.tally) == 1
    elif kind == "choice" and (name in RANKED or name == "approval"):
        whole = whole and all(str(voice.held).split(">")[0] == found.winner for voice in voices)
    return "unanimous" if whole else "majority"


def _divide(terms: dict[str, Json], spoken: list[Voice], fact: str) -> bool:
    groups: dict[str, list[str]] = {}
    for voice in spoken:
        group = _card(terms, voice)[fact]
        if group is not None and (fact, group) != ("bloc", _UNKNOWN["bloc"]):
            groups.setdefault(group, []).append(str(voice.held))
    united = all(len(set(held)) == 1 for held in groups.values())
    classes = {held[0] for held in groups.values()}
    return united and len(groups) > 1 and len(classes) > 1 and max(map(len, groups.values())) > 1


def raw_confidence(opened: dict[str, Json], spoken: list[Voice], winner: str | None) -> int | None:
    """The probability of the winner before calibration, in basis points."""
    measured, name = opened["arbitration"].get("measured"), opened["rule"]["name"]
    is_single = opened["space"]["kind"] != "open" and name not in RANKED and name != "approval"
    if not measured or winner is None or not is_single:
        return None
    odds = _by_seat(opened, measured["odds"])
    sums: dict[str, int] = {}
    for voice in spoken:
        sums[str(voice.held)] = sums.get(str(voice.held), 0) + odds[voice.name]
    whole = Decimal(100 * 1_000 * len(odds))
    total, likely = Decimal(max(measured["options"] - len(sums), 0)), Decimal(0)
    for held, score in sums.items():
        one = _EXACT.exp(_EXACT.divide(Decimal(score * measured["n_eff_centi"]), whole))
        total = _EXACT.add(total, one)
        likely = one if held == winner else likely
    return _basis_points(_EXACT.divide(likely, total))


def _basis_points(share: Decimal) -> int:
    exact = _EXACT.multiply(share, Decimal(10_000))
    return min(max(int(exact.to_integral_value(ROUND_HALF_EVEN)), 1), 9_999)


def shown_confidence(calibration: dict[str, Json], raw: int) -> int:
    """The calibrated probability for a raw one, both in basis points."""
    method = calibration.get("method", "none")
    if method == "isotonic":
        steps: list[dict[str, int]] = calibration["steps"]
        return [steps[0], *(step for step in steps if step["raw_bp"] <= raw)][-1]["shown_bp"]
    if method == "none":
        return raw
    within = min(max(raw, 1), 9_999)
    odds = _EXACT.ln(_EXACT.divide(Decimal(within), Decimal(10_000 - within)))
    power = _EXACT.divide(Decimal(1_000), Decimal(calibration.get("temperature_permille", 1_000)))
    tempered = _EXACT.exp(_EXACT.multiply(odds, power))
    return _basis_points(_EXACT.divide(tempered, _EXACT.add(tempered, Decimal(1))))


def arbitrated(
    opened: dict[str, Json], seats: list[Seat], rounds: Rounds, *, stopped: bool
) -> dict[str, Json]:
    """The verdict of a deliberation with terms."""
    terms, is_open = opened["arbitration"], opened["space"]["kind"] == "open"
    again = {seat.name: seat for seat in rounds.second if not seat.is_missing}
    final = [again.get(seat.name, seat) for seat in seats]
    heard = [seat for seat in final if seat.is_live]
    held = {seat.name: rounds.classes[str(seat.ask)] if is_open else str(seat.ballot) for seat in heard}
    reviewed = is_open and terms["peer_review"]
    found = ranked(opened, heard, rounds) if reviewed else counted(opened, held)
    ruled = ruling(opened, [voice_of(seat, held.get(seat.name)) for seat in final], found)
    attributed = leading_ask(found, heard, rounds.classes) if is_open else None
    lines = claim_lines(heard, rounds) if reviewed else []
    measured = terms.get("measured")
    flags = {
        **dict.fromkeys(ruled.flags, True),
        **_more_flags(final, rounds, lines),
        "attributed": attributed is not None,
        "degraded": "degraded" in ruled.flags and not stopped,
        "stopped": stopped,
        "uncompared": is_open and not reviewed and len(found.tally) > 1,
    }
    return {
        "outcome": ruled.outcome,
        "answer_class": ruled.winner,
        "attributed": attributed,
        "tally": [{"answer_class": answer_class, "seats": names} for answer_class, names in found.tally],
        "seats": [_report(seat, held.get(seat.name)) for seat in final],
        "dissent": [seat.ask for seat in heard if _dissents(seat, held, found, attributed, heard)],
        "confidence_bp": None if ruled.raw is None else shown_confidence(measured["calibration"], ruled.raw),
        "outstanding": [seat.ask for seat in final if seat.ask and seat.standing == "outstanding"],
        "flags": sorted(flag for flag, is_set in flags.items() if is_set),
        "arbitration": {
            "review": [*ruled.review, *_more_reasons(terms, lines)],
            "blocked_by": [seat.ask for seat in final if seat.name in ruled.blocking],
            "ranking": found.ranking,
            "moves": [
                {"seat": seat.name, "before": seat.ballot, "after": last.ballot}
                for seat, last in zip(seats, final)  # noqa: B905  # 3.9
                if seat.name in {second.name for second in rounds.second}
            ],
            "independence": _independence(terms, heard),
            "raw_bp": ruled.raw,
            "claims": lines,
            "coverage": _coverage(lines),
            "draft": _draft_of(rounds) if reviewed else None,
        },
    }


def _dissents(
    seat: Seat,
    held: Classes,
    found: Count,
    attributed: str | None,
    heard: list[Seat],
) -> bool:
    if found.winner is not None:
        return seat.name not in found.supporters
    shown = next((held[other.name] for other in heard if other.ask == attributed), None)
    return shown is not None and held[seat.name] != shown


def _more_flags(final: list[Seat], rounds: Rounds, lines: list[dict[str, Json]]) -> dict[str, bool]:
    everyone = [*final, *rounds.second, *rounds.reviews, *([rounds.draft] if rounds.draft else [])]
    origins = {seat.accepted["origin"] for seat in everyone if seat.accepted}
    return {
        "contested_claims": any(line["status"] == "contested" for line in lines),
        "rebuttal_incomplete": any(seat.is_missing for seat in rounds.second),
        "recording": "recorded" in origins,
        "rehearsal": "scripted" in origins,
        "unverified_claims": any(line["status"] == "unverified" for line in lines),
    }


def _more_reasons(terms: dict[str, Json], lines: list[dict[str, Json]]) -> list[str]:
    found = {line["status"] for line in lines}
    doubts = ["contested_claims"] if "contested" in found else []
    return [*doubts, *(["unverified_claims"] if "unverified" in found and terms.get("sources") else [])]


def _independence(terms: dict[str, Json], heard: list[Seat]) -> dict[str, Json]:
    number, measured = len(heard), terms.get("measured")
    if measured and number:
        below = 1_000_000 + (number - 1) * max(measured["rho_ppm"], 0)
        voices = (2 * number * 1_000_000_000 + below) // (2 * below)
    else:
        cards = [terms["cards"].get(_accepted(seat)["card"], _UNKNOWN) for seat in heard]
        known = {card["lineage"] for card in cards} - {None}
        voices = 1_000 * max(len(known), min(number, 1))
    return {"seats": number, "voices_milli": voices, "measured": bool(measured)}


def _coverage(lines: list[dict[str, Json]]) -> list[int] | None:
    standing = [line for line in lines if line["status"] in STANDS]
    return [sum(line["support"] == "supported" for line in standing), len(standing)] if lines else None


def _draft_of(rounds: Rounds) -> str | None:
    written = _accepted(rounds.draft).get("written") if rounds.draft else None
    return rounds.draft.ask if rounds.draft and written and written["sentences"] else None


# --- results (section 4) ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What came of one stream; the verdicts as RFC 8785 bytes, where both are there."""

    stream: str
    result: str
    recorded: bytes | None = None
    recomputed: bytes | None = None
    fields: tuple[str, ...] = ()


LATE = ("answered", "classified", "checked", "deadline_passed")
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
    begin = Arbitration if records[0][1].get("arbitration") else Deliberation
    deliberation = begin(records[0][1])
    for kind, data in records[1:place]:
        if deliberation.phase == "decided" and kind in LATE:
            return Result(stream, "malformed")
        deliberation.feed(kind, data)
    verdict, recorded = deliberation.verdict, records[place][1]
    if verdict is None:
        return Result(stream, "malformed")
    both = canonical(recorded).encode("utf-8"), canonical(verdict).encode("utf-8")
    fields = tuple(
        name for name in sorted({*verdict, *recorded}) if recorded.get(name, ()) != verdict.get(name, ())
    )
    return Result(stream, "same" if both[0] == both[1] else "different", *both, fields)


def check_tree(head: Checkpoint, log: Log, vkey: str | None, older: Checkpoint | None) -> list[str]:
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


def report(folder: Path, vkey: str | None, older: Path | None) -> dict[str, Json]:
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
