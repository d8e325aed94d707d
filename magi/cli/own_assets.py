"""The folder of cards and councils of one's own: made as a whole copy of the shipped one, added to file by file.

Promises: the folder appears complete or not at all; a file appears whole or not at all, and stands in place of
another only where that is wished. Other processes read the folder meanwhile, so nothing half-written ever bears
a name that they would read. Leaves to others: what stands in the files.
"""

import os
import shutil
import tempfile
from pathlib import Path

from magi.assets import assets_root
from magi.core.errors import SeatRefusedError

PARTS = ("agents", "prompts")
_UNFINISHED = ".unfinished-"


def make_own(folder: Path) -> bool:
    """Copy the shipped agents and prompts to `folder` if it is not there or empty; whether it was made.

    Raises:
        OSError: it cannot be made; nothing is left behind.
    """
    if folder.is_dir() and any(folder.iterdir()):
        return False
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder.parent))
    try:
        for part in PARTS:
            shutil.copytree(assets_root(None) / part, unfinished / part)
        unfinished.chmod(0o755)  # cards are no secret; the home around it is closed
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
        if folder.is_dir() and any(folder.iterdir()):
            return False  # another command made it meanwhile
        raise
    return True


def put(path: Path, text: str, *, replace: bool) -> None:
    """Write one file, durably; `replace` allows it to take the place of another.

    Raises:
        SeatRefusedError: exists, there is such a file and it may not be replaced.
        OSError: it cannot be written; nothing is left behind.
    """
    descriptor, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o644)  # as readable as the copies beside it
        if replace:
            unfinished.replace(path)
        else:
            path.hardlink_to(unfinished)  # refuses atomically where the name is taken
    except FileExistsError as error:
        raise SeatRefusedError("exists", file=str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    _make_durable(path.parent)


def _make_durable(folder: Path) -> None:
    """A new name survives a power cut once its folder is written too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
