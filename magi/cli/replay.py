"""`magi replay`: check the stored bytes, feed them to the core again, compare verdict bytes. Writes nothing."""

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from magi.cli import screen
from magi.core.errors import KeyMissingError, UnknownNameError
from magi.core.ports import Keys
from magi.ledger.keyfile import read_key_file
from magi.ledger.store import SqliteLedger
from magi.ledger.verify import Problem, VerifyReport, verify
from magi.replay.rearbitrate import Rearbitrated, rearbitrate
from magi.settings import Settings
from magi.wiring import KEY_ID, SystemClock, SystemEntropy, log_name, tenant_keys
from magi.words import say

SHOWN = 50
"""Deliberations listed one by one; the summary counts all."""
RESULTS = ("same", "different", "open", "refused", "malformed")


@dataclass(frozen=True)
class Checked:
    """What a replay found: the stored bytes, and every stream fed to the core again."""

    report: VerifyReport
    streams: tuple[Rearbitrated, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return self.report.sound and all(s.result not in ("different", "malformed") for s in self.streams)


def keys_beside(settings: Settings, ledger: Path) -> Keys | None:
    """The tenant key if this machine has it; an auditor without it checks everything but the bodies."""
    try:
        if settings.tenant_key is not None:
            return tenant_keys(settings, ledger, ledger)
        return read_key_file(ledger.parent / "tenant.key", KEY_ID)
    except KeyMissingError:
        return None


async def check(settings: Settings, ledger: Path, name: str | None) -> Checked:
    """Verify the file and replay one deliberation, or all.

    Raises:
        UnknownNameError: no deliberation of that name.
        ForeignLedgerError, LedgerUnavailableError: the file cannot be read as a ledger.
    """
    keys = keys_beside(settings, ledger)
    report = verify(ledger, keys)
    opened = SqliteLedger(
        ledger,
        log=log_name(settings.tenant),
        tenant=settings.tenant,
        key_id=KEY_ID,
        keys=_NoKeys() if keys is None else keys,
        entropy=SystemEntropy(),
        clock=SystemClock(),
        create=False,
        read_only=True,
    )
    async with opened as log:
        streams = await log.streams("d/")
        if name is not None:
            stream = f"d/{name.removeprefix('d/')}"
            if stream not in streams:
                raise UnknownNameError("deliberation", name=name, path=str(ledger))
            streams = (stream,)
        return Checked(report, tuple([rearbitrate(s, await log.read(s)) for s in streams]))


class _NoKeys:
    """Stands where no body is read."""

    def tenant_key(self, key_id: str) -> bytes:
        """Always absent."""
        raise KeyMissingError("key_file", path=key_id)


def show(checked: Checked, lang: str, *, listed: bool = True) -> None:
    """Print what was found: integrity first, then each stream where `listed`, then the sums."""
    out = screen.console()
    screen.emit(
        out, Text(_integrity(checked.report, lang), style="green" if checked.report.sound else "bold red")
    )
    screen.emit(out, Text(say("replay.root", lang, root=checked.report.root)))
    shown = screen.table(say("ask.id", lang), say("replay.outcome", lang), say("replay.result", lang))
    for stream in checked.streams[:SHOWN]:
        outcome = say(f"outcome.{stream.outcome}", lang) if stream.outcome else "-"
        shown.add_row(stream.stream.removeprefix("d/"), outcome, say(f"replay.{stream.result}", lang))
    if checked.streams and listed:
        out.print(shown)
    counts = {result: sum(s.result == result for s in checked.streams) for result in RESULTS}
    screen.emit(out, Text(say("replay.summary", lang, all=len(checked.streams), **counts)))


def _integrity(report: VerifyReport, lang: str) -> str:
    if not report.sound:
        return say("replay.broken", lang, what="\n".join(_problem(p) for p in report.problems[:SHOWN]))
    if report.bodies_checked or not report.bodies_missing:
        return say("replay.verified", lang, records=report.records, bodies=report.bodies_checked)
    return say("replay.unread", lang, records=report.records)


def _problem(problem: Problem) -> str:
    where = "" if problem.stream is None else f"{problem.stream}#{problem.ordinal} (seq {problem.seq}): "
    return f"{where}{problem.what}"
