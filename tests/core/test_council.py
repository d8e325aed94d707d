"""Councils: each reason for a refusal, and the vendor check against an enumeration of its own."""

import itertools

import pytest

from magi.core.council import MAX_SEATS, check_council, deciding_vendor, parse_council
from magi.core.errors import CouncilRefusedError, MalformedFileError, UnknownNameError
from magi.core.rules.count import Rule

MAJORITY = Rule(name="majority")
RULES = [
    Rule(name=name, tie=tie, share=share)
    for name, share in (
        ("plurality", None),
        ("majority", None),
        ("supermajority", (2, 3)),
        ("supermajority", (3, 5)),
        ("unanimity", None),
    )
    for tie in ("none", "order")
]
TABLE = {
    "name": "c",
    "title": "t",
    "quorum": 2,
    "rule": {"name": "majority", "tie": "none"},
    "deadline_seconds": 30,
    "attempts": 2,
    "seats": [{"seat": f"s{n}", "persona": "melchior@1", "targets": [f"c{n}"]} for n in (1, 2, 3)],
}


def refusal(build, cards, *targets, quorum=2, rule=MAJORITY):
    """The reason and facts of a council's refusal, or None."""
    council = build.council(*targets, quorum=quorum, rule=rule)
    try:
        check_council(council.seats, council.quorum, council.rule, cards, council.name)
    except CouncilRefusedError as error:
        return error.reason, error.facts
    return None


def test_three_makers_may_deliberate(build):
    """Three seats of three makers, majority, quorum two: nothing to refuse."""
    assert refusal(build, build.cards("A", "B", "C"), "c1", "c2", "c3") is None


@pytest.mark.parametrize("seats", [1, 2])
def test_fewer_than_three_seats_are_refused(build, seats):
    """One or two seats are no council, and the refusal counts them."""
    reason, facts = refusal(build, build.cards("A", "B"), *["c1", "c2"][:seats])

    assert (reason, facts["seats"], facts["needed"]) == ("too_few_seats", seats, 3)


def test_more_seats_than_the_limit_are_refused(build):
    """The seat after the last allowed one is too many."""
    cards = build.cards(*(f"M{n}" for n in range(MAX_SEATS + 1)))

    assert refusal(build, cards, *list(cards)[:MAX_SEATS], quorum=8) is None
    assert refusal(build, cards, *cards, quorum=8)[0] == "too_many_seats"


def test_one_family_is_refused_by_name(build):
    """Three makers on one model family are one model three times."""
    cards = {f"c{n}": build.card(f"c{n}", developer=f"M{n}", family="llama") for n in (1, 2, 3)}
    reason, facts = refusal(build, cards, "c1", "c2", "c3")

    assert (reason, facts["family"]) == ("too_few_families", "llama")


def test_one_family_through_fallbacks_is_refused(build):
    """A council that a fallback can turn into one family is refused, though the first choices differ."""
    cards = build.cards("A", "B", "C") | {
        "f1": build.card("f1", developer="D", family="fam-x"),
        "f2": build.card("f2", developer="E", family="fam-x"),
        "f3": build.card("f3", developer="F", family="fam-x"),
    }
    reason, facts = refusal(build, cards, ("c1", "f1"), ("c2", "f2"), ("c3", "f3"))

    assert (reason, facts["family"]) == ("too_few_families", "fam-x")


def test_a_seat_name_used_twice_is_refused(build):
    """Two seats of one name could not be told apart in a tally."""
    council = build.council("c1", "c2", "c3")
    seats = (*council.seats[:2], council.seats[0])

    with pytest.raises(CouncilRefusedError) as caught:
        check_council(seats, 2, MAJORITY, build.cards("A", "B", "C"), "c")

    assert caught.value.reason == "duplicate_seat"


def test_a_quorum_over_the_seats_is_refused(build):
    """A quorum that can never be met is refused."""
    assert refusal(build, build.cards("A", "B", "C"), "c1", "c2", "c3", quorum=4)[0] == "quorum_over_seats"


def test_a_target_without_a_card_is_refused_by_name(build):
    """A card that does not exist is an unknown name, before anything is counted."""
    council = build.council("c1", "c2", "nowhere")

    with pytest.raises(UnknownNameError) as caught:
        check_council(council.seats, 2, MAJORITY, build.cards("A", "B"), "c")

    assert caught.value.facts["name"] == "nowhere"


def test_two_of_three_seats_of_one_maker_are_refused(build):
    """Two seats of one maker outvote the third in a council of three."""
    reason, facts = refusal(build, build.cards("A", "A", "B"), "c1", "c2", "c3")

    assert (reason, facts["vendor"]) == ("one_vendor_decides", "A")


@pytest.mark.parametrize(("quorum", "refused"), [(2, True), (3, True), (4, False), (5, False)])
def test_one_vendor_below_full_attendance(build, quorum, refused):
    """Five seats, two of one maker, majority: refused where a quorum of three lets the two win, else not."""
    found = refusal(build, build.cards("A", "A", "B", "C", "D"), "c1", "c2", "c3", "c4", "c5", quorum=quorum)

    assert (found is not None) is refused
    assert found is None or (found[0], found[1]["vendor"]) == ("one_vendor_decides", "A")


def test_letter_case_makes_no_second_vendor():
    """A maker written in another case, or with a space after it, is one maker, named as it was written."""
    assert deciding_vendor(["OpenAI", "openai ", "B"], 2, Rule(name="majority")) == "OpenAI"


def test_one_vendor_through_a_fallback_is_refused(build):
    """A maker who holds one seat, and a second as a fallback, could decide: refused."""
    cards = build.cards("A", "B", "C", "A")
    reason, facts = refusal(build, cards, "c1", ("c2", "c4"), "c3")

    assert (reason, facts["vendor"]) == ("one_vendor_decides", "A")


def test_too_many_fallbacks_are_refused(build):
    """More combinations of fallbacks than can be walked are refused, not walked."""
    cards = build.cards(*"ABCDEFGHIJKLMNO", *"PQRSTUVWXYZ")
    pairs = [(f"c{n}", "c26") for n in range(1, 14)]

    assert refusal(build, cards, *pairs, quorum=10)[0] == "too_many_fallbacks"


def wins_alone(vendor, vendors, quorum, rule):
    """Whether, in some live subset and profile, the deciding class is held by this vendor's seats only.

    Written from the rules' definitions, without their code: shares, leads and the tie key.
    """
    seats = range(len(vendors))
    for live in itertools.chain.from_iterable(itertools.combinations(seats, k) for k in seats):
        yield from _profiles_won(vendor, vendors, quorum, rule, live)
    yield from _profiles_won(vendor, vendors, quorum, rule, tuple(seats))


def _profiles_won(vendor, vendors, quorum, rule, live):
    if not live or len(live) < quorum:
        return
    for profile in itertools.product(range(len(live)), repeat=len(live)):
        held = dict(zip(live, profile, strict=True))
        sizes = {c: profile.count(c) for c in profile}
        lead = max(sizes.values())
        first = [c for c in sizes if sizes[c] == lead]
        share = {"plurality": (0, 1), "unanimity": (1, 1)}.get(rule.name, rule.share or (1, 1))
        enough = lead * share[1] >= len(live) * share[0]
        if rule.name == "majority":
            enough = lead > len(live) / 2
        if not enough or (len(first) > 1 and (rule.tie == "none" or lead == 1)):
            continue
        winner = next(held[s] for s in live if held[s] in first)
        if {vendors[s] for s in live if held[s] == winner} == {vendor}:
            yield held


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.name}-{r.tie}-{r.share}")
@pytest.mark.parametrize("seats", [3, 4])
def test_deciding_vendor_agrees_with_full_enumeration(rule, seats):
    """Over every live subset and every profile of three and four seats, the check finds just the deciders."""
    for vendors in itertools.product("ABC", repeat=seats):
        if list(dict.fromkeys(vendors)) != sorted(set(vendors)):
            continue  # the same council under other names
        for quorum in range(2, seats + 1):
            able = {v for v in set(vendors) if any(wins_alone(v, vendors, quorum, rule))}
            found = deciding_vendor(vendors, quorum, rule)

            assert (found in able) if able else (found is None), (vendors, quorum)


def test_a_council_file_is_read():
    """A complete table gives the council, its seats in order."""
    council = parse_council(TABLE, "x")

    assert [seat.seat for seat in council.seats] == ["s1", "s2", "s3"]
    assert council.rule == MAJORITY


def test_missing_and_unknown_keys_of_a_council_are_named_together():
    """The refusal of a council file names each missing and each unknown key."""
    with pytest.raises(MalformedFileError) as caught:
        parse_council({"name": "c", "surprise": 1, "seats": [{"seat": "s1"}]}, "x")

    named = {problem.split(":")[0] for problem in caught.value.facts["problems"]}

    assert named >= {"title", "quorum", "rule", "deadline_seconds", "attempts", "surprise"}
    assert named >= {"seats.0.persona", "seats.0.targets"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("quorum", 1),
        ("deadline_seconds", 0),
        ("attempts", 6),
        ("rule", {"name": "supermajority"}),
        ("rule", {"name": "majority", "share": [2, 3]}),
        ("rule", {"name": "supermajority", "share": [1, 2]}),
        ("rule", {"name": "supermajority", "share": [4, 3]}),
        ("rule", {"name": "dictator"}),
    ],
)
def test_values_outside_their_bounds_are_refused(key, value):
    """A quorum of one, no deadline, too many attempts, and shares that are no supermajority are refused."""
    with pytest.raises(MalformedFileError) as caught:
        parse_council(TABLE | {key: value}, "x")

    assert caught.value.facts["problems"][0].startswith(key)


@pytest.mark.parametrize(
    ("key", "value"),
    [("title", "u"), ("quorum", 3), ("deadline_seconds", 31), ("attempts", 3), ("name", "d")],
)
def test_the_council_digest_covers_its_fields(key, value):
    """A council that differs in a field has another digest."""
    assert parse_council(TABLE | {key: value}, "x").digest != parse_council(TABLE, "x").digest
