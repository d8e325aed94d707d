"""The desk: every deliberation of this process, the places for them, and who waits on which.

Promises: no more than the limits run or wait; a caller that goes away ends its deliberation, which closes itself
on record; one that was asked for in the background belongs to the desk alone; `close` leaves no task behind.
Owns the tasks and the followers' wake-ups. Leaves to others: HTTP (`chat`, `deliberations`, `events`), the
deliberation itself (`magi.service`).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from starlette.types import Receive, Scope

from magi.api.limits import GRACE_SECONDS, Limits
from magi.api.problems import BusyError, CallerGoneError
from magi.api.view import id_of
from magi.core.council import Council
from magi.core.errors import UnknownNameError
from magi.core.record import Record
from magi.service.reply import Deliberation
from magi.service.run import Request, Tools, Watch, deliberate


@dataclass(frozen=True)
class Offer:
    """What this service offers: tools, councils by the name callers use, and how it marks itself."""

    tools: Tools
    councils: dict[str, Council]
    default: str
    limits: Limits = field(default_factory=Limits)
    rehearsal: bool = False
    lang: str = "ja"

    def council(self, name: str | None) -> Council:
        """The council of that name, or the default one.

        Raises:
            UnknownNameError: there is none.
        """
        found = self.councils.get(name or self.default)
        if found is None:
            raise UnknownNameError("council", name=name or self.default, known=tuple(self.councils))
        return found


class Desk:
    """Runs deliberations within the limits of an offer."""

    def __init__(self, offer: Offer) -> None:
        """Take an offer; nothing runs yet."""
        self.offer = offer
        self._room = asyncio.Semaphore(offer.limits.running)
        self._tasks: set[asyncio.Task[Deliberation]] = set()
        self._wakes: dict[str, set[asyncio.Event]] = {}
        self._stopping = False

    @property
    def running(self) -> int:
        """Deliberations that run or wait for a place."""
        return len(self._tasks)

    @property
    def stopping(self) -> bool:
        """Whether nothing new is taken any more."""
        return self._stopping

    def start(self, request: Request, watch: Watch) -> asyncio.Task[Deliberation]:
        """Start a deliberation as a task of the desk; `watch` sees its records as they become durable.

        Raises:
            BusyError: full, stopping.
        """
        if self._stopping:
            raise BusyError("stopping")
        if len(self._tasks) >= self.offer.limits.running + self.offer.limits.queued:
            raise BusyError("full")
        task = asyncio.create_task(self._deliberate(request, watch))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _deliberate(self, request: Request, watch: Watch) -> Deliberation:
        def noted(record: Record) -> None:
            watch(record)
            for wake in self._wakes.get(record.stream, ()):
                wake.set()

        async with self._room:
            return await deliberate(self.offer.tools, request, noted)

    def _ended(self, task: asyncio.Task[Deliberation]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: whoever waits raises it, and in the background `failed` logs it

    @asynccontextmanager
    async def attend(self, request: Request, scope: Scope, receive: Receive) -> AsyncIterator["Attendance"]:
        """Deliberate for the caller of an ASGI request; leaving ends what still runs, on record.

        Raises:
            BusyError: full, stopping.
        """
        news: asyncio.Queue[Record | _Sign] = asyncio.Queue()

        def noted(record: Record) -> None:
            name(scope, record.stream)
            news.put_nowait(record)

        task = self.start(request, noted)
        task.add_done_callback(lambda _: news.put_nowait(_END))
        gone = asyncio.create_task(until_gone(receive))
        gone.add_done_callback(lambda _: news.put_nowait(_GONE))
        try:
            yield Attendance(task, news)
        finally:
            gone.cancel()
            if not task.done() and not task.cancelling():
                task.cancel()
            await asyncio.wait((task, gone))

    @contextmanager
    def follow(self, stream: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever this process adds to the stream, and at the stop.

        Raises:
            BusyError: followers, stopping.
        """
        if self._stopping:
            raise BusyError("stopping")
        if sum(map(len, self._wakes.values())) >= self.offer.limits.followers:
            raise BusyError("followers")
        wake = asyncio.Event()
        self._wakes.setdefault(stream, set()).add(wake)
        try:
            yield wake
        finally:
            self._wakes[stream].discard(wake)
            if not self._wakes[stream]:
                del self._wakes[stream]

    def stop(self) -> None:
        """Take nothing new; event streams end."""
        self._stopping = True
        for wakes in self._wakes.values():
            for wake in wakes:
                wake.set()

    async def close(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Let what runs end within the grace, then give it up, on record. Leaves no task behind."""
        self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in self._tasks:
            # A second cancellation would interrupt the closing of the record.
            if not task.cancelling():
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


class _Sign:
    """A sign among the records: the deliberation ended, or the caller left."""


_END, _GONE = _Sign(), _Sign()


@dataclass(frozen=True)
class Attendance:
    """One caller's view of its deliberation."""

    task: asyncio.Task[Deliberation]
    news: asyncio.Queue[Record | _Sign]

    async def next(self, wait_seconds: float | None = None) -> Record | Deliberation | None:
        """The next durable record, the end, or None when nothing came in time.

        Raises:
            CallerGoneError: the caller has left.
            BusyError: stopping, the service gave it up.
            MagiError: what the deliberation failed with.
        """
        try:
            async with asyncio.timeout(wait_seconds):
                found = await self.news.get()
        except TimeoutError:
            return None
        if found is _GONE:
            raise CallerGoneError
        if not isinstance(found, _Sign):
            return found
        if self.task.cancelled():
            raise BusyError("stopping")
        return self.task.result()

    async def end(self) -> Deliberation:
        """The finished deliberation; raises as `next`."""
        while True:
            found = await self.next()
            if isinstance(found, Deliberation):
                return found


def name(scope: Scope, stream: str) -> None:
    """Note on a request which deliberation it is about, for the log line."""
    scope.setdefault("state", {})["deliberation"] = id_of(stream)


async def until_gone(receive: Receive) -> None:
    """Return when the caller has closed the connection; its body has been read before."""
    while (await receive())["type"] != "http.disconnect":
        pass
