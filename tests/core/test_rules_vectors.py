"""Ranked rules against the outside: published elections and matrices, and an oracle over thousands of profiles."""

import hashlib
import importlib.util
import json
from fractions import Fraction
from pathlib import Path

import pytest

from magi.core.rules.approval import approval
from magi.core.rules.ballots import Approval, Poll, Ranking
from magi.core.rules.kemeny import kemeny_orders
from magi.core.rules.pairs import compare, condorcet_winner, schwartz_set, smith_set
from magi.core.rules.ranked import RULES
from magi.core.rules.schulze import schulze, strongest_paths
from magi.core.rules.weighted import weighted_plurality

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("rules_profiles", HERE / "rules_profiles.py")
profiles = importlib.util.module_from_spec(_SPEC)  # by its path: test folders are no packages
_SPEC.loader.exec_module(profiles)
ORACLE = json.loads((HERE / "vectors" / "rules_oracle.json").read_text(encoding="utf-8"))

SCHULZE_45 = "5 ACBED,5 ADECB,8 BEDAC,3 CABED,7 CAEBD,2 CBADE,7 DCEBA,8 EBADC"
"""The example of Schulze 2011: eight groups of 45 voters over five options."""
TENNESSEE = "42 MNCK,26 NCKM,15 CKNM,17 KCNM"
CYCLE = "1 ABC,1 BCA,1 CAB"


def election(text, options=None):
    """A poll and ballots from `count ranking` pairs; equal options stand in brackets: 3 A(BC)D."""
    rankings = []
    for group in text.split(","):
        count, _, ranking = group.strip().partition(" ")
        rankings += [parsed(ranking)] * int(count)
    options = options or "".join(sorted({option for tiers in rankings for tier in tiers for option in tier}))
    return polled(options, rankings)


def parsed(ranking):
    """Tiers of a ranking written as letters, equal ones in brackets."""
    tiers, open_tier = [], None
    for mark in ranking:
        if mark == "(":
            open_tier = []
        elif mark == ")":
            tiers.append(tuple(open_tier))
            open_tier = None
        elif open_tier is None:
            tiers.append((mark,))
        else:
            open_tier.append(mark)
    return tuple(tiers)


def polled(options, rankings):
    """A poll over `options` and one ballot for each of `rankings`."""
    seats = tuple(f"v{number}" for number in range(len(rankings)))
    ballots = {seat: Ranking(tiers) for seat, tiers in zip(seats, rankings, strict=True)}
    return Poll(tuple(options), seats), ballots


@pytest.mark.parametrize(
    ("rule", "winner"),
    [
        ("borda", "E"),
        ("schulze", "E"),
        ("ranked_pairs", "A"),
        ("minimax", "E"),
        ("copeland", "E"),
        ("kemeny", "E"),
    ],
)
def test_schulze_45_voters(rule, winner):
    """On Schulze's 45 voters every rule elects the published winner, and they differ."""
    poll, ballots = election(SCHULZE_45)

    assert RULES[rule](poll, ballots).winner == winner


def test_schulze_45_voters_ranking():
    """Schulze's own result on his 45 voters is E, A, C, B, D."""
    poll, ballots = election(SCHULZE_45)

    assert schulze(poll, ballots).ranking == (("E",), ("A",), ("C",), ("B",), ("D",))


@pytest.mark.parametrize(
    ("text", "winner"), [(SCHULZE_45, "C"), (TENNESSEE, "M")], ids=["schulze", "tennessee"]
)
def test_plurality_of_the_published_elections(text, winner):
    """Plurality with equal weights elects the published plurality winner."""
    poll, ballots = election(text)
    tops = {seat: ballot.tiers[0][0] for seat, ballot in ballots.items()}
    found = weighted_plurality(poll, dict.fromkeys(poll.seats, 1), tops)

    assert (found.result, found.winner) == ("won", winner)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_tennessee(rule):
    """Nashville, which beats every other city, wins under every ranked rule; the order below it is worked by hand."""
    poll, ballots = election(TENNESSEE)
    found = RULES[rule](poll, ballots)
    # Memphis is last in every duel, but has more Borda points than Knoxville and the mildest of the defeats.
    order = {"borda": "NCMK", "minimax": "NMCK"}.get(rule, "NCKM")

    assert (found.result, found.winner, condorcet_winner(compare(poll, ballots).pairs)) == ("won", "N", "N")
    assert found.ranking == tuple((option,) for option in order)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_condorcet_cycle_is_reported_as_tied(rule):
    """In Condorcet's cycle all three options share the lead under every rule; nobody wins."""
    poll, ballots = election(CYCLE)
    found = RULES[rule](poll, ballots)

    assert (found.result, found.winner, found.tied) == ("tied", None, ("A", "B", "C"))


ELECTOWIKI_30 = "5 ACBD,2 ACDB,3 ADCB,4 BACD,3 CBDA,3 CDBA,1 DACB,5 DBAC,4 DCBA"
MATRICES = {
    # The examples of electowiki's page on the Schulze method, as the tests of the Habermas machine list them
    # (Apache-2.0): ballots, pairwise wins, strongest paths, result.
    "electowiki-30": (
        ELECTOWIKI_30,
        ((0, 11, 20, 14), (19, 0, 9, 12), (10, 21, 0, 17), (16, 18, 13, 0)),
        ((0, 20, 20, 17), (19, 0, 19, 17), (19, 21, 0, 17), (18, 18, 18, 0)),
        "D A C B",
    ),
    "electowiki-9": (
        "3 ABCD,2 DABC,2 DBCA,2 CBDA",
        ((0, 5, 5, 3), (4, 0, 7, 5), (4, 2, 0, 5), (6, 4, 4, 0)),
        ((0, 5, 5, 5), (5, 0, 7, 5), (5, 5, 0, 5), (6, 5, 5, 0)),
        "BD AC",
    ),
    "two-voters-with-ties": (
        "1 (AB)CD,1 ABDC",
        ((0, 1, 2, 2), (0, 0, 2, 2), (0, 0, 0, 1), (0, 0, 1, 0)),
        ((0, 1, 2, 2), (0, 0, 2, 2), (0, 0, 0, 0), (0, 0, 0, 0)),
        "A B CD",
    ),
    "five-voters": (
        "2 ABDC,1 DACB,1 CDAB,1 BDAC",
        ((0, 4, 4, 2), (1, 0, 3, 3), (1, 2, 0, 1), (3, 2, 4, 0)),
        ((0, 4, 4, 3), (3, 0, 3, 3), (0, 0, 0, 0), (3, 3, 4, 0)),
        "AD B C",
    ),
    "two-against-each-other": ("1 AB,1 BA", ((0, 1), (1, 0)), ((0, 0), (0, 0)), "AB"),
}


@pytest.mark.parametrize("name", sorted(MATRICES))
def test_schulze_matrices(name):
    """Pairwise wins, strongest paths and the tiers come out as published, cell by cell."""
    text, wins, paths, tiers = MATRICES[name]
    poll, ballots = election(text)
    pairs = compare(poll, ballots).pairs

    assert pairs.wins == wins
    assert strongest_paths(pairs) == paths
    assert " ".join("".join(tier) for tier in schulze(poll, ballots).ranking) == tiers


@pytest.mark.parametrize(
    ("rankings", "tiers"),
    [
        ("1 ABCD,1 BADC,1 BCDA,1 DABC,1 DBAC", "B D A C"),
        ("1 B(CD)A,1 A(CD)B,1 D(BC)A,1 (CD)AB,1 CBDA", "CD B A"),
    ],
    ids=["opinion", "critique"],
)
def test_schulze_figure_of_the_habermas_machine(rankings, tiers):
    """Two rounds in the form of figure 1 of the Habermas machine; the critique round's tie stays a tie."""
    poll, ballots = election(rankings)

    assert " ".join("".join(tier) for tier in schulze(poll, ballots).ranking) == tiers


def test_approval_counts_and_shares():
    """Approval by hand: B is approved by three of four; it wins, but not where four fifths are asked for."""
    poll = Poll(("A", "B", "C"), ("p", "q", "r", "s"))
    ballots = {"p": Approval(("A", "B")), "q": Approval(("B",)), "r": Approval(("B", "C")), "s": Approval(())}
    found = approval(poll, ballots)

    assert (found.winner, found.ranking, found.supporters) == ("B", (("B",), ("A", "C")), ("p", "q", "r"))
    assert approval(poll, ballots, share=(3, 4)).winner == "B"
    assert approval(poll, ballots, share=(4, 5)).result == "below_threshold"


def test_approval_of_a_recused_option_is_a_share_of_its_judges():
    """An option approved by both seats that may judge it is ahead of one approved by two of three."""
    poll = Poll(("A", "B"), ("p", "q", "r"))
    ballots = {"p": Approval(("B",), recused=("A",)), "q": Approval(("A", "B")), "r": Approval(("A",))}
    found = approval(poll, ballots)

    assert [(score.option, score.value) for score in found.scores] == [("A", 1), ("B", Fraction(2, 3))]
    assert found.winner == "A"
    own_only = approval(poll, {"p": Approval(("B",), recused=("A",))})
    assert (own_only.result, own_only.uncompared) == ("below_threshold", ("A",))


def test_borda_points_by_hand():
    """On Tennessee's hundred voters the scores are the classic Borda sums 194, 173, 126 and 107 of 300."""
    poll, ballots = election(TENNESSEE)
    scores = {score.option: score.value * 300 for score in RULES["borda"](poll, ballots).scores}

    assert scores == {"N": 194, "C": 173, "M": 126, "K": 107}


def answered(rule, options, ballots):
    """What we say on a profile of the families, as the oracle's outputs are written."""
    names = tuple(str(number) for number in range(options))
    poll, votes = polled(names, [tuple(tuple(map(str, tier)) for tier in ballot) for ballot in ballots])
    if rule in RULES:
        return "".join(RULES[rule](poll, votes).ranking[0])
    singled_out = {"smith": smith_set, "schwartz": schwartz_set}[rule]
    return "".join(singled_out(compare(poll, votes).pairs))


@pytest.mark.parametrize("family", sorted(ORACLE["leads"]))
@pytest.mark.parametrize("rule", ["smith", "schwartz", *sorted(RULES)])
def test_leads_are_those_of_the_oracle(family, rule):
    """The set of leaders is pref_voting's on every profile of a family (outputs frozen as one digest)."""
    lines = [answered(rule, options, ballots) for options, ballots in profiles.FAMILIES[family]()]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()

    assert (len(lines), digest) == (ORACLE["profiles"][family], ORACLE["leads"][family][rule])


def test_kemeny_orders_of_a_hand_made_tie():
    """Two ballots AB and BA leave both orders as good as each other."""
    poll, ballots = election("1 AB,1 BA")

    assert set(kemeny_orders(compare(poll, ballots).pairs)) == {("A", "B"), ("B", "A")}
