"""The head of a log against its records and against what an auditor kept: keys, signatures, size, root.

The keys of a log are those that its own records leave in force: `configured` names the first, `key_rotated` adds and
removes. An auditor who brings a key asks for more: one of the brought keys must have signed the head.

A kept checkpoint is held against the root over the log's first records, computed from their stored bytes, which
shows at least what a consistency proof would.

Promises: pure. Leaves to others: roots and edges (`magi.ledger.verify_tree`), what to do with the log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.note import Checkpoint, Note, Verifier, open_note, parse_checkpoint, parse_vkey
from magi.ledger.reading import StoredHead
from magi.ledger.tree import EMPTY_ROOT, HASH_BYTES
from magi.ledger.verify_report import Findings

Compared = Literal["same", "split_view", "other_log", "needs_log"]
"""`needs_log`: of different sizes, so that only the log itself can show whether one extends the other."""

_SEPARATOR = b"\n\n"


class KeyHistory:
    """The verifier keys of a log as its records give and take them, in order. Owned by one check."""

    def __init__(self, findings: Findings) -> None:
        """Note in `findings` what is no key."""
        self._findings = findings
        self._in_force: dict[str, Verifier] = {}
        self._ever: dict[str, Verifier] = {}

    @property
    def in_force(self) -> tuple[Verifier, ...]:
        """The keys that have to sign, the oldest first."""
        return tuple(self._in_force.values())

    @property
    def ever(self) -> tuple[Verifier, ...]:
        """Every key that was one of this log."""
        return tuple(self._ever.values())

    def take(self, seq: int | None, value: Mapping[str, Any]) -> None:
        """A record of kind `configured` or `key_rotated`, in log order."""
        try:
            event = value["data"]
            first = value["kind"] == "configured"
            added, removed = ((event["key"],), ()) if first else (event["added"], event["removed"])
            for text in added:
                self._in_force[text] = self._ever[text] = parse_vkey(text)
            for text in removed:
                del self._in_force[text]
        except (KeyError, TypeError, AttributeError, MalformedFileError):
            self._findings.add("key_record", seq, value.get("stream"), value.get("ordinal"))


@dataclass(frozen=True)
class Grown:
    """What was computed from the stored bytes: how many have a place, roots at sizes, the edge."""

    size: int
    root: bytes
    edge: tuple[bytes, ...]
    roots: Mapping[int, bytes]


@dataclass(frozen=True)
class Judged:
    """A log as a check has read it: its head, what its bytes gave, its keys, its name, and the keys brought along."""

    head: StoredHead | None
    grown: Grown
    history: KeyHistory
    log: str | None
    given: tuple[Verifier, ...]

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Every key that a note of this log may be signed with."""
        return tuple(dict.fromkeys((*self.history.ever, *self.given)))


def said_by(note: bytes) -> Checkpoint | None:
    """What a note says, its signatures not looked at; None where it is no checkpoint."""
    text, separator, _ = note.rpartition(_SEPARATOR)
    try:
        return parse_checkpoint(text.decode() + "\n") if separator else None
    except (MalformedFileError, UnicodeDecodeError):
        return None


def check_head(seen: Judged, findings: Findings) -> tuple[Verifier, ...]:
    """The keys in force whose signatures hold; everything that is wrong with the head goes to `findings`."""
    head, history = seen.head, seen.history
    note = None if head is None else _opened(head.note, seen.verifiers, findings, "head_note")
    if head is None or note is None:
        return ()
    unsigned = [key for key in history.in_force if key not in note.verified]
    if unsigned or not history.in_force:
        findings.add("key_did_not_sign")
    if seen.given and not set(seen.given) & set(note.verified):
        findings.add("given_key")
    try:
        checkpoint = parse_checkpoint(note.text)
    except MalformedFileError:
        findings.add("head_note")
        return ()
    if seen.log is not None and checkpoint.origin != seen.log:
        findings.add("head_origin")
    if head.size is not None and head.size != checkpoint.size:
        findings.add("head_size")
    _check_tree(checkpoint, head.edge, seen.grown, findings)
    return tuple(key for key in note.verified if key in history.in_force)


def _check_tree(checkpoint: Checkpoint, edge: bytes | None, grown: Grown, findings: Findings) -> None:
    if grown.size < checkpoint.size:
        findings.add("cut_off", grown.size)
    elif grown.size > checkpoint.size:
        findings.add("beyond_head", checkpoint.size)
    root = grown.roots.get(checkpoint.size)
    if root is not None and root != checkpoint.root:
        findings.add("head_root")
    if edge is None or grown.size != checkpoint.size or edge == b"".join(grown.edge):
        return
    start = 0
    heights = [height for height in range(grown.size.bit_length(), -1, -1) if grown.size >> height & 1]
    for place, (height, computed) in enumerate(zip(heights, grown.edge, strict=True)):
        if edge[place * HASH_BYTES : (place + 1) * HASH_BYTES] != computed:
            findings.add(f"head_edge: {start}-{start + (1 << height) - 1}")
            return
        start += 1 << height
    findings.add("head_edge")


def check_kept(notes: Sequence[bytes], seen: Judged, findings: Findings) -> tuple[int, ...]:
    """Hold an auditor's own checkpoints against the log; the sizes of those that it extends."""
    extended, others = [], list[Checkpoint]()
    shows = None if seen.head is None else said_by(seen.head.note)
    for data in notes:
        kept = said_by(data)
        if kept is None:
            findings.add("kept_note")
            continue
        signed = _opened(data, seen.verifiers, findings, "kept_note") is not None
        if seen.log is not None and kept.origin != seen.log:
            findings.add("kept_other_log")
            continue
        if any(is_split(kept, other) for other in others):
            findings.add("split_view")
        others.append(kept)
        problem = _departure(kept, shows, seen.grown)
        if problem is not None:
            findings.add(problem)
        elif signed:
            extended.append(kept.size)
    return tuple(extended)


def compare(one: bytes, other: bytes, verifiers: Sequence[Verifier]) -> Compared:
    """Hold two checkpoints against each other, without the log; signatures are looked at where there are `verifiers`.

    Raises:
        MalformedFileError: `note`, `checkpoint`. TamperedError: `note_signature`, `note_unsigned`.
    """
    said = []
    for data in (one, other):
        checkpoint = said_by(data)
        if checkpoint is None or verifiers:
            checkpoint = parse_checkpoint(open_note(data, verifiers).text)
        said.append(checkpoint)
    if said[0].origin != said[1].origin:
        return "other_log"
    if is_split(*said):
        return "split_view"
    return "same" if said[0].size == said[1].size else "needs_log"


def is_split(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether one log showed two histories: the same name and size, another root."""
    return (one.origin, one.size) == (other.origin, other.size) and one.root != other.root


def _departure(kept: Checkpoint, shows: Checkpoint | None, grown: Grown) -> str | None:
    """Why the log does not extend a checkpoint, or None; `shows` is the log's own head."""
    if shows is not None and is_split(kept, shows):
        return "split_view"
    if kept.size > grown.size:
        return "truncated"
    return "rewritten" if grown.roots.get(kept.size, EMPTY_ROOT) != kept.root else None


def _opened(data: bytes, verifiers: Sequence[Verifier], findings: Findings, malformed: str) -> Note | None:
    try:
        return open_note(data, verifiers)
    except MalformedFileError:
        findings.add(malformed)
    except TamperedError as error:
        reason = "forged_signature" if error.reason == "note_signature" else "unsigned"
        findings.add(f"{reason}: {'checkpoint' if malformed == 'kept_note' else 'head'}")
    return None
