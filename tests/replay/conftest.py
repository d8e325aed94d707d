"""What the tests of replays share: real runs against stand-ins on loopback, and what was recorded of them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from magi.assets import load_assets
from magi.core.council import Seat
from magi.core.decided import Decided
from magi.core.errors import ErasedError
from magi.core.space import ChoiceSpace
from magi.replay.offline import replay_offline
from magi.replay.world import World
from magi.service.question import take_question
from magi.service.run import Request, deliberate
from magi.settings import read_settings
from magi.standin.script import Reply, by_model
from magi.standin.server import StandIn
from magi.wiring import bind, labeller, open_tools, today

ICHI, NI, SAN = "standin-ichi", "standin-ni", "standin-san"
SETTINGS = read_settings({"MAGI_HOME": "unused"})
AB = ChoiceSpace(options=("A", "B"))
TEXTS = {"A": "はい、行う", "B": "いいえ、行わない"}


def form(answer, reason="理由", basis="根拠なし"):
    """What a seat that follows the form sends."""
    return Reply(json.dumps({"answer": answer, "reason": reason, "basis": basis}, ensure_ascii=False))


@dataclass
class Recorded:
    """One recorded stream with its bodies, and the world in which it was recorded."""

    stream: str
    records: tuple
    bodies: Mapping[str, bytes]
    world: World
    asked: Mapping[str, object] = field(default_factory=dict)
    """The cards as they were bound that day."""
    erased: set = field(default_factory=set)

    def body(self, ref):
        """A plaintext, or the word that it was erased."""
        if ref.commitment in self.erased:
            raise ErasedError("body", stream=self.stream, by="x", why="retention", at_ms=0)
        return self.bodies[ref.commitment]

    def replay(self, **more):
        """The replay of this stream."""
        return asyncio.run(replay_offline(self.stream, self.records, self.body, self.world, **more))

    def events(self, kind):
        """The events of one kind, in order."""
        return [record.data for record in self.records if record.kind == kind]

    @property
    def kinds(self):
        """The kinds of the records, in order."""
        return [record.kind for record in self.records]

    @property
    def verdict(self):
        """The verdict."""
        return next(record.data for record in self.records if isinstance(record.data, Decided))

    def with_event(self, place, **changes):
        """The same stream with other fields in one event."""
        record = self.records[place]
        changed = record.model_copy(update={"data": record.data.model_copy(update=changes)})
        return replace(self, records=(*self.records[:place], changed, *self.records[place + 1 :]))

    def place(self, kind, ask=None):
        """The place of the first record of a kind, of an ask."""
        return next(
            place
            for place, record in enumerate(self.records)
            if record.kind == kind and ask in (None, getattr(record.data, "ask", None))
        )

    def without_body(self, name, place):
        """The same stream with the body of that name in that record erased."""
        ref = self.records[place].ref(name)
        return replace(self, erased={*self.erased, ref.commitment})


class Stage:
    """Runs deliberations in an empty home and hands out what was recorded."""

    def __init__(self, home, assets, detectors):
        """Take a folder, the shipped assets, and the detectors by profile."""
        self.home = home
        self.assets = assets
        self._detectors = detectors
        # One round, without terms of arbitration; councils with terms are in the tests of their rounds.
        self.council = assets.councils["rehearsal-domestic"].model_copy(update={"arbitration": None})
        self.profiles = {profile.version: profile for profile in assets.dated_profiles}

    def detectors(self, profile):
        """The detectors under a profile, built once a session."""
        if profile.version not in self._detectors:
            self._detectors[profile.version] = labeller(SETTINGS, profile)
        return self._detectors[profile.version]

    def world(self, **changes):
        """Today's assets as the command would gather them; `changes` are to fields."""
        given = {
            "cards": self.assets.cards,
            "councils": self.assets.councils,
            "templates": self.assets.templates,
            "profiles": self.profiles,
            "labeller": self.detectors,
            "code": self.code,
            "lock": self.lock,
            "bind": bind,
        }
        return World(**(given | changes))

    code = lock = "unset"

    def with_seats(self, *targets, **changes):
        """The domestic council with these targets a seat, and changes to its times or attempts."""
        given = targets or tuple(seat.targets for seat in self.council.seats)
        seats = tuple(
            Seat(seat=seat.seat, persona=seat.persona, targets=each)
            for seat, each in zip(self.council.seats, given, strict=True)
        )
        return self.council.model_copy(update={"seats": seats, **changes})

    def record(self, parts=None, question=None, *, script=None, during=None, then=None, **more):
        """Run one deliberation of `question` (default: a choice) and give what was recorded.

        `parts` map a model to its behaviour (default: everybody says A). `during(tools, task)` acts while it runs,
        `then(tools, stream)` after it. `changes`, or what it makes of the tools, go to the tools, `cards` makes others
        of the bound cards, and all else goes to the request.
        """
        run = self._record(parts or {}, question, script=script, during=during, then=then, more=more)
        return asyncio.run(run)

    async def _record(self, parts, question, *, script, during, then, more):
        council = more.pop("council", self.council)
        settings = read_settings(
            {"MAGI_HOME": str(self.home), "MAGI_PROFILE": more.pop("profile", "domestic-only")}
        )
        script = script or by_model({ICHI: form("A"), NI: form("A"), SAN: form("A")} | parts)
        changes, cards = more.pop("changes", {}), more.pop("cards", lambda cards: cards)
        async with StandIn(script) as standin:
            bound = {
                n: bind(card, standin.base_url, "scripted", today()) for n, card in self.assets.cards.items()
            }
            async with open_tools(settings, self.assets, cards(bound)) as opened:
                self.code, self.lock = opened.code, opened.lock
                tools = replace(opened, **(changes(opened) if callable(changes) else changes))
                question = question or take_question("花壇を作るか", AB, TEXTS)
                task = asyncio.create_task(deliberate(tools, Request(question, council, **more)))
                if during is not None:
                    await during(tools, task)
                (error,) = await asyncio.gather(task, return_exceptions=True)
                streams = await tools.ledger.streams("d/")
                if not streams:
                    raise error
                stream = streams[-1]
                if then is not None:
                    await then(tools, stream)
                records = await tools.ledger.read(stream)
                refs = [ref for record in records for ref in record.refs]
                bodies = {ref.commitment: await tools.ledger.body(ref, "test", "replay") for ref in refs}
        councils = {**self.assets.councils, council.name: council}
        return Recorded(stream, records, bodies, self.world(councils=councils), cards(bound))


@dataclass
class SlowLedger:
    """A ledger that takes its time over one kind of record, and says when it does; the rest is the real one's."""

    ledger: object
    kind: str
    seconds: float = 0.5
    writing: asyncio.Event = field(default_factory=asyncio.Event)

    def __getattr__(self, name):
        """What the ledger has."""
        return getattr(self.ledger, name)

    async def append(self, stream, expect, drafts, *marks):
        """Append, and tell it late where that kind is among the drafts."""
        records = await self.ledger.append(stream, expect, drafts, *marks)
        if any(draft.event.kind == self.kind for draft in drafts):
            self.writing.set()
            await asyncio.sleep(self.seconds)
        return records


@dataclass
class LateModels:
    """The `Models` port: what some asks come to, failed attempts included, is told when `due(ask)` lets it."""

    models: object
    due: object

    async def ask(self, order, authorise, failed):
        """Ask, and hold back the outcome."""

        async def failed_late(report):
            await self.due(order.ask)
            await failed(report)

        told = await self.models.ask(order, authorise, failed_late)
        await self.due(order.ask)
        return told


def while_writing(kind, *asks):
    """Changes to the tools: the outcome of these asks comes while a record of that kind is being written."""

    def changed(tools):
        ledger = SlowLedger(tools.ledger, kind)

        async def due(ask):
            if ask in asks:
                await ledger.writing.wait()

        return {"ledger": ledger, "models": LateModels(tools.models, due)}

    return changed


def last_first(tools):
    """Changes to the tools: the answer of the third ask is recorded first, that of the first last."""

    async def due(ask):
        await recorded_kinds(tools, None, "answered", 3 - int(ask.removeprefix("a")))

    return {"models": LateModels(tools.models, due)}


async def recorded_kinds(tools, stream, kind, count=1):
    """Wait until a running stream has so many records of a kind; its name where none is given."""
    async with asyncio.timeout(20):
        while True:
            names = [stream] if stream else await tools.ledger.streams("d/")
            for name in names:
                records = await tools.ledger.read(name)
                if sum(record.kind == kind for record in records) >= count:
                    return name
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def replay_detectors():
    """The detectors by profile version; building them takes a while."""
    return {}


@pytest.fixture(scope="session")
def replay_assets():
    """The shipped assets."""
    return load_assets(None)


@pytest.fixture
def stage(tmp_path, replay_assets, replay_detectors):
    """A stage in an empty home."""
    return Stage(tmp_path, replay_assets, replay_detectors)


@pytest.fixture(scope="session")
def plain(tmp_path_factory, replay_assets, replay_detectors):
    """One recorded choice question, three seats of one mind, eight records; nobody changes it."""
    return Stage(tmp_path_factory.mktemp("plain"), replay_assets, replay_detectors).record()


@pytest.fixture(scope="session")
def acts():
    """The shared parts of a play."""
    return SimpleNamespace(
        form=form,
        until=recorded_kinds,
        ICHI=ICHI,
        NI=NI,
        SAN=SAN,
        AB=AB,
        while_writing=while_writing,
        last_first=last_first,
    )
