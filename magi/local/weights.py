"""A file of weights, known by the digest of its bytes.

Promises: a digest is over every byte of the file as it is read, never over its name or a header; a file that is
not a GGUF file (https://github.com/ggml-org/ggml, docs/gguf.md: it begins with the letters GGUF) is refused.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from magi.core.errors import WeightsRefusedError

MAGIC = b"GGUF"
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Weights:
    """A GGUF file and the SHA-256 of its bytes; `stamp` (size, time, inode) tells whether it changed since."""

    path: Path
    sha256: str
    stamp: tuple[int, int, int]


def weigh(path: Path) -> Weights:
    """Read the whole file once and name it by its digest.

    Raises:
        WeightsRefusedError: not_found; unreadable, with the system's word; not_gguf.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise WeightsRefusedError("not_gguf", file=str(path))
            file.seek(0)
            stamp = _stamp(path)
            return Weights(path, hashlib.file_digest(file, "sha256").hexdigest(), stamp)
    except FileNotFoundError as error:
        raise WeightsRefusedError("not_found", file=str(path)) from error
    except OSError as error:
        raise WeightsRefusedError("unreadable", file=str(path), what=error.strerror or "") from error


def require(weights: Weights, sha256: str) -> None:
    """Refuse weights that are not the ones named.

    Raises:
        WeightsRefusedError: digest_form, the name is no SHA-256 in hex; digest_differs, with the real one.
    """
    wanted = sha256.strip().lower().removeprefix("sha256:")
    if not SHA256.fullmatch(wanted):
        raise WeightsRefusedError("digest_form", sha256=weights.sha256)
    if wanted != weights.sha256:
        raise WeightsRefusedError("digest_differs", file=str(weights.path), sha256=weights.sha256)


def unchanged(weights: Weights) -> bool:
    """Whether the file is, to the system's eye, still the one that was weighed."""
    try:
        return _stamp(weights.path) == weights.stamp
    except OSError:
        return False


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino
