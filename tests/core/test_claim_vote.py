"""The vote on claims: nobody accepts a claim alone, contradictions are settled by nobody, authors are recused."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.claim_vote import leading, settled, tally
from magi.core.contradiction import contradictions
from magi.core.errors import CouncilRefusedError
from magi.core.rules.ties import seat_order

SEATS = ("s1", "s2", "s3", "s4", "s5")
VOTES = ("accept", "reject", "unsure")


def status(authors, votes, seats=()):
    """What becomes of one claim."""
    (line,) = tally({"a1.c1": authors}, {seat: {"a1.c1": vote} for seat, vote in votes.items()}, seats)
    return line.status


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ({}, "contested"),
        ({"s2": "accept"}, "accepted"),
        ({"s2": "unsure", "s3": "unsure"}, "contested"),
        ({"s2": "accept", "s3": "reject"}, "accepted"),
        ({"s2": "reject"}, "contested"),
        ({"s2": "reject", "s3": "reject"}, "rejected"),
        ({"s2": "accept", "s3": "reject", "s4": "reject"}, "contested"),
        ({"s2": "accept", "s3": "reject", "s4": "reject", "s5": "reject"}, "rejected"),
    ],
)
def test_one_author_and_the_votes_of_others(votes, expected):
    """The author stands behind its claim; more supporters accept it, more opposers reject it, the rest is open."""
    assert status(["s1"], votes) == expected


def test_an_author_cannot_vote_its_claim_through():
    """The review of an author on its own claim is not heard, neither for it nor against it."""
    votes = {"s1": {"a1.c1": "accept"}, "s2": {}}

    assert tally({"a1.c1": ["s1"]}, votes)[0].status == "contested"
    assert tally({"a1.c1": ["s1"]}, {"s1": {"a1.c1": "reject"}})[0].opposers == ()


def test_two_authors_alone_accept_nothing():
    """Two seats that wrote the same need a third who did not; of all seats' own words nobody is left to ask."""
    assert status(["s1", "s2"], {}) == "contested"
    assert status(["s1", "s2"], {}, ("s1", "s2", "s3")) == "contested"
    assert status(["s1", "s2"], {"s3": "reject"}, ("s1", "s2", "s3")) == "contested"
    assert status(["s1", "s2"], {"s3": "accept"}, ("s1", "s2", "s3")) == "accepted"
    assert status(["s1", "s2", "s3"], {}, ("s1", "s2", "s3")) == "accepted"
    assert status(["s1"], {}, ("s1",)) == "contested"


def test_no_claim_is_accepted_without_the_vote_of_another():
    """Over all votes of four seats on claims of one or two authors, an accepted claim has another seat's accept."""
    seats = SEATS[:4]
    for authors in (("s1",), ("s1", "s2")):
        for cast in itertools.product((*VOTES, None), repeat=4):
            votes = {seat: {"a1.c1": vote} for seat, vote in zip(seats, cast, strict=True) if vote}
            (line,) = tally({"a1.c1": authors}, votes)
            others = [seat for seat in line.supporters if seat not in authors]

            assert line.status != "accepted" or (
                others and len(line.supporters) >= 2 and len(line.supporters) > len(line.opposers)
            )


def test_one_voice_of_the_others_never_decides_against_them():
    """A failed reviewer is no vote: with nobody left to review, a lone survivor's claims stay open (VOTING 1.9)."""
    assert status(["s1"], {}, ("s1", "s2", "s3")) == "contested"


def test_votes_on_what_nobody_claimed_count_for_nothing():
    """A vote for a claim that does not exist makes no line."""
    assert tally({"a1.c1": ["s1"]}, {"s2": {"a9.c9": "accept"}}) == tally({"a1.c1": ["s1"]}, {"s2": {}})


@given(
    st.dictionaries(
        st.sampled_from(SEATS), st.dictionaries(st.sampled_from(["a1.c1", "a2.c1"]), st.sampled_from(VOTES))
    ),
    st.permutations(SEATS),
)
def test_renamed_seats_and_other_orders_change_no_status(votes, renamed):
    """Which seat is called what, and in which order votes and claims come, moves no claim."""
    claims = {"a1.c1": ["s1"], "a2.c1": ["s2", "s3"]}
    new = dict(zip(SEATS, renamed, strict=True))
    turned = {claim: [new[seat] for seat in reversed(claims[claim])] for claim in reversed(list(claims))}
    shuffled = {new[seat]: dict(reversed(list(cast.items()))) for seat, cast in reversed(list(votes.items()))}
    before, after = tally(claims, votes), tally(turned, shuffled)

    assert [(line.id, line.status) for line in before] == [(line.id, line.status) for line in after]
    assert [{new[seat] for seat in line.supporters} for line in before] == [set(x.supporters) for x in after]


@given(st.dictionaries(st.sampled_from(SEATS[1:]), st.sampled_from(VOTES)), st.sampled_from(SEATS[1:]))
def test_one_more_accept_never_harms(votes, seat):
    """A seat that turns to accept makes no claim worse."""
    worth = {"rejected": 0, "contested": 1, "accepted": 2}

    assert worth[status(["s1"], votes | {seat: "accept"})] >= worth[status(["s1"], votes)]


def test_lines_name_the_seats_in_council_order():
    """Supporters, opposers and the undecided stand in the order of the council, not of the votes."""
    votes = {"s5": {"a1.c1": "accept"}, "s3": {"a1.c1": "unsure"}, "s2": {"a1.c1": "reject"}}
    (line,) = tally({"a1.c1": ["s4"]}, votes, ("s5", "s4", "s3", "s2", "s1"))

    assert (line.supporters, line.opposers, line.unsure, line.authors) == (
        ("s5", "s4"),
        ("s2",),
        ("s3",),
        ("s4",),
    )


CONTRADICT = [
    ("申請の期限は10日である。", "申請の期限は14日である。"),
    ("申請の期限は十日である", "申請の期限は14日です。"),
    ("条例は令和8年4月1日に施行する。", "条例は2026年5月1日に施行する。"),
    ("委員は3分の2以上の出席で足りる。", "委員は3分の1以上の出席で足りる。"),
    ("申請書の提出が必要である。", "申請書の提出が必要ではない。"),
    ("手数料を徴収できる。", "手数料を徴収できない。"),
    ("手数料を徴収できます。", "手数料を徴収できません。"),
    ("条例の改正を行う。", "条例の改正を行わない。"),
    ("これは認められる。", "これは認められません。"),
    ("本人の同意がある。", "本人の同意はない。"),
    ("この措置は望ましい。", "この措置は望ましくない。"),
    ("本人に通知する。", "本人に通知しない。"),
    ("The fee can be waived.", "The fee cannot be waived."),
    ("The permit is required.", "The permit is not required."),
    ("The deadline is 10 days.", "The deadline is 14 days."),
]
COMPATIBLE = [
    ("申請の期限は10日である。", "申請の期限は10日です。"),
    ("申請の期限は1,000円である。", "申請の期限は千円である。"),
    ("条例は令和8年4月1日に施行する。", "条例は2026年4月1日に施行する。"),
    ("第1回は4月1日に開く。", "第2回は5月1日に開く。"),
    ("期限は10日である。", "期限は14日ではない。"),
    ("4月1日に施行しない。", "4月2日に施行しない。"),
    ("手数料を徴収できる。", "使用料を徴収できない。"),
    ("申請書の提出が必要である。", "届出書の提出が必要である。"),
    ("子どもが少ない。", "子どもが多い。"),
    ("窓口は一つである。", "窓口は一つである"),
]


@pytest.mark.parametrize(("one", "other"), CONTRADICT)
def test_claims_one_value_or_one_negation_apart_contradict(one, other):
    """Texts that are equal but for a number, a date or a negation are found, in plain, polite and English form."""
    assert contradictions({"a1.c1": one, "a2.c1": other}) == (("a1.c1", "a2.c1"),)
    assert contradictions({"a2.c1": other, "a1.c1": one}) == (("a1.c1", "a2.c1"),)


@pytest.mark.parametrize(("one", "other"), COMPATIBLE)
def test_claims_that_may_both_hold_do_not_contradict(one, other):
    """Equal values in other spellings, other subjects, and two differences at once are no contradiction."""
    assert contradictions({"a1.c1": one, "a2.c1": other}) == ()


@given(st.text(max_size=80))
def test_no_text_contradicts_itself(text):
    """A claim and its copy are one claim."""
    assert contradictions({"a1.c1": text, "a2.c1": text}) == ()


def test_two_accepted_claims_that_contradict_are_both_contested():
    """Reviewers who accept both have decided nothing; a third claim and a rejected opposite are left alone."""
    texts = {
        "a1.c1": "期限は10日である。",
        "a2.c1": "期限は14日である。",
        "a2.c2": "手数料は要る。",
        "a3.c1": "手数料は要らない。",
    }
    claims = {claim: [f"s{claim[1]}"] for claim in texts}
    votes = {"s4": dict.fromkeys(("a1.c1", "a2.c1", "a2.c2"), "accept") | {"a3.c1": "reject"}}
    lines = settled(tally(claims, votes), texts)

    assert [line.status for line in lines] == ["contested", "contested", "accepted", "contested"]
    assert contradictions(texts) == (("a1.c1", "a2.c1"), ("a2.c2", "a3.c1"))


AUTHORS = {"a1": ("s1",), "a2": ("s2",), "a3": ("s3",)}


def strict(order):
    """A ranking without ties."""
    return tuple((item,) for item in order)


def test_a_self_preferring_reviewer_moves_no_rival():
    """Wherever every reviewer puts its own statement, the contest is the same (VOTING 1.2)."""
    found = set()
    for first in itertools.permutations(AUTHORS):
        # Both rivals in a stated order, the own statement anywhere.
        if first.index("a2") > first.index("a3"):
            continue
        reviews = {"s1": strict(first), "s2": strict(("a1", "a3")), "s3": strict(("a2", "a1"))}
        found.add(leading(reviews, AUTHORS, SEATS[:3], 2))

    assert len(found) == 1


def test_statements_lead_by_the_reviews_of_others():
    """Two reviewers who put the second statement best make it lead, whatever its author says."""
    reviews = {"s1": strict(("a2", "a3")), "s2": strict(("a2", "a1", "a3")), "s3": strict(("a2", "a1"))}
    found = leading(reviews, AUTHORS, SEATS[:3], 3)

    assert (found.result, found.winner, found.supporters) == ("won", "a2", ("s1", "s3"))


def test_a_lone_survivor_leads_nothing():
    """With no review of others there is no ranking, and nobody's statement becomes the council's (VOTING 1.9)."""
    assert leading({}, {"a1": ("s1",)}, SEATS[:3], 2).result == "no_quorum"
    assert leading({"s1": (("a1",),)}, {"a1": ("s1",)}, SEATS[:3], 1).result == "no_quorum"
    assert leading({"s1": (("a2",),), "s2": (("a1",),)}, {"a1": ("s1",), "a2": ("s2",)}, SEATS, 1).result == (
        "no_quorum"
    )


def test_a_cycle_is_a_tie_until_a_key_is_stated():
    """No order of names and no chance breaks a tie; a declared order of seats does."""
    reviews = {"s1": strict(("a2", "a3")), "s2": strict(("a3", "a1")), "s3": strict(("a1", "a2"))}

    assert leading(reviews, AUTHORS, SEATS[:3], 3).result == "tied"
    assert leading(reviews, AUTHORS, SEATS[:3], 3, seat_order(("s1",))).result == "tied"

    reviews |= {"s4": strict(("a3", "a2", "a1"))}

    assert leading(reviews, AUTHORS, SEATS[:4], 3, seat_order(("s4",))).winner == "a3"


def test_an_empty_ranking_is_no_ballot():
    """A review whose ranking was set aside counts for nothing and not for the quorum."""
    reviews = {"s1": (), "s2": (), "s3": strict(("a1", "a2"))}

    assert leading(reviews, AUTHORS, SEATS[:3], 2).result == "no_quorum"


def test_a_contest_over_nothing_is_refused():
    """Without any statement there is nothing to rank, which is an error and no outcome."""
    with pytest.raises(CouncilRefusedError) as caught:
        leading({}, {}, SEATS[:3], 2)

    assert caught.value.reason == "poll_options"
