"""Labels texts without holding up the loop: short ones here, long ones in a process that can be killed.

Promises: never fails, only escalates: detectors that do not come to an end in time, or whose process dies, make
the text as strict as the strictest rule there is. The event loop is never held longer than `INLINE_BYTES` of text
take (a few tens of milliseconds); a worker is ended by its own alarm signal, also inside a regular expression.
Owns the worker processes. Leaves to others: the rules (`magi.residency`), what is done about the label
(`magi.service.run`).
"""

import asyncio
import contextlib
import json
import multiprocessing
import signal
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Protocol

from magi.core.record import Hit
from magi.gateway.egress import Rescan
from magi.residency.detect.build import shipped
from magi.residency.detect.dictionary import own_dictionary
from magi.residency.detect.engine import Detectors
from magi.residency.detect.manner import parse_manner
from magi.residency.label import Label, join
from magi.residency.labelling import Finding, label_texts

INLINE_BYTES = 65_536
"""UTF-8 bytes labelled on the event loop: about 20,000 characters of Japanese."""
SECONDS_A_MEGABYTE = 20
"""Ten times what a megabyte takes on one core; past it something is wrong."""
LEAST_SECONDS = 10
"""Starting a worker and building its tables included."""
WORKERS = 2
"""Long texts are rare; more workers would take the cores from the service."""
MANNER = "manner.json"
"""The fitted table of the wording, beside the detectors."""
UNFINISHED = "error.unfinished"
"""The rule of a text whose detectors came to no end."""

Texts = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Job:
    """What a worker labels; plain values, since they cross to another process."""

    texts: Texts = field(repr=False)
    declared: int
    ancestors: tuple[int, ...]
    cleared: tuple[str, ...]


class Residency(Protocol):
    """The labels of texts, as the service sees them."""

    @property
    def version(self) -> str:
        """What the manifest calls the detectors."""
        ...

    @property
    def dictionary(self) -> str | None:
        """What the manifest calls the organisation's own dictionary, or None without one."""
        ...

    async def label(
        self, texts: Texts, declared: Label, ancestors: Iterable[int] = (), cleared: Collection[str] = ()
    ) -> Finding:
        """The label of texts that are seen together; never fails, only escalates."""
        ...


class Labeller:
    """Implements `Residency` over the shipped detectors and an organisation's own dictionary."""

    def __init__(
        self,
        dictionary: Mapping[str, object] | None = None,
        file: str = "",
        *,
        raised_by: Callable[[Collection[str]], Label] = lambda _: Label.PUBLIC,
        work: Callable[[Job], Finding] | None = None,
        seconds_a_megabyte: float = SECONDS_A_MEGABYTE,
        least_seconds: float = LEAST_SECONDS,
    ) -> None:
        """Build the detectors; `work` replaces what a worker process runs (a fake that hangs).

        `raised_by` is the profile's word on what topics make of a text, over what their rules say.

        Raises:
            MalformedFileError: the dictionary, with every problem.
        """
        self._dictionary = dictionary
        self._file = file
        self._raised_by = raised_by
        self.detectors = _detectors(dictionary, file)
        self._work = work or _label_in_worker
        self._seconds_a_megabyte = seconds_a_megabyte
        self._least_seconds = least_seconds
        self._pool: ProcessPoolExecutor | None = None

    @property
    def version(self) -> str:
        """Version and digest of rules and words."""
        return self.detectors.version

    @property
    def dictionary(self) -> str | None:
        """The dictionary's file name, where there is one; its words are in the detectors' digest."""
        return self._file or None

    async def label(
        self, texts: Texts, declared: Label, ancestors: Iterable[int] = (), cleared: Collection[str] = ()
    ) -> Finding:
        """The label of texts that are seen together; never fails, only escalates."""
        above = tuple(ancestors)
        size = sum(len(text.encode("utf-8", "surrogatepass")) for _, text in texts)
        if size <= INLINE_BYTES:
            return self._raised(label_texts(self.detectors, texts, declared, above, cleared))
        seconds = self._least_seconds + self._seconds_a_megabyte * size / 1_000_000
        try:
            found = await self._in_worker(seconds, Job(texts, int(declared), above, tuple(cleared)))
            return self._raised(found)
        except Exception:  # noqa: BLE001  # whatever became of the worker, the text is not cleared by it
            self._drop()
            return unfinished(self.detectors, texts, declared, above)

    def rescan(self, texts: Sequence[str], cleared: Collection[str]) -> Rescan:
        """The same detectors for the egress guard: once more over what is about to be sent, short texts."""
        found = label_texts(self.detectors, _numbered(texts), Label.PUBLIC, (), cleared)
        return _rescan(self._raised(found), cleared)

    async def rescan_long(self, texts: Sequence[str], cleared: Collection[str]) -> Rescan:
        """The same for long texts, in a worker."""
        return _rescan(await self.label(_numbered(texts), Label.PUBLIC, (), cleared), cleared)

    async def aclose(self) -> None:
        """End the workers."""
        self._drop()

    def _raised(self, finding: Finding) -> Finding:
        return replace(finding, label=join((finding.label, self._raised_by(finding.raising))))

    async def _in_worker(self, seconds: float, job: Job) -> Finding:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                WORKERS,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._dictionary, self._file),
            )
        loop = asyncio.get_running_loop()
        run = loop.run_in_executor(self._pool, _bounded, self._work, seconds, job)
        # The worker's own alarm comes first; this one is for a worker that cannot even start.
        async with asyncio.timeout(seconds + LEAST_SECONDS):
            return await run

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _numbered(texts: Sequence[str]) -> Texts:
    return [(str(number), text) for number, text in enumerate(texts)]


def _rescan(finding: Finding, cleared: Collection[str]) -> Rescan:
    rules = {hit.rule for hit in finding.hits if hit.rule not in cleared}
    return Rescan(int(finding.label), finding.topics, tuple(sorted(rules)))


def unfinished(detectors: Detectors, texts: Texts, declared: Label, ancestors: Iterable[int]) -> Finding:
    """What texts count as when nobody knows what the detectors would have found."""
    worst = max(rule.label for rule in detectors.rules.values())
    hits = tuple(
        Hit(text=name, rule=UNFINISHED, label=int(worst), view="raw", start=0, end=len(text))
        for name, text in texts
    )
    return Finding(join((declared, worst, *ancestors)), hits)


def _detectors(dictionary: Mapping[str, object] | None, file: str) -> Detectors:
    table = json.loads((files("magi.residency.detect") / MANNER).read_text(encoding="utf-8"))
    return shipped(None if dictionary is None else own_dictionary(dictionary, file), parse_manner(table))


_in_this_worker: Detectors | None = None
"""The detectors of a worker process; its initializer owns them."""


def _start_worker(dictionary: Mapping[str, object] | None, file: str) -> None:
    global _in_this_worker  # noqa: PLW0603  # a worker process has no other place that outlives a task
    _in_this_worker = _detectors(dictionary, file)
    with contextlib.suppress(AttributeError):
        # An interrupt is the parent's to handle; the workers end with its pool.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _bounded(work: Callable[[Job], Finding], seconds: float, job: Job) -> Finding:
    """Work under an alarm whose default action ends this process, whatever it is doing."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work(job)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _label_in_worker(job: Job) -> Finding:
    assert _in_this_worker is not None  # noqa: S101  # the initializer ran
    return label_texts(_in_this_worker, job.texts, Label(job.declared), job.ancestors, job.cleared)
