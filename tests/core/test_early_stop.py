"""Early stop against the full enumeration: every rule, every state of up to four seats and four options."""

import csv
import itertools
import os
import random
from pathlib import Path

import pytest

from magi.core.early_stop import (
    MAX_WEIGHT,
    STOPPED,
    Ballot,
    Decision,
    as_stopped,
    counting,
    every_ballot,
    find,
    find_weighted,
    order,
)
from magi.core.rules.count import Rule

OPTIONS = ("p", "q", "r", "s")
SEATS = ("s0", "s1", "s2", "s3")
RULES = [
    Rule(name=name, tie=tie, share=share)
    for name, share in (
        ("plurality", None),
        ("majority", None),
        ("supermajority", (2, 3)),
        ("supermajority", (3, 4)),
        ("unanimity", None),
    )
    for tie in ("none", "order")
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.name}-{r.tie}-{r.share}")
OUT = "outstanding"


def states(options, seats, silent=("abstention", "failure")):
    """Every state of a council: each seat has said one of its ballots or is outstanding."""
    ways = [*(Ballot("answer", option) for option in options), *(Ballot(said) for said in silent), OUT]
    for combination in itertools.product(ways, repeat=len(seats)):
        state = dict(zip(seats, combination, strict=True))
        yield (
            {seat: held for seat, held in state.items() if held is not OUT},
            [seat for seat, held in state.items() if held is OUT],
        )


def memo(decide):
    """The same decision function, each full profile counted once."""
    known = {}

    def decided(ballots):
        key = frozenset(ballots.items())
        if key not in known:
            known[key] = decide(ballots)
        return known[key]

    return decided


def in_full(decide, said, waiting):
    """What the walk over every completion says, none left out: the decision, or None where two differ."""
    combinations = itertools.product(*waiting.values())
    found = {as_stopped(decide({**said, **dict(zip(waiting, way, strict=True))})) for way in combinations}
    return next(iter(found)) if len(found) == 1 else None


def agrees(decide, said, waiting, **options):
    """Whether the finding is what the full walk says."""
    finding = find(decide, said, waiting, **options)
    full = in_full(decide, said, waiting)
    return (finding.result, finding.decision) == (("settled", full) if full else ("open", None))


@each_rule
def test_every_state_of_up_to_four_seats_and_options_is_judged_as_by_the_full_walk(rule):
    """Merging twins loses nothing: find is the full enumeration for every state, n, m and quorum up to four."""
    wrong, judged = [], 0
    for count_of_seats, size in itertools.product(range(1, 5), range(5)):
        seats, options = SEATS[:count_of_seats], OPTIONS[:size]
        ways = (*(Ballot("answer", option) for option in options), Ballot("failure"))
        for quorum in {1, 2, count_of_seats}:
            decide = memo(counting(rule, quorum, seats))
            for said, outstanding in states(options, seats, ("failure",)):
                if outstanding:
                    judged += 1
                    if not agrees(decide, said, dict.fromkeys(outstanding, ways)):
                        wrong.append((quorum, said, outstanding))

    assert judged > 2500
    assert wrong == []


def blocking(ballots):
    """A council of three with a severity floor and a topic that needs a domestic concurring vote."""
    base = counting(Rule(name="majority"), 2, SEATS[:3])(ballots)
    floor = any(b.severity and b.option != base.winner for b in ballots.values())
    alone = base.winner is not None and not any(
        b.domestic and b.option == base.winner for b in ballots.values()
    )
    flags = base.flags | ({"severity_floor"} if floor else set()) | ({"no_domestic"} if alone else set())
    return Decision(base.outcome, base.winner, frozenset(flags), base.review or floor or alone)


def test_severities_and_domestic_concurrence_are_walked_too():
    """With a severity floor and a domestic requirement the finding is the full walk's, and needs asking on."""
    own = {"s0": False, "s1": True, "s2": False}
    grounds = {"s0": ("",), "s1": ("", "legality"), "s2": ("", "legality")}
    ways = {seat: every_ballot(("p", "q", "r"), grounds[seat], domestic=(own[seat],)) for seat in SEATS[:3]}
    decide = memo(blocking)
    wrong, settled = [], 0
    for outstanding in itertools.chain.from_iterable(itertools.combinations(SEATS[:3], k) for k in (1, 2)):
        speaking = [seat for seat in SEATS[:3] if seat not in outstanding]
        for spoken in itertools.product(*(ways[seat] for seat in speaking)):
            said = dict(zip(speaking, spoken, strict=True))
            waiting = {seat: ways[seat] for seat in outstanding}
            settled += find(decide, said, waiting).result == "settled"
            if not agrees(decide, said, waiting):
                wrong.append((said, outstanding))
    two = {"s0": Ballot("answer", "p"), "s2": Ballot("answer", "p")}

    assert wrong == []
    assert settled > 0
    assert find(decide, two, {"s1": every_ballot(("p", "q"), domestic=(True,))}).result == "open"
    assert find(decide, two, {"s1": (Ballot("answer", "p", domestic=True),)}).result == "settled"


def test_two_alike_settle_three_seats_but_for_a_dissent_that_blocks():
    """Two of three alike end a majority vote; where the third could still block by severity they do not."""
    alike = {"s0": Ballot("answer", "p", domestic=True), "s1": Ballot("answer", "p")}
    plain = counting(Rule(name="majority"), 2, SEATS[:3])

    stop = find(plain, alike, {"s2": every_ballot(OPTIONS)})

    assert stop.decision == Decision("majority", "p", frozenset({STOPPED}))
    assert find(blocking, alike, {"s2": every_ballot(OPTIONS, ("", "safety"))}).result == "open"
    assert find(blocking, alike, {"s2": every_ballot(OPTIONS)}).result == "settled"


def test_a_stopped_council_is_never_unanimous():
    """No settled finding with a seat outstanding says unanimous, and every one carries the flag."""
    findings = []
    for rule in RULES:
        decide = memo(counting(rule, 2, SEATS[:3]))
        for said, outstanding in states(OPTIONS[:2], SEATS[:3]):
            if outstanding:
                findings.append(find(decide, said, dict.fromkeys(outstanding, every_ballot(OPTIONS[:2]))))
    settled = [finding.decision for finding in findings if finding.result == "settled"]

    assert settled
    assert {decision.outcome for decision in settled} >= {"majority", "no_quorum"}
    assert all(decision.outcome != "unanimous" and STOPPED in decision.flags for decision in settled)


def test_without_outstanding_seats_unanimity_stands():
    """A council in which all have spoken is settled as it is: unanimous, and not stopped."""
    said = {seat: Ballot("answer", "p") for seat in SEATS[:3]}

    found = find(counting(Rule(name="majority"), 2, SEATS[:3]), said, {"s9": ()})

    assert (found.decision.outcome, found.decision.flags) == ("unanimous", frozenset())


def test_an_option_known_by_name_is_not_merged():
    """A decision function that flags one unheld option is judged rightly only if the option is named."""
    seats = (*SEATS, "s4")
    base = counting(Rule(name="majority"), 1, seats)

    def decide(ballots):
        raised = [ballot.option for ballot in ballots.values()].count("s") == 1
        decision = base(ballots)
        return Decision(decision.outcome, decision.winner, decision.flags | ({"claim"} if raised else set()))

    said = {seat: Ballot("answer", "p") for seat in seats[:3]}
    waiting = dict.fromkeys(seats[3:], every_ballot(OPTIONS))

    assert in_full(decide, said, waiting) is None
    assert find(decide, said, waiting, named=frozenset("s")).result == "open"
    assert find(decide, said, waiting).result == "settled"  # the contract was broken: not neutral, not named


def test_seats_with_unlike_options_are_not_merged():
    """Options that only one of two outstanding seats may cast are no twins: the full walk agrees."""
    decide = counting(Rule(name="plurality"), 1, SEATS)
    ways = [every_ballot(options) for options in (("p", "q"), ("q", "r"), ("r",), ("p", "q", "r", "s"))]
    cases = list(itertools.product(ways, repeat=3))
    said = {"s0": Ballot("answer", "p")}

    assert all(agrees(decide, said, dict(zip(SEATS[1:], case, strict=True))) for case in cases)


def neutral(draw, weights):
    """A decision function drawn by chance: it sees who says the same as whom, and "p" by name, nothing else."""
    known = {}

    def decide(ballots):
        names = {"p": "p", None: None}
        for seat in SEATS:
            if seat in ballots:
                names.setdefault(ballots[seat].option, len(names))
        pattern = tuple((ballots[s].said, names[ballots[s].option]) for s in SEATS if s in ballots)
        if pattern not in known:
            winner = draw.choice([None, *(names[b.option] for b in ballots.values() if b.option)])
            known[pattern] = draw.choices((("majority", "p"), ("tied", None), ("majority", winner)), weights)[
                0
            ]
        outcome, winner = known[pattern]
        back = {number: name for name, number in names.items()}
        return Decision(outcome, back[winner])

    return decide


@pytest.mark.parametrize("weights", [(40, 1, 0), (100, 0, 1), (1, 60, 0), (1, 0, 200)], ids=str)
def test_any_neutral_decision_is_judged_as_by_the_full_walk(weights):
    """Hundreds of neutral decision functions drawn by chance, few of them sensible, and seats of unlike options."""
    draw = random.Random(8)  # noqa: S311  seeded chance of a test
    results = set()
    for number in range(300):
        decide = memo(neutral(draw, weights))
        options = OPTIONS[: draw.randrange(2, 5)]
        ways = (*(Ballot("answer", option) for option in options[draw.randrange(2) :]), Ballot("failure"))
        waiting = {seat: ways[: len(ways) - draw.randrange(2)] for seat in SEATS[draw.randrange(1, 3) :]}
        said = {"s0": Ballot("answer", "p")}
        results.add(find(decide, said, waiting, named=frozenset("p")).result)

        assert agrees(decide, said, waiting, named=frozenset("p")), number
    assert len(results) == 2


def test_a_winner_that_another_name_could_have_is_open():
    """A seat that must choose between two unheld options decides alone: which of them wins is open."""
    waiting = {"s1": (Ballot("abstention"),), "s2": (Ballot("answer", "q"), Ballot("answer", "r"))}
    decide = counting(Rule(name="plurality"), 1, SEATS[:3])

    assert find(decide, {"s0": Ballot("failure")}, waiting).result == "open"


def test_an_open_council_is_seen_to_be_open_at_once():
    """Nine seats, five of them heard: that the others together could turn it shows in a handful of completions."""
    seats = [f"s{number}" for number in range(9)]
    said = {seat: Ballot("answer", "q" if seat == "s4" else "p") for seat in seats[:5]}

    found = find(
        counting(Rule(name="majority"), 2, seats), said, dict.fromkeys(seats[5:], every_ballot(OPTIONS))
    )

    assert found.result == "open"
    assert found.walked <= 7


def test_a_council_too_large_to_walk_goes_on():
    """Beyond the limit the finding is too_many and carries no decision, whatever the truth would be."""
    seats = [f"s{number}" for number in range(9)]
    said = {seat: Ballot("answer", "p") for seat in seats[:5]}
    waiting = dict.fromkeys(seats[5:], every_ballot(OPTIONS))
    decide = counting(Rule(name="majority"), 2, seats)

    found = find(decide, said, waiting, limit=100)

    assert (found.result, found.decision, found.walked) == ("too_many", None, 100)
    assert find(decide, said, waiting).result == "settled"


def test_twins_shorten_the_walk():
    """A thousand unheld options cost no more than one for each outstanding seat."""
    seats = SEATS[:3]
    said = {"s0": Ballot("answer", "p"), "s1": Ballot("answer", "p")}
    many = tuple(f"o{number}" for number in range(1000))

    found = find(
        counting(Rule(name="majority"), 2, seats), said, {"s2": every_ballot(("p", *many))}, limit=2000
    )
    first = find(counting(Rule(name="majority"), 2, seats), {}, dict.fromkeys(seats, every_ballot(many)))

    assert found.result == "settled"
    assert first.result == "open"


def weigh(rule, quorum, weights, ballots):
    """Count by weights, written apart from the bound: result and winner; a broken tie is told from a lead."""
    if len(ballots) < max(quorum, 1):
        return "no_quorum", None
    totals = {}
    for seat in SEATS:
        if seat in ballots:
            totals[ballots[seat]] = totals.get(ballots[seat], 0) + weights[seat]
    lead, cast = max(totals.values()), sum(totals.values())
    leaders = [option for option, total in totals.items() if total == lead]
    share = {"majority": 2 * lead > cast, "unanimity": lead == cast, "plurality": True}
    met = share.get(rule.name, rule.share and lead * rule.share[1] >= rule.share[0] * cast)
    if len(leaders) > 1:
        broken = met and rule.tie == "order" and all(list(ballots.values()).count(o) > 1 for o in leaders)
        return ("broken", leaders[0]) if broken else ("tied", None)
    return ("won", leaders[0]) if met else ("below_threshold", None)


WEIGHTS = [(5, 3, 2, 2), (7, 1, 1, 1), (1, 2, 4, 8), (3, 3, 2, 1)]


@pytest.mark.parametrize("sizes", WEIGHTS, ids=str)
@each_rule
def test_the_weighted_bound_is_exact(rule, sizes):
    """For every state of four seats, four options and quorum the bound is what the full walk says."""
    weights = dict(zip(SEATS, sizes, strict=True))
    wrong, settled = [], 0
    for size, quorum in itertools.product(range(5), (1, 2, 3)):
        decide = memo(
            lambda b, q=quorum: Decision(
                *weigh(rule, q, weights, {s: x.option for s, x in b.items() if x.option})
            )
        )
        ways = (*(Ballot("answer", option) for option in OPTIONS[:size]), Ballot("failure"))
        for said, outstanding in states(OPTIONS[:size], SEATS, ("failure",)):
            held = {seat: ballot.option for seat, ballot in said.items() if ballot.option}
            unheld = size - len(set(held.values()))
            bound = find_weighted(rule, quorum, weights, held, outstanding=outstanding, unheld=unheld)
            settled += bound
            if bound != (in_full(decide, said, dict.fromkeys(outstanding, ways)) is not None):
                wrong.append((quorum, size, said))

    assert wrong == []
    assert settled > 0


@each_rule
def test_the_weighted_bound_with_unit_weights_is_the_plain_count(rule):
    """Unit weights: for every state of four seats and three options the bound is find over count.py."""
    decide = memo(counting(rule, 2, SEATS))
    units = dict.fromkeys(SEATS, 1)
    ways = every_ballot(OPTIONS[:3])
    for said, outstanding in states(OPTIONS[:3], SEATS, ("abstention",)):
        held = {seat: ballot.option for seat, ballot in said.items() if ballot.option}
        found = find(decide, said, dict.fromkeys(outstanding, ways))
        unheld = 3 - len(set(held.values()))

        assert find_weighted(rule, 2, units, held, outstanding=outstanding, unheld=unheld) == (
            found.result == "settled"
        )


def test_the_weighted_bound_takes_large_councils_and_refuses_weights_out_of_range():
    """Fifteen seats of large weights are judged at once; nought, negative and huge weights are refused."""
    draw = random.Random(6)  # noqa: S311  seeded chance of a test
    seats = [f"s{number}" for number in range(15)]
    weights = {seat: draw.randrange(1, 5000) for seat in seats}
    held = {seats[0]: "p", seats[1]: "p", seats[2]: "q"}
    rule = Rule(name="supermajority", share=(2, 3))

    assert find_weighted(rule, 2, weights, held, outstanding=seats[3:], unheld=4) is False
    assert find_weighted(rule, 16, weights, held, outstanding=seats[3:], unheld=4) is True
    for wrong in (0, -1, MAX_WEIGHT + 1):
        with pytest.raises(ValueError, match="weights"):
            find_weighted(rule, 2, {**weights, seats[9]: wrong}, held, outstanding=seats[3:], unheld=4)


def test_the_order_to_ask_is_reliability_then_the_council():
    """Most reliable first, equals as in the council, unmeasured last, whatever the order of the mapping."""
    measured = {"c": 70, "b": 90, "a": 70}

    asked = order(("d", "a", "b", "c"), measured)

    assert asked == ("b", "a", "c", "d")
    assert order(("d", "a", "b", "c"), dict(reversed(measured.items()))) == asked


def test_a_ballot_without_sense_is_refused():
    """An answer without an option and a failure with one are no ballots."""
    for said, option in (("answer", None), ("failure", "p")):
        with pytest.raises(ValueError, match="option"):
            Ballot(said, option)


def shared_data():
    """The data folder beside the checkout, or where MAGI_SHARED_DATA says."""
    named = os.environ.get("MAGI_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(
    not (shared_data() / "mmlu_pro_votes.csv").exists(),
    reason="mmlu_pro_votes.csv is not beside the checkout",
)
def test_on_recorded_answers_no_outcome_differs_and_calls_are_saved():
    """Three recorded seats asked in order of accuracy: no winner or outcome differs, over 15 % of calls saved."""
    seats = ("gemini-1.5-pro-002", "Meta-Llama-3_1-70B-Instruct", "jamba-1.5-large")
    letters = tuple("ABCDEFGHIJ")
    with (shared_data() / "mmlu_pro_votes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    right = {seat: sum(row[seat] == row["gold"] for row in rows) for seat in seats}
    asked = order(seats, right)
    decide = memo(counting(Rule(name="majority", tie="none"), 2, seats))
    calls, differing, known = 0, 0, {}
    for row in rows:
        key = tuple(row[seat] for seat in asked)
        if key not in known:
            known[key] = sequential(decide, asked, row, letters)
        used, decision = known[key]
        full = decide({seat: spoken(row[seat]) for seat in seats})
        calls += used
        plain = "majority" if full.outcome == "unanimous" else full.outcome
        differing += (decision.outcome, decision.winner, decision.review) != (plain, full.winner, full.review)
    saved = 1 - calls / (3 * len(rows))

    assert asked[0] == "gemini-1.5-pro-002"
    assert differing == 0
    assert 0.15 <= saved <= 0.25


def spoken(letter):
    """A recorded answer as a ballot; none is a failure."""
    return Ballot("answer", letter) if letter else Ballot("failure")


def sequential(decide, asked, row, letters):
    """Ask one after the other until it is settled: calls used, and the decision as a stopped one."""
    said = {}
    for used, seat in enumerate(asked, 1):
        said[seat] = spoken(row[seat])
        found = find(decide, said, dict.fromkeys(asked[used:], every_ballot(letters)))
        if found.result == "settled":
            break
    return used, as_stopped(found.decision)
