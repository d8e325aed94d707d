"""Counting under every rule by name: against the rules themselves, against known elections, and by their properties."""

import hashlib
import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from magi.core.aggregate import AGGREGATORS, aggregate
from magi.core.counting import counted
from magi.core.errors import CouncilRefusedError
from magi.core.measured import measured
from magi.core.reliability import Profile, SeatReliability
from magi.core.rules.approval import approval
from magi.core.rules.ballots import Approval, Poll, Ranking
from magi.core.rules.count import MEASURED, RANKED, SIMPLE, Rule, count
from magi.core.rules.ranked import RULES, most_options, rank
from magi.core.rules.spelled import spell_approval, spell_ranking
from magi.core.rules.ties import NO_KEY, most_reliable, option_order, seat_order
from magi.core.space import MAX_OPTIONS, ChoiceSpace, NumberSpace, OpenSpace, YesNoConditionalSpace

_SPEC = importlib.util.spec_from_file_location("deliberations", Path(__file__).with_name("deliberations.py"))
at_work = sys.modules.setdefault(_SPEC.name, importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(at_work)  # by its path: test folders are no packages

SCHULZE_45 = "5 ACBED,5 ADECB,8 BEDAC,3 CABED,7 CAEBD,2 CBADE,7 DCEBA,8 EBADC"
TENNESSEE = "42 MNCK,26 NCKM,15 CKNM,17 KCNM"
CYCLE = "1 ABC,1 BCA,1 CAB"
TIES = ("none", "order", "options", "reliable")
SEVERAL = sorted({*RANKED, "approval"})
EVERY = [
    *(Rule(name=name, tie=tie) for name in ("plurality", "majority", "unanimity") for tie in TIES),
    *(Rule(name="supermajority", tie=tie, share=(2, 3)) for tie in TIES),
    *(Rule(name=name, tie=tie) for name in SEVERAL for tie in TIES),
    Rule(name="weighted"),
    Rule(name="chosen"),
]
each_rule = pytest.mark.parametrize("rule", EVERY, ids=lambda rule: f"{rule.name}-{rule.tie}")


def space_of(options):
    """A choice between these."""
    return ChoiceSpace(options=tuple(options))


def election(text, *, firsts=False):
    """Seats, ballots and options of `count ranking` groups: whole rankings, or what each puts first."""
    rankings = []
    for group in text.split(","):
        times, ranking = group.split()
        rankings += [ranking[0] if firsts else ">".join(ranking)] * int(times)
    seats = tuple(f"v{number}" for number in range(len(rankings)))
    return seats, dict(zip(seats, rankings, strict=True)), sorted(set(text.split()[1].split(",")[0]))


def numbers_of(seats, **changes):
    """Measured numbers; the last seat is the most reliable, the weights differ."""
    given = {
        "ranks": tuple(reversed(range(seats))),
        "weights": tuple(100 + place for place in range(seats)),
        "odds": tuple(300 - place for place in range(seats)),
    }
    return at_work.measured(seats, **(given | changes))


def any_ballots(drawn, rule, seats, options):
    """What some of the seats voted under a rule."""
    intent = at_work.opened(
        3, held=at_work.terms(3, measured=at_work.measured(3)), rule=rule, space=space_of(options)
    )
    return {seat: at_work.any_ballot(drawn, intent) for seat in seats if drawn.random() < 0.9}


# Known elections.


@pytest.mark.parametrize(
    ("name", "winner"),
    [
        ("borda", "E"),
        ("schulze", "E"),
        ("ranked_pairs", "A"),
        ("minimax", "E"),
        ("copeland", "E"),
        ("kemeny", "E"),
    ],
)
def test_schulzes_45_voters(name, winner):
    """Through `counted`, Schulze's 45 voters elect the published winner of each ranked rule."""
    seats, ballots, options = election(SCHULZE_45)
    found = counted(Rule(name=name), 23, seats, ballots, space=space_of(options), measured=None)

    assert (found.result, found.winner, found.ranking[0]) == ("won", winner, (winner,))
    assert found.supporters == tuple(seat for seat in seats if ballots[seat][0] == winner)


@pytest.mark.parametrize(("text", "winner"), [(SCHULZE_45, "C"), (TENNESSEE, "M")])
def test_plurality_of_the_known_elections(text, winner):
    """By first places alone Schulze's voters elect C and Tennessee Memphis; under majority nobody wins."""
    seats, ballots, options = election(text, firsts=True)

    found = [
        counted(Rule(name=name), 1, seats, ballots, space=space_of(options), measured=None).winner
        for name in ("plurality", "majority", "unanimity")
    ]

    assert found == [winner, None, None]


@pytest.mark.parametrize("name", sorted(RANKED))
def test_tennessee(name):
    """Nashville beats every other city, so every ranked rule elects it, with no first place of most voters."""
    seats, ballots, options = election(TENNESSEE)
    found = counted(Rule(name=name), 1, seats, ballots, space=space_of(options), measured=None)

    assert (found.result, found.winner, len(found.supporters)) == ("won", "N", 26)


@pytest.mark.parametrize("name", sorted(RANKED))
def test_condorcets_cycle(name):
    """A cycle of three is a tie, broken by each stated key in its way and by nothing else."""
    seats, ballots, options = election(CYCLE)
    space = space_of(options)
    held = at_work.measured(3, ranks=(2, 0, 1))
    found = {
        tie: counted(Rule(name=name, tie=tie), 2, seats, ballots, space=space, measured=held) for tie in TIES
    }
    backwards = counted(
        Rule(name=name, tie="options"), 2, seats, ballots, space=space_of("CBA"), measured=held
    )

    assert {tie: each.winner for tie, each in found.items()} == {
        "none": None, "order": "A", "options": "A", "reliable": "B",
    }  # fmt: skip
    assert backwards.winner == "C"
    assert [each.tie_broken for each in found.values()] == [False, True, True, True]
    assert all(each.single_seat for tie, each in found.items() if tie != "none")


# Against the rules themselves.


@pytest.mark.parametrize("tie", TIES)
@pytest.mark.parametrize("name", SEVERAL)
def test_rules_over_several_options_are_the_rules(name, tie):
    """What `counted` reads from spelled ballots is what the rule makes of the same ballots as values."""
    for seed in range(60):
        drawn = at_work.chance(name, tie, seed)
        options = "ABCDE"[: drawn.randint(2, 5)]
        seats = tuple(f"s{n}" for n in range(1, drawn.randint(1, 6) + 1))
        rule = Rule(name=name, tie=tie)
        ballots = any_ballots(drawn, rule, seats, options)
        held = numbers_of(len(seats))
        found = counted(rule, 2, seats, ballots, space=space_of(options), measured=held)
        reliabilities = {seat: place for place, seat in enumerate(seats)}
        key = {
            "none": NO_KEY,
            "order": seat_order(seats),
            "options": option_order(options),
            "reliable": most_reliable(reliabilities),
        }[tie]
        poll = Poll(tuple(options), seats, 2, key)
        if name == "approval":
            values = {s: Approval(tuple(b.split("+")) if b != "-" else ()) for s, b in ballots.items()}
            contest = approval(poll, values)
        else:
            values = {
                s: Ranking(tuple(tuple(t.split("=")) for t in b.split(">"))) for s, b in ballots.items()
            }
            contest = rank(name, poll, values)

        assert (found.result, found.winner, found.ranking) == (
            contest.result,
            contest.winner,
            contest.ranking,
        )
        assert (found.supporters, found.single_seat) == (contest.supporters, contest.by_one_seat)
        assert found.tie_broken == (contest.tie_broken is not None)


@pytest.mark.parametrize("tie", ["none", "order"])
@pytest.mark.parametrize("name", sorted(SIMPLE))
def test_simple_rules_are_those_of_version_1(name, tie):
    """The four simple rules with their two keys count as `count` does; supporters are the winner's line."""
    rule = Rule(name=name, tie=tie, share=(2, 3) if name == "supermajority" else None)
    seats = ("s1", "s2", "s3", "s4")
    for said in itertools.product(("A", "B", "C", None), repeat=4):
        ballots = {seat: ballot for seat, ballot in zip(seats, said, strict=True) if ballot}
        plain = count(rule, 2, seats, ballots)
        found = counted(rule, 2, seats, ballots, space=at_work.ABC, measured=None)
        supporters = tuple(seat for seat in seats if plain.winner and ballots.get(seat) == plain.winner)

        assert (found.result, found.winner, found.tally) == (plain.result, plain.winner, plain.tally)
        assert (found.tie_broken, found.supporters, found.ranking) == (plain.tie_broken, supporters, ())
        assert found.single_seat == (len(supporters) == 1 and len(ballots) > 1)


def profile_of(drawn, seats):
    """A profile of these seats with few distinct numbers, so that ties happen."""
    return Profile(
        seats=tuple(
            SeatReliability(
                seat=seat,
                asked=9,
                right=5,
                share_ppm=drawn.choice((500_000, 600_000)),
                weight=drawn.choice((0, 400, 800)),
            )
            for seat in seats
        ),
        options=3,
        labels=9,
        topics=(),
        coefficients=tuple(drawn.choice((0, 300, 600)) for _ in seats),
        n_eff_centi=150,
    )


@pytest.mark.parametrize("by", AGGREGATORS)
def test_weighed_rules_are_the_aggregators(by):
    """`weighted` and `chosen` decide as `aggregate` does on the profile that the numbers came from."""
    seats = ("s1", "s2", "s3", "s4")
    for seed, said in enumerate(itertools.product(("A", "B", "C", None), repeat=4)):
        profile = profile_of(at_work.chance(by, seed), seats).model_copy(update={"aggregator": by})
        ballots = {seat: ballot for seat, ballot in zip(seats, said, strict=True) if ballot}
        for rule, name in (("chosen", by), ("weighted", "log_odds_topic")):
            found = counted(
                Rule(name=rule), 1, seats, ballots, space=at_work.ABC, measured=measured(profile, None)
            )
            whole = aggregate(profile, ballots, by=name)
            result = {"decided": "won", "no_ballots": "no_quorum"}.get(whole.result, whole.result)

            assert (found.result, found.winner) == (result, whole.answer_class)
            assert (found.single_seat, found.minority) == (whole.single_seat, whole.minority)


def test_one_seat_may_outweigh_two_and_it_is_said():
    """The weights decide; a winner of one against two is a single seat's, of two against three a minority's."""
    seats = ("s1", "s2", "s3", "s4", "s5")
    held = at_work.measured(5, odds=(900, 800, 100, 100, 100))
    one = counted(Rule(name="weighted"), 2, seats[:3], {"s1": "A", "s2": "B", "s3": "B"}, space=at_work.ABC,
                  measured=at_work.measured(3, odds=(900, 100, 100)))  # fmt: skip
    two = counted(
        Rule(name="weighted"),
        2,
        seats,
        dict(zip(seats, "AABBB", strict=True)),
        space=at_work.ABC,
        measured=held,
    )

    assert (one.winner, one.single_seat, one.minority, one.supporters) == ("A", True, True, ("s1",))
    assert (two.winner, two.single_seat, two.minority, two.supporters) == ("A", False, True, ("s1", "s2"))


# Ties by every key.


@pytest.mark.parametrize(
    ("tie", "said", "winner"),
    [
        ("none", "AABB", None),
        ("order", "BAAB", "B"),
        ("order", "ABC", None),
        ("options", "BBAA", "A"),
        ("options", "CBBC", "B"),
        ("options", "CBA", "A"),
        ("reliable", "AABB", "B"),
        ("reliable", "ABBA", "A"),
        ("reliable", "ABC", "C"),
    ],
)
def test_a_tied_plurality_is_broken_by_its_key_alone(tie, said, winner):
    """Each key breaks a tie in its own way; a declared order of seats never lets one seat decide alone."""
    seats = tuple(f"s{n}" for n in range(len(said)))
    ballots = dict(zip(seats, said, strict=True))
    found = counted(
        Rule(name="plurality", tie=tie), 2, seats, ballots, space=at_work.ABC, measured=numbers_of(len(said))
    )

    assert (found.winner, found.tie_broken) == (winner, winner is not None)
    assert found.single_seat == (winner is not None and said.count(winner) == 1)


@pytest.mark.parametrize("tie", TIES)
@pytest.mark.parametrize("name", ["majority", "unanimity"])
def test_no_key_lifts_a_class_over_a_threshold(name, tie):
    """Two against two stays a tie under a threshold, whatever the key."""
    seats = ("s1", "s2", "s3", "s4")
    ballots = dict(zip(seats, "AABB", strict=True))
    found = counted(Rule(name=name, tie=tie), 2, seats, ballots, space=at_work.ABC, measured=numbers_of(4))

    assert (found.result, found.winner) == ("tied", None)


@pytest.mark.parametrize("rule", ["plurality", "schulze", "approval"])
def test_without_a_profile_the_most_reliable_is_not_known(rule):
    """The key that needs a profile breaks nothing without one."""
    found = counted(
        Rule(name=rule, tie="reliable"),
        2,
        ("s1", "s2"),
        {"s1": "A", "s2": "B"},
        space=at_work.ABC,
        measured=None,
    )

    assert (found.result, found.winner) == ("tied", None)


# Bad input has a name.


@each_rule
@pytest.mark.parametrize("seats", [0, 1, 3])
def test_an_empty_panel_decides_nothing(rule, seats):
    """Without a ballot there is no quorum, be there seats or none, and even where the quorum is nought."""
    names = tuple(f"s{n}" for n in range(seats))
    held = numbers_of(seats)
    for quorum in (0, 1, 2):
        found = counted(rule, quorum, names, {}, space=at_work.ABC, measured=held)

        assert (found.result, found.winner, found.tally, found.supporters) == ("no_quorum", None, (), ())


@each_rule
def test_one_seat_decides_only_where_one_is_enough(rule):
    """One ballot wins with a quorum of one and is no quorum with two; unopposed it is nobody's minority."""
    found = [
        counted(rule, quorum, ("s1",), {"s1": "A"}, space=at_work.ABC, measured=numbers_of(1))
        for quorum in (1, 2)
    ]

    assert [(each.result, each.winner) for each in found] == [("won", "A"), ("no_quorum", None)]
    assert (found[0].single_seat, found[0].minority, found[0].supporters) == (False, False, ("s1",))


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("bad", ["Z", "A{}Z", "A{}A", "", "A{}{}B"])
def test_a_ballot_that_names_what_is_not_there_is_set_aside(name, bad):
    """Unknown or repeated options count for nothing, and not for the quorum; nothing is guessed."""
    ballot = bad.replace("{}", "+" if name == "approval" else ">")
    seats = ("s1", "s2", "s3")
    good = {"s1": "B", "s2": "B"}
    whole = counted(Rule(name=name), 2, seats, good, space=at_work.ABC, measured=None)
    found = counted(Rule(name=name), 2, seats, good | {"s3": ballot}, space=at_work.ABC, measured=None)
    alone = counted(Rule(name=name), 2, seats, {"s1": "B", "s3": ballot}, space=at_work.ABC, measured=None)

    assert found == whole
    assert (alone.result, alone.winner) == ("no_quorum", None)


@pytest.mark.parametrize("rule", ["weighted", "chosen"])
def test_a_weighed_rule_without_a_profile_decides_nothing(rule):
    """Nobody was measured, so no weight speaks; the tally stands."""
    ballots = {"s1": "A", "s2": "A", "s3": "A"}
    found = counted(Rule(name=rule), 2, tuple(ballots), ballots, space=at_work.ABC, measured=None)

    assert (found.result, found.winner, len(found.tally)) == ("below_threshold", None, 1)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("space", [YesNoConditionalSpace(), NumberSpace(), OpenSpace()], ids=lambda s: s.kind)
def test_where_an_answer_names_no_other_the_plurality_wins(name, space):
    """Rules over several options are plurality where an answer is one answer, signs in it and all."""
    ballots = {"s1": "A>B", "s2": "A>B", "s3": "A+B", "s4": "B"}
    found = counted(Rule(name=name), 2, tuple(ballots), ballots, space=space, measured=None)

    assert (found.result, found.winner, found.supporters) == ("won", "A>B", ("s1", "s2"))


@each_rule
def test_as_many_options_as_a_space_holds(rule):
    """With the most options that the space and the rule allow, every rule answers; the ballots' winner wins."""
    most = min(MAX_OPTIONS, most_options(rule.name) if rule.name in RULES else MAX_OPTIONS)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:most]
    ballots = dict.fromkeys(("s1", "s2", "s3"), letters[-1])
    found = counted(rule, 2, tuple(ballots), ballots, space=space_of(letters), measured=numbers_of(3))

    assert (found.result, found.winner) == ("won", letters[-1])


@pytest.mark.parametrize("rule", ["plurality", "majority", "weighted", "chosen", "schulze"])
def test_thousands_of_answers(rule):
    """Where the space allows thousands of answers, so many classes are counted; nobody leads."""
    seats = tuple(f"s{n}" for n in range(2_000))
    ballots = {seat: str(n) for n, seat in enumerate(seats)}
    held = at_work.measured(64, odds=(1,) * 64, weights=(1,) * 64, aggregator="majority").model_copy(
        update={"odds": (1,) * 2_000, "weights": (1,) * 2_000, "ranks": tuple(range(2_000))}
    )
    found = counted(Rule(name=rule), 2, seats, ballots, space=NumberSpace(), measured=held)

    assert len(found.tally) == 2_000
    assert found.winner == ("0" if rule == "weighted" else None)
    assert found.single_seat == (rule == "weighted")


@pytest.mark.parametrize("name", ["kemeny", "ranked_pairs"])
def test_more_options_than_a_rule_can_order_are_refused(name):
    """A rule that could not finish says so, and does not guess."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    drawn = at_work.chance("many")
    ballots = {f"s{n}": ">".join(drawn.sample(letters, len(letters))) for n in range(9)}

    with pytest.raises(CouncilRefusedError) as caught:
        counted(Rule(name=name), 2, tuple(ballots), ballots, space=space_of(letters), measured=None)

    assert caught.value.reason in ("rule_too_large", "cycle_too_large")


# Properties.


def random_counts(rule, times=60):
    """Random councils under a rule: chance, seats, options, ballots and numbers."""
    for seed in range(times):
        drawn = at_work.chance("property", rule, seed)
        seats = tuple(f"s{n}" for n in range(1, drawn.randint(2, 6) + 1))
        ranks = list(range(len(seats)))
        drawn.shuffle(ranks)
        held = at_work.measured(
            len(seats),
            aggregator=drawn.choice(AGGREGATORS),
            weights=tuple(drawn.choice((0, 300, 600)) for _ in seats),
            odds=tuple(drawn.choice((0, 300, 600)) for _ in seats),
            ranks=tuple(ranks),
        )
        yield drawn, seats, any_ballots(drawn, rule, seats, "ABC"), held


def renamed(ballot, names):
    """A ballot with its options renamed."""
    return "".join(names.get(letter, letter) for letter in ballot)


@each_rule
def test_anonymity(rule):
    """Who says what does not matter where no key and no weight tells seats apart."""
    anonymous = rule.tie in ("none", "options") and rule.name not in MEASURED
    differ = 0
    for drawn, seats, ballots, held in random_counts(rule):
        others = list(seats)
        drawn.shuffle(others)
        moved = {other: ballots[seat] for seat, other in zip(seats, others, strict=True) if seat in ballots}
        one = counted(rule, 2, seats, ballots, space=at_work.ABC, measured=held)
        two = counted(rule, 2, seats, moved, space=at_work.ABC, measured=held)
        differ += (one.result, one.winner) != (two.result, two.winner)

    assert differ == 0 or not anonymous
    assert differ > 0 or rule.tie not in ("order", "reliable") or rule.name not in ("plurality", *SEVERAL)


@each_rule
def test_neutrality(rule):
    """Renaming options renames the result, where no key prefers an option."""
    options = tuple(itertools.permutations("ABC"))[: None if rule.tie == "options" else 1]
    for drawn, seats, ballots, held in random_counts(rule):
        names = dict(zip("ABC", drawn.sample("ABC", 3), strict=True))
        there = {seat: renamed(ballot, names) for seat, ballot in ballots.items()}
        for order in options:
            one = counted(rule, 2, seats, ballots, space=space_of(order), measured=held)
            two = counted(
                rule, 2, seats, there, space=space_of([names[option] for option in order]), measured=held
            )

            assert (one.result, names.get(one.winner)) == (two.result, two.winner)
            assert (one.supporters, one.single_seat, one.minority) == (
                two.supporters,
                two.single_seat,
                two.minority,
            )


def raised(rule, ballot, option):
    """The ballot with an option lifted to the top, the others as they stood."""
    if rule.name == "approval":
        held = () if ballot == "-" else tuple(ballot.split("+"))
        return spell_approval(tuple(sorted({*held, option})))
    if rule.name not in RANKED:
        return option
    tiers = [[each for each in tier.split("=") if each != option] for tier in ballot.split(">")]
    return spell_ranking([[option], *(tier for tier in tiers if tier)])


@each_rule
def test_monotonicity(rule):
    """A seat that lifts the winner on its ballot does not make it lose."""
    won = 0
    for _, seats, ballots, held in random_counts(rule, 120):
        if rule.name == "chosen" and held.aggregator == "unanimous_else_strongest":
            continue  # one seat more beside the strongest breaks the unanimity of the others: no such promise
        one = counted(rule, 2, seats, ballots, space=at_work.ABC, measured=held)
        if one.winner is None:
            continue
        for seat in ballots:
            lifted = ballots | {seat: raised(rule, ballots[seat], one.winner)}
            two = counted(rule, 2, seats, lifted, space=at_work.ABC, measured=held)
            won += 1

            assert two.winner == one.winner, (seats, ballots, seat)
    assert won > 0


@each_rule
def test_unanimity(rule):
    """What all say, and put alone at the top, wins; with a quorum of them all."""
    for drawn, seats, ballots, held in random_counts(rule):
        top = drawn.choice("ABC")
        if rule.name in MEASURED and not any(held.odds if rule.name == "weighted" else held.weights):
            continue
        agreed = {
            seat: top if rule.name not in RANKED else raised(rule, ballots.get(seat, "A"), top)
            for seat in seats
        }
        found = counted(rule, len(seats), seats, agreed, space=at_work.ABC, measured=held)

        assert (found.result, found.winner, found.supporters) == ("won", top, seats)
        assert not found.single_seat
        assert not found.minority


@each_rule
def test_arrival_order_changes_nothing(rule):
    """The same ballots in any order of arrival give an equal count, to the last field."""
    for drawn, seats, ballots, held in random_counts(rule, 30):
        arrived = list(ballots.items())
        drawn.shuffle(arrived)
        one = counted(rule, 2, seats, ballots, space=at_work.ABC, measured=held)

        assert counted(rule, 2, seats, dict(arrived), space=at_work.ABC, measured=held) == one


@each_rule
def test_silence_never_makes_the_quorum(rule):
    """Fewer ballots than the quorum decide nothing, whatever they say; as many are enough to be counted."""
    for _, seats, ballots, held in random_counts(rule, 30):
        short = counted(rule, len(ballots) + 1, seats, ballots, space=at_work.ABC, measured=held)
        enough = counted(rule, len(ballots), seats, ballots, space=at_work.ABC, measured=held)

        assert (short.result, short.winner) == ("no_quorum", None)
        assert (enough.result != "no_quorum") == bool(ballots)


BATCH = """
import hashlib, importlib.util, sys
spec = importlib.util.spec_from_file_location("deliberations", sys.argv[1])
at_work = sys.modules["deliberations"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(at_work)
whole = hashlib.sha256()
for seed in range(80):
    intent = at_work.any_intent(seed)
    found = at_work.run(intent, seed, order=seed, interrupt=at_work.interruptions(0.1))
    for verdict in found.verdicts:
        whole.update(verdict.to_bytes())
print(whole.hexdigest())
"""


def test_verdicts_do_not_depend_on_the_hash_seed():
    """A batch of deliberations of every kind gives the same verdict bytes under eight hash seeds."""
    path = Path(__file__).with_name("deliberations.py")
    digests = set()
    for seed in range(8):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", BATCH, str(path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout.strip())

    assert len(digests) == 1
    assert digests != {hashlib.sha256().hexdigest()}
