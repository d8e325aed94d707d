"""Counting: every profile of up to four seats and three classes, every rule and tie key."""

import itertools

import pytest
from pydantic import ValidationError

from magi.core.rules.count import Rule, count

CLASSES = ("x", "y", "z")
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
PROFILES = [
    profile for seats in (1, 2, 3, 4) for profile in itertools.product((None, *CLASSES), repeat=seats)
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.name}-{r.tie}-{r.share}")


def counted(rule, profile, quorum=2):
    """Count a profile: one class or None (no ballot) for each seat in order."""
    order = [f"s{n}" for n in range(len(profile))]
    ballots = {seat: held for seat, held in zip(order, profile, strict=True) if held is not None}
    return count(rule, quorum, order, ballots)


def shape(found):
    """What a count says, seats aside."""
    return found.result, found.winner, {line.answer_class: len(line.seats) for line in found.tally}


@each_rule
def test_neutral_renaming_classes_renames_the_winner(rule):
    """Renaming the classes renames the winner and changes nothing else."""
    for profile in PROFILES:
        found = counted(rule, profile)
        for names in itertools.permutations(CLASSES):
            new = dict(zip(CLASSES, names, strict=True)) | {None: None}
            renamed = counted(rule, [new[held] for held in profile])

            assert (renamed.result, renamed.winner) == (found.result, new[found.winner])
            assert [line.seats for line in renamed.tally] == [line.seats for line in found.tally]


@each_rule
def test_anonymous_without_a_tie_key(rule):
    """Permuting the seats changes nothing where the tie key is none; with a key, only who wins a tie."""
    for profile in PROFILES:
        found = shape(counted(rule, profile))
        for turned in itertools.permutations(profile):
            other = counted(rule, turned)

            assert shape(other) == found or (other.tie_broken and other.result == found[0])


@each_rule
def test_monotone_more_support_never_hurts_the_winner(rule):
    """A winner still wins when a seat that held another class, or none, comes over to it."""
    for profile in PROFILES:
        winner = counted(rule, profile).winner
        if winner is None:
            continue
        for place, held in enumerate(profile):
            if held != winner:
                more = [*profile[:place], winner, *profile[place + 1 :]]

                assert counted(rule, more).winner == winner


@each_rule
def test_the_quorum_is_of_ballots_only(rule):
    """Below the quorum of ballots there is no decision, whatever the number of seats; at it, never no_quorum."""
    for profile in PROFILES:
        cast = sum(held is not None for held in profile)
        for quorum in (1, 2, 3, 4):
            found = counted(rule, profile, quorum)

            assert (found.result == "no_quorum") == (cast < quorum)
            assert found.winner is None or cast >= quorum


def test_no_ballot_is_no_quorum_even_for_a_quorum_of_zero():
    """Nobody has never decided anything."""
    assert counted(Rule(name="plurality"), (None, None), 0).result == "no_quorum"


@each_rule
def test_single_ballots_are_never_broken_apart(rule):
    """Where the leading classes hold one ballot each, no tie key picks one."""
    for profile in PROFILES:
        held = [c for c in profile if c is not None]
        if len(held) >= 2 and len(set(held)) == len(held):
            found = counted(rule, profile)

            assert (found.result, found.winner, found.tie_broken) == ("tied", None, False)


@each_rule
def test_the_winner_meets_the_rule_exactly(rule):
    """Against the definitions: who leads, by how much, of what; and which tie is broken for whom."""
    for profile in PROFILES:
        held = [c for c in profile if c is not None]
        if len(held) < 2:
            continue
        lead = max(held.count(c) for c in held)
        leaders = [c for c in dict.fromkeys(held) if held.count(c) == lead]
        needed = {
            "plurality": 1,
            "majority": len(held) // 2 + 1,
            "unanimity": len(held),
            "supermajority": -(-len(held) * (rule.share or (1, 1))[0] // (rule.share or (1, 1))[1]),
        }[rule.name]
        found = counted(rule, profile)
        expected = ("below_threshold", None) if len(leaders) == 1 else ("tied", None)
        if lead >= needed and (len(leaders) == 1 or (rule.tie == "order" and lead > 1)):
            expected = ("won", leaders[0])

        assert (found.result, found.winner) == expected
        assert found.tie_broken == (expected[0] == "won" and len(leaders) > 1)


@pytest.mark.parametrize(
    ("seats", "share", "needed"),
    [(3, (2, 3), 2), (4, (2, 3), 3), (4, (3, 4), 3), (6, (2, 3), 4), (3, (3, 4), 3)],
)
def test_supermajority_threshold_is_exact(seats, share, needed):
    """Two thirds of three are two, of four are three; one ballot less does not do."""
    rule = Rule(name="supermajority", share=share)

    assert counted(rule, ["x"] * needed + ["y"] * (seats - needed)).winner == "x"
    assert counted(rule, ["x"] * (needed - 1) + ["y"] * (seats - needed + 1)).winner != "x"


@each_rule
def test_the_order_of_the_mapping_does_not_matter(rule):
    """Ballots in any order of arrival give an equal count, tally lines and all."""
    order = ["s0", "s1", "s2", "s3"]
    for profile in itertools.product(CLASSES, repeat=4):
        pairs = list(zip(order, profile, strict=True))
        found = {str(count(rule, 2, order, dict(turned))) for turned in itertools.permutations(pairs)}

        assert len(found) == 1


@each_rule
def test_the_tally_accounts_for_every_ballot_once(rule):
    """Each ballot stands in the line of its class, in council order, the longest line first."""
    for profile in PROFILES:
        tally = counted(rule, profile).tally
        lengths = [len(line.seats) for line in tally]

        assert {seat: line.answer_class for line in tally for seat in line.seats} == {
            f"s{n}": held for n, held in enumerate(profile) if held is not None
        }
        assert lengths == sorted(lengths, reverse=True)
        assert all(list(line.seats) == sorted(line.seats) for line in tally)


def test_a_ballot_of_a_seat_outside_the_council_is_in_no_line():
    """What a stranger holds stands in no line of the tally."""
    found = count(Rule(name="plurality"), 1, ["s0"], {"s0": "x", "stranger": "y"})

    assert [line.answer_class for line in found.tally] == ["x"]


@pytest.mark.parametrize(("name", "share"), [("supermajority", None), ("majority", (2, 3))])
def test_a_share_goes_with_supermajority_only(name, share):
    """A supermajority without a share, and a share without a supermajority, are refused."""
    with pytest.raises(ValidationError, match="share"):
        Rule(name=name, share=share)


@pytest.mark.parametrize("share", [(1, 2), (50, 100), (3, 2), (0, 1)])
def test_a_share_is_more_than_half_and_at_most_one(share):
    """Half or less, or more than everything, is no supermajority."""
    with pytest.raises(ValidationError, match="share"):
        Rule(name="supermajority", share=share)
