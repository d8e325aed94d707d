"""The levels of a replay above re-arbitration, each set up from settings and options once, then fed stream by stream.

R3 needs records alone, with `--today` also today's cards and profile. R2 and R4 read bodies: each through the
ledger, so that the access is on record, by whom and why, before a byte is opened. Leaves to others: what a level
does (`magi.replay`).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from magi import __version__
from magi.assets import Assets, code_version, load_assets, lock_version
from magi.cli.evaluation_adopt import read_profile
from magi.cli.rehearsal import rehearsal
from magi.cli.replay_book import Book, login_name
from magi.cli.replay_order import ReplayOptions
from magi.core.acts import Level
from magi.core.card import Card
from magi.core.errors import KeyMissingError, UnknownNameError
from magi.core.record import Answered, Record, Ref
from magi.ledger.entries import believed
from magi.ledger.scan import StoredStream
from magi.replay.counterfactual import Change, Counterfactual, Today, counterfactual
from magi.replay.offline import Body, OfflineReplay, replay_offline
from magi.replay.rearbitrate import Rearbitrated
from magi.replay.requery import Agreement, requery
from magi.replay.world import World
from magi.residency.policy import Profile, Ruling, admit
from magi.service.access import Desk
from magi.service.labelling import Labeller
from magi.service.run import Tools
from magi.settings import Settings
from magi.wiring import KEY_ID, SystemClock, access_rules, bind, labeller, open_tools, today

if TYPE_CHECKING:
    from magi.core.reliability import Profile as Reliability

BODIES: Final[frozenset[Level]] = frozenset({"R2", "R4"})
"""The levels that read bodies."""
NOWHERE = "http://127.0.0.1:1/v1"
"""Where a bound card's stand-in would be does not matter to a ruling."""


@dataclass(frozen=True)
class Detail:
    """What the levels from R1 on found of one deliberation: results by level, and the whole of the highest."""

    results: Mapping[Level, str]
    counterfactual: Counterfactual | None = None
    offline: OfflineReplay | None = None
    agreement: Agreement | None = None
    records: Sequence[Record] = ()


class Levels:
    """One replay's level, ready to be fed; use it as a context. Owned by one caller.

    `agreements` are those of what was asked again (R4, some kilobytes each), `moves` counts recorded and recomputed
    outcomes (R3).
    """

    def __init__(self, settings: Settings, options: ReplayOptions, book: Book) -> None:
        """Parse what is to be otherwise, and load what the level needs.

        Raises:
            UnknownNameError: `rule`, `profile`. MalformedFileError: see `load_assets` and `read_profile`.
        """
        self.highest: Level = options.level or "R1"
        self.options: Mapping[str, str] = options.what_if.plain()
        self._settings = settings
        self._order = options
        self._rule = options.what_if.parsed_rule()
        self._book = book
        self._who = options.who or login_name()
        self._stack = AsyncExitStack()
        self._assets: Assets | None = None
        self._profile: Profile | None = None
        self._reliability: Reliability | None = None
        self._world: World | None = None
        self._tools: Tools | None = None
        self.agreements: list[Agreement] = []
        self.moves: Counter[tuple[str, str]] = Counter()
        if options.what_if.today:
            self._assets = load_assets(settings.assets_dir)
            self._profile = self._assets.profile(settings.profile)
            self.options = {**self.options, "today": self._profile.version}
        if options.what_if.reliability is not None:
            self._reliability = read_profile(Path(options.what_if.reliability))
            self.options = {**self.options, "reliability": self._reliability.digest()}

    async def __aenter__(self) -> Self:
        """Open what the level needs.

        Raises:
            MagiError: what keeps the ledger from being opened where bodies have to be read.
        """
        if self.highest in BODIES:
            if self._book.ledger is None:
                raise self._book.error or KeyMissingError("key_file", path=KEY_ID)
            self._assets = load_assets(self._settings.assets_dir)
        if self.highest == "R2" and self._assets is not None:
            self._world = self._open_world(self._assets)
        if self.highest == "R4" and self._assets is not None:
            self._tools = await self._open_tools(self._assets)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._stack.aclose()

    async def replay(self, stored: StoredStream, judged: Rearbitrated, *, sound: bool) -> Detail:
        """Replay one deliberation at the level asked for; of a log that is not `sound` no body is opened.

        Raises:
            TamperedError: a stored row does not match its hash. UnknownNameError: `seat`, of a single deliberation.
        """
        if self._order.manifest:
            return Detail({"R1": judged.result}, records=_records(stored))
        if self.highest == "R0":
            return Detail({})
        results: dict[Level, str] = {"R1": judged.result}
        unread = self.highest in BODIES and not sound  # an access could not be recorded in such a log
        if self.highest == "R1" or judged.result == "malformed" or unread:
            return Detail(results)
        if self._world is not None:
            records = _records(stored)
            offline = await replay_offline(stored.name, records, self._bodies(records), self._world)
            return Detail({**results, "R2": offline.result}, offline=offline)
        if self._tools is not None:
            records = _records(stored)
            bodies = self._bodies(records)
            agreement = await requery(self._tools, stored.name, records, bodies, who=self._who)
            self.agreements.append(agreement)
            return Detail({**results, "R4": agreement.verdict or agreement.result}, agreement=agreement)
        found = self._counterfactual(stored)
        return Detail({**results, "R3": found.result}, found)

    def _bodies(self, records: Sequence[Record]) -> Body:
        """What opens the bodies of a deliberation; who may not is refused, and each access is on record before."""
        assert self._book.ledger is not None  # noqa: S101  # checked when it was opened
        desk = Desk(self._book.ledger, access_rules(self._settings), SystemClock())

        async def opened(ref: Ref) -> bytes:
            return await desk.body(records, ref, self._who, self._order.why)

        return opened

    async def _open_tools(self, assets: Assets) -> Tools:
        """The live service, which records what it is asked again in this installation's own ledger."""
        cards = assets.cards
        if self._order.rehearsal:
            cards = (await self._stack.enter_async_context(rehearsal(cards))).cards
        return await self._stack.enter_async_context(open_tools(self._settings, assets, cards))

    def _open_world(self, assets: Assets) -> World:
        """Today's assets, with one set of detectors a profile, closed together with this."""
        labellers: dict[str, Labeller] = {}

        def labelled(profile: Profile) -> Labeller:
            if profile.version not in labellers:
                labellers[profile.version] = labeller(self._settings, profile)
                self._stack.push_async_callback(labellers[profile.version].aclose)
            return labellers[profile.version]

        return World(
            cards=assets.cards,
            councils=assets.councils,
            templates=assets.templates,
            profiles={profile.version: profile for profile in assets.dated_profiles},
            labeller=labelled,
            code=code_version(__version__),
            lock=lock_version(),
            bind=bind,
        )

    def _counterfactual(self, stored: StoredStream) -> Counterfactual:
        records = _records(stored)
        found = counterfactual(stored.name, records, self._change(records))
        if found.result == "no_such_seat" and self._order.name is not None:
            known = () if found.recorded is None else tuple(s.seat for s in found.recorded.seats)
            raise UnknownNameError("seat", name=", ".join(self._order.what_if.without), known=known)
        if found.recorded is not None and found.recomputed is not None:
            self.moves[found.recorded.outcome, found.recomputed.outcome] += 1
        return found

    def _change(self, records: Sequence[Record]) -> Change:
        asked = self._order.what_if
        return Change(
            rule=self._rule,
            tie=asked.tie,
            quorum=asked.quorum,
            without=tuple(seat.lower() for seat in asked.without),
            today=self._today(records),
            profile=self._reliability,
        )

    def _today(self, records: Sequence[Record]) -> Today | None:
        """Today's cards and policy; where stand-ins answered, the cards are bound to stand-ins, as they were."""
        if self._assets is None or self._profile is None:
            return None
        profile, day, cards = self._profile, today(), self._assets.cards
        origins = {record.data.origin for record in records if isinstance(record.data, Answered)}
        if origins and origins != {"live"}:
            cards = {name: bind(card, NOWHERE, "scripted", day) for name, card in cards.items()}

        def ruling(label: int, card: Card, topics: Collection[str]) -> Ruling:
            return admit(label, card, profile, topics, day)

        return Today(cards, ruling)


def levels_for(settings: Settings, options: ReplayOptions, book: Book) -> Levels:
    """The level that `options` ask for; `book` opens bodies where it needs them."""
    return Levels(settings, options, book)


def _records(stored: StoredStream) -> tuple[Record, ...]:
    return tuple(believed(row) for row in stored.entries)
