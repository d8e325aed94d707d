"""An oracle of the ledger's tests: recomputes a whole SQLite log by its own simple code. It is no test.

Written from the specifications (RFC 6962, signed-note, tlog-tiles, docs/adr/0006-ledger.md) with sqlite3, hashlib and
cryptography. Nothing of the ledger's code is imported, so that both do not make one mistake; slow and plain on purpose.
`WrongLogError` names the first thing that is not as it must be.
"""

import base64
import functools
import hashlib
import hmac
import json
import sqlite3
import urllib.parse
import zlib
from collections import Counter
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARKS = (0x4D414749, 2)
"""Application id and version in the header of the file."""
WIDTH = 256
"""Hashes of a full tile."""
KEY_ID_BYTES, SIGNATURE_BYTES = 4, 64


class WrongLogError(AssertionError):
    """The log is not what it must be."""


def _must(holds, what, *where):
    if not holds:
        raise WrongLogError(what, *where)


@dataclass(frozen=True)
class Audited:
    """What a sound log holds."""

    size: int
    root: bytes
    note: bytes = field(repr=False)
    leaves: tuple = field(repr=False)
    records: dict = field(repr=False)
    bodies: dict = field(repr=False)
    erased: frozenset = field(repr=False)
    claims: dict = field(repr=False)
    known: dict = field(repr=False)
    labels: dict = field(repr=False)
    vkeys: tuple = ()
    holds: frozenset = frozenset()

    def node(self, level, index):
        """The tree hash over the 2**level leaves from index * 2**level on."""
        return _tree_hash(self.leaves[index << level : (index + 1) << level])


@dataclass
class Oracle:
    """Audits logs that were written with one tenant key (32 bytes, by its id), and the heads that somebody saw."""

    log: str = "log-1"
    key_id: str = "k1"
    key: bytes = b"k" * 32

    def audit(self, path, acknowledged=(), heads=()):
        """Recompute the log in one snapshot; what was acknowledged and every head that was seen must be in it.

        `acknowledged`: triples (stream, ordinal, hex SHA-256 of the record); `heads`: signed notes.
        """
        with _Reading(path) as reading:
            return self.judge(reading, acknowledged, heads)

    def judge(self, reading, acknowledged=(), heads=()):
        """The same over any reading of one snapshot: see `_Reading`."""
        found = self._audit(reading)
        for stream, ordinal, sha in acknowledged:
            _must(found.records.get((stream, ordinal)) == sha, "acknowledged and lost", stream, ordinal)
        self.agrees(found, heads)
        return found

    def agrees(self, found, heads):
        """Every head that was seen is one that the log passed through, and was signed for it."""
        roots = None
        for note in heads:
            origin, size, root, signers = _open_note(note, found.vkeys)
            _must(origin == self.log and size <= found.size, "a head of another log", origin, size)
            roots = roots or tuple(_prefix_roots(found.leaves))
            _must(root == roots[size], "a head of another past", size)
            _must(signers, "a head by no key of the log", size)

    def _audit(self, reading):
        reading.check()
        rows = reading.all("SELECT seq, stream, ordinal, kind, bytes, leaf_hash FROM entry ORDER BY seq")
        waiting = reading.waiting()
        rows = rows[: len(rows) - len(waiting)]  # null is last
        records = [self._record(row) for row in (*rows, *waiting)]
        _must([row[0] for row in rows] == list(range(len(rows))), "dense seq")
        ends, past = Counter(), _Past()
        for place, record in enumerate(records):
            _must(record["ordinal"] == ends[record["stream"]], "order in stream", record["stream"])
            ends[record["stream"]] += 1
            past.take(record, placed=place < len(rows))
        leaves = tuple(row[5] for row in rows)
        root, note = self._head(reading, leaves, past)
        _tiles(reading, leaves)
        self._acts(reading, past)
        bodies = self._bodies(reading, past)
        claims, known, labels = self._state(reading, ends)
        return Audited(
            size=len(rows),
            root=root,
            note=note,
            leaves=leaves,
            records={(row[1], row[2]): hashlib.sha256(row[4]).hexdigest() for row in (*rows, *waiting)},
            bodies=bodies,
            erased=frozenset(past.stones),
            claims=claims,
            known=known,
            labels=labels,
            vkeys=tuple(past.ever),
            holds=frozenset(past.holds),
        )

    def _record(self, row):
        seq, stream, ordinal, kind, data, leaf = row
        _must(hashlib.sha256(b"\x00" + data).digest() == leaf, "leaf", seq)
        record = json.loads(data)
        again = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        _must(again == data, "canonical form", seq)
        said = (record["v"], record["log"], record["stream"], record["ordinal"], record["kind"])
        _must(said == (1, self.log, stream, ordinal, kind), "columns", seq)
        return record

    def _head(self, reading, leaves, past):
        heads = reading.all("SELECT id, size, edge, note FROM head")
        _must(len(heads) == 1 and heads[0][0] == 1, "one head", len(heads))
        _, size, edge, note = heads[0]
        _must(size == len(leaves), "head and entries", size, len(leaves))
        origin, signed, root, signers = _open_note(note, past.ever)
        _must((origin, signed) == (self.log, size), "note and head", origin, signed)
        _must(root == _tree_hash(leaves), "root", size)
        _must(edge == b"".join(_edge(leaves)), "edge", size)
        _must(signers >= set(past.vkeys), "signers", sorted(signers), sorted(past.vkeys))
        return root, note

    def _acts(self, reading, past):
        erased = reading.all("SELECT commitment, stream, ordinal FROM erased")
        _must(sorted(erased) == sorted((c, *stone) for c, stone in past.stones.items()), "tombstones")
        held = reading.all("SELECT name, stream FROM hold")
        _must(sorted(held) == sorted(past.holds), "holds")

    def _bodies(self, reading, past):
        _must(
            reading.all("SELECT key_id, proof FROM key_check") == [(self.key_id, self._proof())], "key check"
        )
        keys = {}
        for stream, key_id, nonce, wrapped in reading.all(
            "SELECT stream, key_id, nonce, wrapped FROM data_key"
        ):
            bound = f"{key_id}\x00{stream}".encode()
            keys[stream] = AESGCM(self.key).decrypt(nonce, wrapped, bound)
        rows = reading.all("SELECT commitment, stream, salt, nonce, ciphertext, length FROM body")
        found = {}
        for commitment, stream, salt, nonce, ciphertext, length in rows:
            _must(past.refs.get(commitment) == (stream, length), "a body of no record", commitment)
            _must(commitment not in past.stones, "a body beside its tombstone", commitment)
            plain = zlib.decompress(
                AESGCM(keys[stream]).decrypt(nonce, ciphertext, bytes.fromhex(commitment))
            )
            _must(len(plain) == length, "length", commitment)
            _must(hashlib.sha256(salt + plain).hexdigest() == commitment, "commitment", commitment)
            found[commitment] = plain
        missing = past.refs.keys() - past.stones.keys() - found.keys()
        _must(not missing, "bodies without trace", len(missing))
        _must(
            keys.keys() == {row[1] for row in rows}, "data keys", sorted(keys.keys() ^ {r[1] for r in rows})
        )
        return found

    def _proof(self):
        return hmac.digest(self.key, b"magi.ledger.key_check\x00" + self.key_id.encode(), "sha256")

    def _state(self, reading, streams):
        claims = reading.all("SELECT stream, owner, expires_ms, seal FROM claim")
        known = reading.all("SELECT hash, stream, seal FROM idempotency")
        labels = reading.all("SELECT digest, label, stream, seal FROM ancestry")
        for table, rows, stream in (("claim", claims, 0), ("idempotency", known, 1), ("ancestry", labels, 2)):
            for row in rows:
                _must(row[stream] in streams, "state of no stream", table, row[stream])
                _must(row[-1] == self._seal(table, *row[:-1]), "seal", table, row[stream])
        return (
            {row[0]: row[1:3] for row in claims},
            {row[0]: row[1] for row in known},
            {r[0]: r[1] for r in labels},
        )

    def _seal(self, *values):
        key = hmac.digest(self.key, b"magi.ledger.state", "sha256")
        texts = [str(value).encode() for value in values]
        return hmac.digest(key, b"".join(len(t).to_bytes(4, "big") + t for t in texts), "sha256")


class _Past:
    """What the records, in order, say of keys, bodies, tombstones and holds."""

    def __init__(self):
        self.vkeys, self.ever = [], []
        self.refs, self.stones, self.holds = {}, {}, set()
        self._alive = Counter()

    def take(self, record, *, placed):
        """The next record; one that waits for its place changes no key yet."""
        for ref in record["refs"]:
            _must(ref["commitment"] not in self.refs, "a commitment twice", ref["commitment"])
            self.refs[ref["commitment"]] = (record["stream"], ref["length"])
            self._alive[record["stream"]] += 1
        act = getattr(self, f"_{record['kind']}", None)
        if act is not None and (placed or record["stream"] != "config"):
            act(record, record["data"])

    def _configured(self, record, data):
        _must((record["stream"], record["ordinal"], self.vkeys) == ("config", 0, []), "first record")
        self._key_rotated(record, {"added": [data["key"]], "removed": []})

    def _key_rotated(self, _record, data):
        self.vkeys = [key for key in self.vkeys if key not in data["removed"]] + list(data["added"])
        self.ever += data["added"]

    def _erased(self, record, data):
        stream = data["stream"]
        _must(not {(n, s) for n, s in self.holds if s in (stream, "*")}, "erased under a hold", stream)
        for commitment in data["commitments"]:
            _must(commitment not in self.stones, "erased twice", commitment)
            _must(self.refs.get(commitment, ("",))[0] == stream, "erased before it was there", commitment)
            self.stones[commitment] = (stream, record["ordinal"])
            self._alive[stream] -= 1
        _must(data["whole"] == (self._alive[stream] == 0), "whole", stream, self._alive[stream])

    def _held(self, _record, data):
        self.holds |= {(data["name"], stream) for stream in data["streams"]}

    def _hold_released(self, _record, data):
        self.holds = {(name, stream) for name, stream in self.holds if name != data["name"]}


class _Reading:
    """One snapshot of a ledger, over a connection that can only read."""

    def __init__(self, path):
        address = f"file:{urllib.parse.quote(str(path))}?mode=ro"
        self._connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=30)

    def __enter__(self):
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, *_):
        self._connection.close()

    def check(self):
        """The file itself."""
        _must(self.all("PRAGMA integrity_check") == [("ok",)], "database")
        _must(self.all("PRAGMA foreign_key_check") == [], "foreign keys")
        marks = tuple(self.all(f"PRAGMA {name}")[0][0] for name in ("application_id", "user_version"))
        _must(marks == MARKS, "header", marks)

    def all(self, query):
        return self._connection.execute(query).fetchall()

    def waiting(self):
        """Every entry has its place."""
        return []


class Watcher:
    """Collects every head that another reader can see, over a connection of its own; one thread at a time."""

    def __init__(self, path):
        """Watch the ledger at `path`, from when it is there."""
        self.heads = []
        self._path = path
        self._connection = None

    def look(self):
        """See what is readable now; the head, None where there is none yet."""
        try:
            if self._connection is None:
                address = f"file:{urllib.parse.quote(str(self._path))}?mode=ro"
                self._connection = sqlite3.connect(
                    address, uri=True, isolation_level=None, timeout=0, check_same_thread=False
                )
            row = self._connection.execute("SELECT note FROM head").fetchone()
        except sqlite3.OperationalError:  # no file yet, no tables, or locked for everybody
            return None
        if row is not None and (not self.heads or self.heads[-1] != row[0]):
            self.heads.append(row[0])
        return None if row is None else row[0]

    def close(self):
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open_note(note, vkeys):
    """Origin, size, root, and which of the vkeys signed; a line that names one of them and does not hold is wrong."""
    text, _, lines = note.decode().partition("\n\n")
    origin, size, root = text.split("\n")
    signers = {vkey for line in lines.splitlines() for vkey in vkeys if _signed(f"{text}\n", line, vkey)}
    return origin, int(size), base64.b64decode(root, validate=True), signers


def _signed(text, line, vkey):
    dash, name, encoded = line.split(" ")
    value = base64.b64decode(encoded, validate=True)
    _must(dash == "\N{EM DASH}" and len(value) == KEY_ID_BYTES + SIGNATURE_BYTES, "signature line", name)
    known, key_id, key = vkey.split("+", 2)
    if (known, bytes.fromhex(key_id)) != (name, value[:KEY_ID_BYTES]):
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
        public.verify(value[KEY_ID_BYTES:], text.encode())
    except InvalidSignature as error:
        raise WrongLogError("signature", vkey) from error
    return True


def _node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def _tree_hash(leaves):
    """The definition of RFC 6962, section 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return _node(_tree_hash(leaves[:split]), _tree_hash(leaves[split:]))


def _edge(leaves):
    """The tree hashes of the complete subtrees from the left, the largest first."""
    while leaves:
        split = 1 << (len(leaves).bit_length() - 1)
        yield _tree_hash(leaves[:split])
        leaves = leaves[split:]


def _prefix_roots(leaves):
    """The root over no leaf, over the first, the first two, ...: all heads that the log may have had."""
    yield _tree_hash(())
    peaks = []
    for leaf in leaves:
        peaks.append((1, leaf))
        while len(peaks) > 1 and peaks[-2][0] == peaks[-1][0]:
            (width, left), (_, right) = peaks[-2:]
            peaks[-2:] = [(2 * width, _node(left, right))]
        yield functools.reduce(lambda right, left: _node(left, right), [peak for _, peak in reversed(peaks)])


def _tiles(reading, leaves):
    """Exactly the full tiles, each with the tree hashes of its part of the log."""
    expected, row, level = {}, leaves, 0
    while len(row) >= WIDTH:
        full = [row[n : n + WIDTH] for n in range(0, len(row) - WIDTH + 1, WIDTH)]
        expected |= {(level, number): b"".join(hashes) for number, hashes in enumerate(full)}
        row, level = [_tree_hash(hashes) for hashes in full], level + 1
    found = {(level, number): hashes for level, number, hashes in reading.all("SELECT * FROM tile")}
    _must(found == expected, "tiles", sorted(found.keys() ^ expected.keys()))


def size_and_root(note):
    """What a head says, unchecked."""
    lines = note.decode().split("\n")
    return int(lines[1]), base64.b64decode(lines[2], validate=True)
