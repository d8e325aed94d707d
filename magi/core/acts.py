"""What people and the ledger itself do, on record: outside every verdict. Part of the schema in `record`.

Streams: `access` (who read, who asked to, who agreed), `retention` (erasures and legal holds), `replays`, and
`config` (keys). Free text, such as a person's reason, lies in a body named `reason`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from magi.core.fields import Code, Count, Hex
from magi.core.frozen import Frozen

MAX_ERASED = 500
"""Commitments in one tombstone: 67 bytes each, so that the record stays far below 65,535."""
MAX_NAMED = 200
"""Streams named in one hold or replay record, of at most 200 characters each."""

Level = Literal["R0", "R1", "R2", "R3", "R4"]


class Accessed(Frozen):
    """Somebody read a body: recorded before the body is handed out.

    `request` is the ordinal in `access` of the request that a second person approved, where one was needed.
    """

    kind: ClassVar[str] = "accessed"
    commitment: Hex
    who: Code
    why: Code
    request: Count | None = None


class AccessRequested(Frozen):
    """Somebody asks to read the bodies of a deliberation whose label needs a second person's word."""

    kind: ClassVar[str] = "access_requested"
    stream: Code
    label: int = Field(ge=0, le=6)
    who: Code
    why: Code
    expires_ms: int


class AccessApproved(Frozen):
    """The second person's word on the request of that ordinal in `access`."""

    kind: ClassVar[str] = "access_approved"
    request: Count
    granted: bool
    by: Code


class AccessDenied(Frozen):
    """Somebody asked to read the bodies of a stream and was refused; `reason` is that of `AccessRefusedError`."""

    kind: ClassVar[str] = "access_denied"
    stream: Code
    who: Code
    why: Code
    reason: Code


class Erased(Frozen):
    """The tombstone of bodies of one stream: the bytes and salts are gone, the commitments stand.

    `why` is a code (retention, request, order, mistake); a person's own words lie in the body `reason`. `schedule`
    names the retention rule that was due. `whole` says that the stream's data key was destroyed with its last body.
    """

    kind: ClassVar[str] = "erased"
    stream: Code
    commitments: tuple[Hex, ...] = Field(min_length=1, max_length=MAX_ERASED)
    why: Code
    by: Code
    schedule: Code | None = None
    whole: bool


class Held(Frozen):
    """A legal hold: nothing of these streams is erased until it is released. "*" names every stream."""

    kind: ClassVar[str] = "held"
    name: Code
    streams: tuple[Code, ...] = Field(min_length=1, max_length=MAX_NAMED)
    by: Code


class HoldReleased(Frozen):
    """The end of a legal hold by its name."""

    kind: ClassVar[str] = "hold_released"
    name: Code
    by: Code


class KeyRotated(Frozen):
    """The log's signing keys changed; `added` and `removed` are signed-note verifier keys.

    While both sign, `removed` is empty; the record that removes a key is signed by those that stay.
    """

    kind: ClassVar[str] = "key_rotated"
    added: tuple[Code, ...] = Field(max_length=4)
    removed: tuple[Code, ...] = Field(max_length=4)
    by: Code


class Replayed(Frozen):
    """Somebody replayed a part of this log. Never a decision.

    `size` and `root` are the head that was read, `counts` the results by name, `differing` the first streams whose
    result was not as recorded, `options` what a counterfactual changed.
    """

    kind: ClassVar[str] = "replayed"
    level: Level
    streams: Count
    first: Code | None
    last: Code | None
    counts: Mapping[str, Count]
    differing: tuple[Code, ...] = Field(max_length=MAX_NAMED)
    options: Mapping[str, Code]
    code: Code
    size: Count
    root: Hex
    by: Code


class Adopted(Frozen):
    """A named person's word on a verdict: taken up, not taken up, or sent back. Ref: `reason`. In stream `adoptions`.

    `verdict` is the SHA-256 of the verdict's bytes, so the act is on this very verdict and on no other.
    """

    kind: ClassVar[str] = "adopted"
    stream: Code
    verdict: Hex
    decision: Literal["adopted", "not_adopted", "sent_back"]
    by: Code


class ProfileFitted(Frozen):
    """A reliability profile put to use for a council by a named person. Ref: `profile` (canonical bytes). In `config`.

    `cards` are the digests of the cards that were measured, by seat: a profile speaks of these and of no others.
    `rebuttal` says whether a second round gained where it was measured.
    """

    kind: ClassVar[str] = "profile_fitted"
    council: Code
    profile: Hex
    labels: Count
    cards: Mapping[str, Hex]
    rebuttal: Literal["gain", "no_gain", "unmeasured"] = "unmeasured"
    by: Code


class TopicFinding(Frozen):
    """One card on one topic of the bias battery. `unmeasured` is never trusted."""

    topic: Code
    asked: Count
    repeated: Count
    refused: Count
    one_sided: bool
    verdict: Literal["trusted", "untrusted", "unmeasured"]


class BiasMeasured(Frozen):
    """What the bias battery of that digest found of one card. In `config`. Rehearsals give no trust."""

    kind: ClassVar[str] = "bias_measured"
    card: Code
    card_digest: Hex
    battery: Hex
    origin: Code
    topics: tuple[TopicFinding, ...]
