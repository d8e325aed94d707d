"""What the checks with foreign software share: logs made by the real ledger, exports, and the auditor's verifier.

The program exports what its ledger holds. Forged logs are written here by docs/EXPORT.md: changed records under a tree
that was rebuilt and signed again.
"""

import asyncio
import importlib.util
import json
import random
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from magi.core.deliberation import feed
from magi.core.effects import Decide
from magi.core.ports import Draft
from magi.core.record import Configured, parse_record
from magi.ledger.export import export_log
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.nodes import snapshot
from magi.ledger.note import Checkpoint, sign
from magi.ledger.note_key import new_signer
from magi.ledger.store import SqliteLedger
from magi.ledger.tiles import TILE_WIDTH, bundle, bundles_of, entries_path, tile_bytes, tile_path, tiles_of
from magi.ledger.tree import leaf_hash, merkle_root

ROOT = Path(__file__).parents[2]
RECOMPUTE = ROOT / "deploy/auditor/recompute.py"
LOG = "magi/t"
SIGNER = new_signer(LOG, b"s" * 32)
SECONDS = 60
"""A run of the verifier on the logs made here takes one; longer is a hang."""


class Clock:
    """Time that stands still."""

    def now_ms(self):
        """Always the same."""
        return 1_700_000_000_000

    def monotonic_ms(self):
        """Always the same."""
        return 0


class Entropy:
    """Chance that repeats from run to run."""

    def __init__(self):
        """Start from the same seed."""
        self._random = random.Random(5)  # noqa: S311  # tests want the same bytes every time

    def token(self, size):
        """The next `size` bytes."""
        return self._random.randbytes(size)


@dataclass(frozen=True)
class Exported:
    """A log as an auditor gets it: records as bytes, and who signs; `write` makes the folder."""

    entries: tuple[bytes, ...]
    note: bytes | None = None
    signers: tuple = (SIGNER,)
    origin: str = LOG
    ledger: Path | None = None

    @cached_property
    def records(self):
        """The records, parsed by the program under audit."""
        return [parse_record(json.loads(data)) for data in self.entries]

    def signed(self):
        """The checkpoint: the ledger's own, or one over the records as they are now."""
        if self.note is not None:
            return self.note
        root = merkle_root(map(leaf_hash, self.entries))
        return sign(Checkpoint(self.origin, len(self.entries), root).text, self.signers)

    def forged(self, change):
        """The same log with its list of records changed, and the tree rebuilt and signed over it."""
        entries = list(self.entries)
        change(entries)
        return self.other(entries=tuple(entries))

    def other(self, **changes):
        """The same log with another head or other signers, written here."""
        return replace(self, **({"note": None, "ledger": None} | changes))

    def edited(self, place, change):
        """The same log with the value of one record changed, and the tree rebuilt and signed over it."""
        value = json.loads(self.entries[place])
        change(value)
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        return self.forged(lambda entries: entries.__setitem__(place, data))

    def place(self, kind, nth=0):
        """Where the nth record of a kind stands."""
        return [place for place, record in enumerate(self.records) if record.kind == kind][nth]

    def write(self, folder):
        """The folder of docs/EXPORT.md without bodies and `contents.json`."""
        size = len(self.entries)
        levels = [[leaf_hash(data) for data in self.entries]]
        while len(levels[-1]) >= TILE_WIDTH:
            row = levels[-1]
            full = range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)
            levels.append([merkle_root(row[at : at + TILE_WIDTH]) for at in full])
        keys = "".join(f"{signer.verifier.vkey}\n" for signer in self.signers)
        files = {"checkpoint": self.signed(), "log.vkey": keys.encode()}
        for number, width in bundles_of(size):
            first = number * TILE_WIDTH
            files[entries_path(number, width)] = bundle(self.entries[first : first + width])
        for level, number, width in tiles_of(size):
            hashes = tile_bytes(level, number, width, lambda height, index: levels[height // 8][index])
            files[tile_path(level, number, width)] = hashes
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder


class Logs:
    """Makers of logs."""

    def __init__(self, build, fresh):
        """With the builders of events, and a maker of new folders."""
        self._build = build
        self._fresh = fresh

    def honest(self, events):
        """These events, first the intent, with the verdict where the core decides, and nothing after it."""
        for end in range(1, len(events) + 1):
            last = feed(events[:end])[1][-1:]
            if last and isinstance(last[0], Decide):
                return [*events[:end], last[0].verdict]
        return list(events)

    def ledger(self, streams):
        """The log that the real ledger makes of these lists of events, one deliberation each."""
        path = self._fresh() / "ledger.db"
        asyncio.run(self._append(path, streams))
        with sqlite3.connect(path) as connection:
            entries = [row[0] for row in connection.execute("SELECT bytes FROM entry ORDER BY seq")]
            note = connection.execute("SELECT note FROM head").fetchone()[0]
        connection.close()
        return Exported(tuple(entries), note, ledger=path)

    async def _append(self, path, streams):
        async with SqliteLedger(
            path,
            log=LOG,
            tenant="t",
            key_id="k1",
            keys=TenantKeys("k1", b"k" * 32),
            signers=GivenSigners((SIGNER,)),
            entropy=Entropy(),
            clock=Clock(),
        ) as ledger:
            drafts = [[Draft(event) for event in events] for events in streams]
            await asyncio.gather(
                *(ledger.append(f"d/{n}", 0, draft) for n, draft in enumerate(drafts) if draft)
            )

    def of(self, records):
        """A log of these records of one deliberation, without a ledger: nothing refuses to write it."""
        key = Configured(tenant="t", schema_version=2, key=SIGNER.verifier.vkey)
        first = self._build.records(key, stream="config")
        return Exported(tuple(record.to_bytes() for record in (*first, *records)))

    def folder(self, exported, **options):
        """The export in a new folder: by the program where its ledger is there, else written here."""
        if exported.ledger is None:
            return exported.write(self._fresh())
        out = self._fresh() / "export"
        with snapshot(exported.ledger) as connection:
            export_log(connection, out, **options)
        return out


@dataclass(frozen=True)
class Found:
    """What the verifier said: its exit code, and its report."""

    code: int
    report: dict
    words: str

    @property
    def results(self):
        """The result of every stream."""
        return {line["stream"]: line["result"] for line in self.report["streams"]}


def recompute(folder, *arguments):
    """Run the auditor's verifier in a process that has no packages to import."""
    command = [sys.executable, "-I", "-S", str(RECOMPUTE), str(folder), "--json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS, cwd=folder)
    report = json.loads(done.stdout) if done.stdout else {}
    return Found(done.returncode, report, done.stderr.decode())


def loaded(name, path):
    """A module by its path."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def verifier():
    """The auditor's verifier as a module, for its parts and for many small cases."""
    return loaded("recompute_alone", RECOMPUTE)


@pytest.fixture(scope="session")
def by_chance(build):
    """A deliberation with terms by chance, from a seed."""
    module = loaded("deliberations_by_chance", Path(__file__).with_name("by_chance.py"))
    return lambda seed: module.Chance(build, seed)


@pytest.fixture(scope="session")
def logs(build, tmp_path_factory):
    """Makers of logs; of the session, so that generated examples may share them."""
    return Logs(build, lambda: tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="session")
def audit(logs):
    """Run the auditor's verifier on a log, exported anew, or on a folder."""

    def run(log, *arguments):
        return recompute(log if isinstance(log, Path) else logs.folder(log), *arguments)

    return run
