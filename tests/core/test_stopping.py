"""Stopping early with terms, against the full enumeration: every rule, every state of up to four seats.

The oracle is the live path itself: a council of the same terms that asks everybody at once, fed each completion
through `start` and `advance`. Of its verdicts outcome, answer, flags and reasons for review must be one.
"""

import functools
import importlib.util
import itertools
import sys
from pathlib import Path

import pytest

from magi.core.aggregate import AGGREGATORS
from magi.core.deliberation import advance, feed, start
from magi.core.effects import Ask, Cancel, Decide
from magi.core.record import Cancelled
from magi.core.rules.count import RANKED, Rule
from magi.core.said import Claim
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.core.standing import Standing
from magi.core.stopping import MAX_COMPLETIONS, is_settled

_SPEC = importlib.util.spec_from_file_location("deliberations", Path(__file__).with_name("deliberations.py"))
at_work = sys.modules.setdefault(_SPEC.name, importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(at_work)  # by its path: test folders are no packages

AB = ChoiceSpace(options=("A", "B"))
OUT = None
DIFFER = object()
FORGONE = {"degraded", "stopped"}
QUIET = ("abstention", "failure")
WEAK = {
    2: ("A>B", "B>A", "A=B"),
    3: (
        *(">".join(order) for order in itertools.permutations("ABC")),
        *("A=B>C", "A=C>B", "B=C>A", "A>B=C", "B>A=C", "C>A=B", "A=B=C"),
    ),
}
APPROVALS = {2: ("-", "A", "B", "A+B"), 3: ("-", "A", "B", "C", "A+B", "A+C", "B+C", "A+B+C")}


def shown(verdict):
    """What stopping may not change: outcome (unanimity forgone), answer, flags but those forgone, review."""
    outcome = "majority" if verdict.outcome == "unanimous" else verdict.outcome
    flags = tuple(flag for flag in verdict.flags if flag not in FORGONE)
    return outcome, verdict.answer_class, flags, verdict.arbitration.review


class Council:
    """One council and all that its seats could say: `ways` (ballot or silence, card, severity) for each seat.

    A prefix holds what each seat said that does not rest, in council order, or `OUT`.
    """

    def __init__(self, intent, ways):
        """Take an intent in sequential mode."""
        self.intent = intent
        self.terms = intent.arbitration
        at_once = self.terms.model_copy(update={"mode": "parallel"})
        self.begun, _ = start(intent.model_copy(update={"arbitration": at_once}))
        self.targets = {s.seat: self.begun.targets(s.seat) for s in self.begun.standings}
        self.seats = [int(s.seat[1:]) for s in self.begun.standings if s.ask]
        self.events = [
            {way: event(seat, way) for way in ways if way[1] in ("", *self.targets[f"s{seat}"])}
            for seat in self.seats
        ]

    @functools.cached_property
    def verdict(self):
        """The verdict on all that was said, by the twin; each profile decided once."""

        @functools.cache
        def verdict(profile):
            state, effects = self.begun, ()
            for events, way in zip(self.events, profile, strict=True):
                state, effects = advance(state, events[way])
            (decided,) = [effect.verdict for effect in effects if isinstance(effect, Decide)]
            return shown(decided)

        return verdict

    @functools.cached_property
    def agreed(self):
        """What all completions of a prefix come to, or `DIFFER`; none left out."""

        @functools.cache
        def agreed(prefix):
            place = next((n for n, way in enumerate(prefix) if way is OUT), None)
            if place is None:
                return self.verdict(prefix)
            found = {agreed((*prefix[:place], way, *prefix[place + 1 :])) for way in self.events[place]}
            return next(iter(found)) if len(found) == 1 else DIFFER

        return agreed

    def prefixes(self):
        """Every state of the council with somebody outstanding."""
        for prefix in itertools.product(*([*ways, OUT] for ways in self.events)):
            if OUT in prefix:
                yield prefix

    def is_settled(self, prefix):
        """What the council itself says of a state; whoever has not spoken runs or waits."""
        held = dict(zip(self.seats, zip(prefix, self.events, strict=True), strict=True))
        standings = []
        for seat in range(1, len(self.intent.seats) + 1):
            if seat not in held:
                standings.append(Standing(f"s{seat}", None, "rested"))
                continue
            way, events = held[seat]
            state = "answered" if way is not OUT else ("running", "waiting")[seat % 2]
            standings.append(Standing(f"s{seat}", f"a{seat}", state, None if way is OUT else events[way]))
        return is_settled(self.intent, self.terms, standings, self.targets)

    def check(self):
        """Count the settled prefixes; never settled wrongly, nor open where all completions agree."""
        stopped = 0
        for prefix in self.prefixes():
            said = self.is_settled(prefix)
            stopped += said
            if said != (self.agreed(prefix) is not DIFFER):
                pytest.fail(f"settled is {said} for {prefix}, all completions come to {self.agreed(prefix)}")
        return stopped


def event(seat, way):
    """The answer of a seat."""
    said, card, severity = way
    claims = (Claim(id=f"a{seat}.c1", basis="stated"),)
    changes = {"card": card or f"c{seat}", "severity": severity or None, "claims": claims}
    return at_work.answered(f"a{seat}", said, **changes)


def plain(ballots, quiet=QUIET):
    """Ways to speak: each ballot from the seat's first card or its fallback, and the ways to say nothing."""
    return tuple((said, "", "") for said in (*ballots, *quiet))


def council(rule, seats, ways, *, quorum=2, space=at_work.ABC, numbers=None, **held):
    """A council under a rule; `held` are its terms, `numbers` what was measured."""
    held = {"mode": "sequential", **held}
    if numbers is not None:
        held["measured"] = at_work.measured(seats, **numbers)
    terms = at_work.terms(seats, **held)
    fallbacks = len(held.get("fallbacks", ()))
    intent = at_work.opened(seats, held=terms, rule=rule, space=space, quorum=quorum, fallbacks=fallbacks)
    return Council(intent, ways)


SIMPLE = [
    Rule(name=name, tie=tie, share=share)
    for name, share in (
        ("plurality", None),
        ("majority", None),
        ("supermajority", (2, 3)),
        ("supermajority", (3, 4)),
        ("unanimity", None),
    )
    for tie in ("none", "order", "options", "reliable")
]


def named(rule):
    """A rule in a test's name."""
    return f"{rule.name}-{rule.tie}" + (f"-{rule.share[0]}of{rule.share[1]}" if rule.share else "")


def simple(rule, seats, quorum, ballots, quiet=QUIET):
    """A council under a simple rule; the last seat is the most reliable."""
    numbers = {"ranks": tuple(reversed(range(seats)))}
    return council(rule, seats, plain(ballots, quiet), quorum=quorum, numbers=numbers)


@pytest.mark.parametrize("rule", SIMPLE, ids=named)
def test_simple_rules_stop_exactly(rule):
    """Two and three seats over three options, four over two: settled exactly where all completions are one."""
    for seats in (2, 3):
        simple(rule, seats, 1, "ABC").check()  # with a quorum of one somebody may always change it

    assert simple(rule, 3, 2, "ABC").check() > 0
    assert simple(rule, 4, 3, "AB").check() > 0


@pytest.mark.parametrize("rule", SIMPLE[:1] + SIMPLE[3:5], ids=named)
def test_simple_rules_stop_exactly_over_three_options(rule):
    """The same of four seats over three options."""
    assert simple(rule, 4, 2, "ABC").check() > 0


@pytest.mark.slow
@pytest.mark.parametrize("quorum", [1, 2, 3, 4])
@pytest.mark.parametrize("rule", SIMPLE, ids=named)
def test_simple_rules_stop_exactly_with_every_quorum(rule, quorum):
    """Over three options and four seats, with every way to say nothing, whatever the quorum."""
    stopped = simple(rule, 4, quorum, "ABC", at_work.SILENT).check()

    # Short of one answer from all, one seat more may make a tie of unanimity, or break one, to the end.
    assert stopped > 0 or (rule.name, quorum) == ("unanimity", 1)


WEIGHTS = {
    "equal": (1_000, 1_000, 1_000, 1_000),
    "one-outweighs-two": (2_500, 1_000, 1_000, 700),
    "two-make-a-tie": (2_000, 1_000, 1_000, 0),
}
MEASURED = [
    (Rule(name="weighted"), "log_odds"),
    *((Rule(name="chosen"), name) for name in AGGREGATORS),
]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(("rule", "by"), MEASURED, ids=lambda p: p if isinstance(p, str) else p.name)
def test_weighed_rules_stop_exactly(rule, by, weights):
    """Under reliability weights and every aggregator: settled exactly where all completions come to the same."""
    found = {}
    for seats in (3, 4) if weights == "one-outweighs-two" else (3,):
        scale = WEIGHTS[weights][:seats]
        numbers = {"aggregator": by, "weights": scale, "odds": scale}
        numbers["ranks"] = (1, 0, 3, 2)[:seats] if seats == 4 else (1, 0, 2)
        found[seats] = council(rule, seats, plain("AB"), numbers=numbers).check()

    assert found[3] > 0 or by == "unanimous_else_strongest"
    assert found.get(4, 1) > 0


TIES = ("none", "order", "options", "reliable")
LISTED = [(name, tie) for name in sorted({*RANKED, "approval"}) for tie in TIES]
LARGE = [(name, TIES[place % 4]) for place, name in enumerate(sorted({*RANKED, "approval"}))]


def listed(name, tie, seats, options, quorum=2):
    """A council that ranks or approves of so many options."""
    ballots = (APPROVALS if name == "approval" else WEAK)[options]
    space = AB if options == 2 else at_work.ABC
    quiet = QUIET if options == 2 else ("failure",)
    return council(
        Rule(name=name, tie=tie), seats, plain(ballots, quiet), space=space, quorum=quorum, numbers={}
    )


@pytest.mark.parametrize(("name", "tie"), LISTED)
def test_rules_over_two_options_stop_exactly(name, tie):
    """Ranked rules and approval over two options, three seats, with every tie key."""
    assert listed(name, tie, 3, 2).check() > 0


@pytest.mark.parametrize(("name", "tie"), LARGE)
def test_rules_over_two_options_stop_exactly_with_four_seats(name, tie):
    """Ranked rules and approval over two options, four seats."""
    assert listed(name, tie, 4, 2, 3).check() > 0


@pytest.mark.parametrize(("name", "tie"), [("approval", "order"), ("borda", "none"), ("schulze", "reliable")])
def test_rules_over_several_options_stop_exactly(name, tie):
    """Approval and two ranked rules over all weak orders of three options, three seats."""
    assert listed(name, tie, 3, 3).check() > 0


@pytest.mark.slow
@pytest.mark.parametrize(("seats", "options"), [(3, 3), (4, 2), (4, 3)])
@pytest.mark.parametrize(("name", "tie"), LISTED)
def test_rules_over_several_options_stop_exactly_with_every_key(name, tie, seats, options):
    """Ranked rules and approval over up to three options, up to four seats, with every tie key."""
    assert listed(name, tie, seats, options, seats - 1).check() > 0


@pytest.mark.parametrize("quorum", [2, 3])
@pytest.mark.parametrize("name", ["plurality", "majority", "unanimity"])
@pytest.mark.parametrize(
    ("space", "ballots"),
    [
        (YesNoConditionalSpace(), ("yes", "no", "conditional")),
        (NumberSpace(unit="円"), ("1", "2", "3", "4")),
        (DateSpace(), ("2026-01-01", "2026-01-02", "2026", "2025")),
    ],
    ids=["yes-no", "number", "date"],
)
def test_every_closed_space_stops_exactly(space, ballots, name, quorum):
    """Conditional answers, numbers and dates that nobody has named yet count among the completions."""
    ways = plain(ballots, ("evasion",) if name == "majority" else QUIET)
    found = council(Rule(name=name, tie="none"), 3, ways, space=space, quorum=quorum).check()

    assert found > 0


CONTESTED = {"A": ("taiwan",), "B": ("senkaku",)}
SITUATIONS = {
    "contested": {"contested": {"A": ("taiwan",)}},
    "contested-two": {"contested": CONTESTED},
    "blocs": {"blocs": ("JP", "JP", "CN", "CN")},
    "concurrence": {"needs_domestic": True, "blocs": ("US", "US", "JP", "CN")},
    "one-alone-barred": {"barred_alone": True},
    "rested": {"rested": (2,)},
    "withheld": {"withhold": True, "numbers": {"answer_from_bp": 7_000}},
    "no-promise": {"withhold": True, "numbers": {"answer_from_bp": None}},
}


@pytest.mark.parametrize("rule", ["plurality", "majority", "weighted"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_arbitration_adds_is_settled_too(situation, rule):
    """Contested answers, blocs, concurrence, barred single seats, rest and the promise count as part of a verdict."""
    held = {"numbers": {}, **SITUATIONS[situation]}
    if rule == "weighted":
        held["numbers"] = {
            "weights": (2_500, 1_000, 900, 100),
            "odds": (2_500, 1_000, 900, 100),
            **held["numbers"],
        }
    found = council(Rule(name=rule, tie="none" if rule == "weighted" else "reliable"), 4, plain("AB"), **held)

    assert found.check() > 0


@pytest.mark.parametrize("needs_domestic", [False, True])
@pytest.mark.parametrize("rule", ["plurality", "majority"])
def test_a_fallback_of_another_country_counts(rule, needs_domestic):
    """A seat that may yet speak through a card abroad may bring a bloc or cost the concurrence."""
    cards = ("c1", "c2", "c3", "d1", "d2", "d3")
    ways = (*((said, card, "") for said in "AB" for card in cards), *((said, "", "") for said in QUIET))
    abroad = {"blocs": ("JP", "US", "US"), "fallbacks": ("US", "JP", "CN")}
    found = council(Rule(name=rule), 3, ways, needs_domestic=needs_domestic, **abroad)

    assert found.check() > 0


@pytest.mark.parametrize("rule", ["plurality", "unanimity", "schulze"])
def test_a_severity_floor_hears_everybody(rule):
    """Where a dissent may block, nothing is settled while anybody may still speak and the quorum can be made."""
    ballots = WEAK[2] if rule == "schulze" else ("A", "B")
    grave = tuple((said, "", severity) for said in ballots for severity in ("", "legality"))
    ways = (*grave, *((said, "", "") for said in QUIET))
    found = council(Rule(name=rule), 3, ways, space=AB, severity_floor=True)
    found.check()

    assert not any(
        found.is_settled(prefix)
        for prefix in found.prefixes()
        if sum(way is not OUT and way[0] in QUIET for way in prefix) < 2
    )


def test_open_text_is_never_settled():
    """Of open text nothing is settled before everybody has spoken: the classes are not known."""
    intent = at_work.opened(held=at_work.terms(mode="sequential"), space=OpenSpace())
    standings = [
        Standing("s1", "a1", "answered", at_work.answered("a1", "")),
        Standing("s2", "a2", "answered", at_work.answered("a2", "")),
        Standing("s3", "a3", "running"),
    ]

    assert not is_settled(intent, intent.arbitration, standings, {"s3": ("c3",)})


def test_a_seat_without_a_card_left_can_only_be_silent():
    """A seat that lost its cards keeps nothing open, even under a severity floor."""
    intent = at_work.opened(held=at_work.terms(mode="sequential", severity_floor=True))
    standings = [Standing(f"s{n}", f"a{n}", "answered", at_work.answered(f"a{n}", "A")) for n in (1, 2)]
    standings.append(Standing("s3", "a3", "waiting"))

    assert is_settled(intent, intent.arbitration, standings, {"s3": ()})
    assert not is_settled(intent, intent.arbitration, standings, {"s3": ("c3",)})


def test_too_many_completions_are_not_settled():
    """Where the completions cannot be walked, the council asks on, however clear it looks."""
    seats = 11
    rule = Rule(name="plurality", tie="options")
    intent = at_work.opened(seats, held=at_work.terms(seats, mode="sequential"), rule=rule)
    said = [Standing(f"s{n}", f"a{n}", "answered", at_work.answered(f"a{n}", "A")) for n in range(1, 7)]
    left = [Standing(f"s{n}", f"a{n}", "waiting") for n in range(7, seats + 1)]

    assert MAX_COMPLETIONS < 6**5
    assert not is_settled(intent, intent.arbitration, [*said, *left], {s.seat: ("c1",) for s in left})


# The machine itself: it stops there, cancels once, and says less than unanimity.


def plays(intent, ways):
    """Every way a sequential council can go: answers in every order of arrival. Yields (events, effects, state)."""

    def go(state, events, told):
        if state.phase == "decided":
            yield events, told, state
            return
        for ask in state.running:
            for way in ways:
                answer = event(int(ask[1:]), way)
                after, effects = advance(state, answer)
                yield from go(after, [*events, answer], [*told, *effects])

    state, effects = start(intent)
    yield from go(state, [], list(effects))


MACHINES = {
    "majority-3": (Rule(name="majority"), 3, 2),
    "plurality-3": (Rule(name="plurality", tie="reliable"), 3, 2),
    "unanimity-3": (Rule(name="unanimity"), 3, 2),
    "weighted-3": (Rule(name="weighted"), 3, 2),
    "schulze-3": (Rule(name="schulze"), 3, 2),
    "majority-4": (Rule(name="majority"), 4, 3),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_stopped_council_says_what_the_whole_one_would(machine):
    """Down every path: the verdict is that of every completion, never unanimous, and says that it stopped."""
    rule, seats, quorum = MACHINES[machine]
    ways = plain(WEAK[2] if rule.name == "schulze" else ("A", "B"), ("failure",))
    scale = (9, 5, 5, 1)[:seats]
    numbers = {"weights": scale, "odds": scale}
    found = council(rule, seats, ways, quorum=quorum, space=AB, numbers=numbers)
    saved = paths = 0
    for events, told, state in plays(found.intent, ways):
        paths += 1
        saved += one_path(found, events, told)

        assert state.running == ()
    assert 0 < saved < paths * seats


def one_path(found, events, told):
    """Check one path of a sequential council to its end; the number of calls it saved."""
    (verdict,) = [effect.verdict for effect in told if isinstance(effect, Decide)]
    asked = {effect.ask for effect in told if isinstance(effect, Ask)}
    heard = {answer.ask: answer for answer in events}
    prefix = tuple(
        next((way for way, answer in ways.items() if answer == heard.get(f"a{seat}")), OUT)
        for seat, ways in zip(found.seats, found.events, strict=True)
    )
    running = tuple(sorted(asked - set(heard)))
    unheard = {report.ask: report.said for report in verdict.seats if report.ask not in heard}
    every = {f"a{seat}" for seat in found.seats}

    assert ("stopped" in verdict.flags) == (OUT in prefix)
    assert shown(verdict) == found.agreed(prefix)
    assert verdict.outcome != "unanimous" or OUT not in prefix
    assert [effect.asks for effect in told if isinstance(effect, Cancel)] == ([running] if running else [])
    assert unheard == dict.fromkeys(running, "cancelled") | dict.fromkeys(every - asked, "not_asked")
    return len(every - asked)


def test_running_calls_are_cancelled_exactly_once():
    """What settles a council while others run cancels just these, once, and recovery does not cancel again."""
    held = at_work.terms(4, mode="sequential")
    intent = at_work.opened(4, held=held, rule=Rule(name="majority"), quorum=4)
    events = [at_work.answered("a1", "failure")]
    _, effects = feed([intent, *events])
    again, left = feed([intent, *events, Cancelled(asks=("a2", "a3", "a4"), why="settled", by="core")])

    assert [e.asks for e in effects if isinstance(e, Cancel)] == [("a2", "a3", "a4")]
    assert [type(e) for e in effects] == [Cancel, Decide]
    assert [type(e) for e in left] == [Decide]
    assert again.phase == "decided"


def test_the_most_reliable_seats_are_asked_first():
    """The quorum is asked in the order of the terms, then one after another."""
    held = at_work.terms(4, mode="sequential", order=("s3", "s1", "s4", "s2"))
    state, effects = start(at_work.opened(4, held=held, rule=Rule(name="unanimity")))
    first = [effect.ask for effect in effects if isinstance(effect, Ask)]
    asked = []
    for ask in ("a3", "a1", "a4"):
        state, effects = advance(state, at_work.answered(ask, "A"))
        asked.append([effect.ask for effect in effects if isinstance(effect, Ask)])

    assert (first, asked) == (["a1", "a3"], [[], ["a4"], ["a2"]])
