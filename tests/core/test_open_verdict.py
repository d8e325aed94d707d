"""Open text: what reviews, claims, findings and a draft come to, and that nobody's word on itself is heard."""

import importlib.util
import itertools
import sys
from pathlib import Path

import pytest

from magi.core.decided import ClaimLine
from magi.core.material import Source
from magi.core.open_verdict import claim_lines, opinion, reviews_of
from magi.core.peer import Review
from magi.core.rules.count import Rule
from magi.core.said import Claim, Reviewed, Written
from magi.core.space import OpenSpace
from magi.core.standing import Rounds, Standing
from magi.core.verdict import decide

_SPEC = importlib.util.spec_from_file_location("deliberations", Path(__file__).with_name("deliberations.py"))
at_work = sys.modules.setdefault(_SPEC.name, importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(at_work)  # by its path: test folders are no packages

SOURCE = Source(
    id="M1", title_digest=at_work.HASH, date="2026-01-01", rank="law", licence="x", personal=False, label=0,
    stale=False, position=False,
)  # fmt: skip
THREE = {"a1": "k1", "a2": "k2", "a3": "k3"}


def council(seats=3, *, quorum=2, rule="plurality", **held):
    """An open question put to so many seats."""
    held = at_work.terms(seats, peer_review=True, **held)
    return at_work.opened(seats, held=held, space=OpenSpace(), quorum=quorum, rule=Rule(name=rule))


def said(*claims, silent=()):
    """Standings of seats s1, s2, ... that answered, each with claims of these bases; `silent` are ask numbers."""
    return [
        Standing(
            f"s{n}",
            f"a{n}",
            "answered",
            at_work.answered(f"a{n}", "failure")
            if n in silent
            else at_work.answered(
                f"a{n}",
                "",
                claims=tuple(Claim(id=f"a{n}.c{k}", basis=basis) for k, basis in enumerate(bases, start=1)),
            ),
        )
        for n, bases in enumerate(claims, start=1)
    ]


def review(ask, ranking, **votes):
    """A review: asks best first with `>` and `=`, votes by claim (a1_c1)."""
    tiers = tuple(tuple(tier.split("=")) for tier in ranking.split(">")) if ranking else ()
    reviewed = Reviewed(ranking=tiers, votes={name.replace("_", "."): vote for name, vote in votes.items()})
    return Standing(
        f"s{ask[1:]}", ask, "answered", at_work.answered(ask, "", stage="review", review=reviewed)
    )


def lost(ask):
    """A review that failed."""
    return Standing(f"s{ask[1:]}", ask, "answered", at_work.answered(ask, "failure", stage="review"))


def draft(*sentences, removed=0):
    """A draft by the first seat."""
    written = Written(sentences=sentences, removed=removed)
    return Standing("s1", "w1", "answered", at_work.answered("w1", "", stage="write", written=written))


def rounds(*reviews, **more):
    """The rounds after the answers."""
    return Rounds(reviews=reviews, **more)


def ranked(*reviews, classes=THREE, seats=3, **how):
    """The opinion on statements without claims."""
    return opinion(council(seats, **how), said(*[()] * seats), classes, rounds(*reviews))


# Statements.


def test_the_statement_that_the_reviews_put_first_leads():
    """Reviews rank statements, not seats count them: what the others put first wins, with those behind it."""
    found = ranked(review("r1", "a3>a2"), review("r2", "a3>a1"), review("r3", "a1>a2"))

    assert (found.counts.winner, found.leading, found.ranking) == ("k3", "a3", (("a3",), ("a1",), ("a2",)))
    assert found.counts.supporters == ("s1", "s2", "s3")
    assert not found.counts.single_seat


@pytest.mark.parametrize("own", ["a1>a2>a3", "a2>a1>a3", "a2>a3>a1", "a2>a3", "a1=a2>a3", "a2>a1=a3"])
def test_where_a_reviewer_puts_its_own_statement_moves_no_rival(own):
    """A self-preferring and a self-effacing reviewer give the same opinion: its own is recused."""
    expected = ranked(review("r1", "a2>a3"), review("r2", "a3>a1"), review("r3", "a2>a1"))
    found = ranked(review("r1", own), review("r2", "a3>a1"), review("r3", "a2>a1"))

    assert found == expected


def test_nobody_wins_by_its_own_review():
    """Each putting itself first, and nothing else compared, is no comparison at all: the council's rule counts."""
    alone = ranked(review("r1", "a1"), review("r2", "a2"), review("r3", "a3"))

    assert (alone.counts.result, alone.counts.winner, alone.ranking) == ("tied", None, ())


def test_a_review_of_all_orders_is_neutral():
    """Renaming the seats renames the opinion: no seat and no place is preferred."""
    for rankings in itertools.product(("a2>a3", "a3>a2", "a2=a3"), ("a1>a3", "a3>a1"), ("a1>a2", "a2>a1")):
        one = ranked(*(review(f"r{n}", each) for n, each in enumerate(rankings, start=1)))
        names = {"1": "2", "2": "3", "3": "1"}
        turned = [
            review(f"r{names[str(n)]}", "".join(names.get(c, c) for c in each))
            for n, each in enumerate(rankings, start=1)
        ]
        two = ranked(*turned)
        winner = one.counts.winner

        assert two.counts.result == one.counts.result
        assert two.counts.winner == (winner and "k" + names[winner[1]])


@pytest.mark.parametrize(
    ("first", "second", "ranking"),
    [
        ("a2>a3", "a2>a3", (("a2",), ("a3",))),
        ("a2>a3", "a3>a2", (("a2", "a3"),)),
        ("a2>a3", "a2=a3", (("a2", "a3"),)),
        ("a3>a2", "a3", (("a3",), ("a2",))),
        ("a2>a3", "", (("a2", "a3"),)),
    ],
)
def test_a_preference_counts_only_in_both_orders(first, second, ranking):
    """What a reviewer says the other way round in the other order is no preference."""
    found = reviews_of([review("r1", first), review("q1", second)])

    assert found["s1"].ranking == ranking


@pytest.mark.parametrize(
    ("first", "second", "vote"),
    [
        ("accept", "accept", "accept"),
        ("reject", "reject", "reject"),
        ("accept", "reject", "unsure"),
        ("accept", "unsure", "unsure"),
        ("accept", None, "unsure"),
    ],
)
def test_a_vote_counts_only_in_both_orders(first, second, vote):
    """Two votes on one claim that differ are unsure, whichever came first."""
    one, two = {"a2_c1": first}, {"a2_c1": second} if second else {}
    found = [
        dict(reviews_of([review("r1", "a2", **a), review("q1", "a2", **b)])["s1"].votes)
        for a, b in ((one, two), (two, one))
    ]

    assert found == [{"a2.c1": vote}] * 2


@pytest.mark.parametrize("failed", [("r1",), ("q1",), ("r1", "q1")])
def test_a_review_that_failed_in_one_order_says_nothing(failed):
    """Half a review is none: not confirmed, so not counted, and no reject either."""
    pair = [lost(ask) if ask in failed else review(ask, "a2>a3", a2_c1="reject") for ask in ("r1", "q1")]

    assert reviews_of([*pair, review("r2", "a1>a3")]) == {"s2": Review((("a1",), ("a3",)), ())}


def test_a_review_still_running_says_nothing():
    """A review that was given up on is as one that failed."""
    running = Standing("s1", "q1", "outstanding")

    assert reviews_of([review("r1", "a2>a3"), running]) == {}


def test_without_reviews_the_councils_rule_counts_the_classes():
    """Where nobody reviewed, the classes are counted as they are; a tie says whose statement is shown first."""
    tied = ranked()
    won = ranked(classes={"a1": "k1", "a2": "k2", "a3": "k2"})

    assert (tied.counts.result, tied.leading, tied.ranking) == ("tied", "a1", ())
    assert (won.counts.result, won.counts.winner, won.leading) == ("won", "k2", "a2")
    assert won.counts.supporters == ("s2", "s3")


def test_too_few_reviews_do_not_decide():
    """Fewer comparing reviews than the quorum are no basis; the council's rule counts instead."""
    found = ranked(review("r1", "a3>a2"), lost("r2"), lost("r3"), quorum=2)

    assert (found.counts.result, found.ranking) == ("tied", ())


def test_one_class_needs_no_review():
    """Where all said the same, that stands, unanimously."""
    same = dict.fromkeys(THREE, "k1")
    found = ranked(classes=same)
    verdict = decide(council(), said((), (), ()), same, Rounds())

    assert (found.counts.winner, found.leading, found.counts.supporters) == ("k1", "a1", ("s1", "s2", "s3"))
    assert (verdict.outcome, verdict.attributed, verdict.dissent) == ("unanimous", "a1", ())


@pytest.mark.parametrize("answers", [0, 1])
def test_too_few_statements_are_no_quorum(answers):
    """One statement, or none, is no council's: nothing leads and nothing is shown as its opinion."""
    silent = tuple(range(answers + 1, 4))
    classes = dict(list(THREE.items())[:answers])
    found = opinion(council(), said((), (), (), silent=silent), classes, Rounds())
    verdict = decide(council(), said((), (), (), silent=silent), classes, Rounds())

    assert (found.counts.result, found.leading) == ("no_quorum", None)
    assert (verdict.outcome, verdict.answer_class, verdict.attributed) == ("no_quorum", None, None)


def test_statements_of_one_class_are_one():
    """A class is ranked where its best statement stands, and all who made it stand behind it and are recused."""
    classes = {"a1": "k1", "a2": "k1", "a3": "k2", "a4": "k3"}
    reviews = (review("r1", "a3>a4"), review("r2", "a4>a3"), review("r3", "a1>a4"), review("r4", "a2>a3>a1"))
    found = ranked(*reviews, classes=classes, seats=4)

    assert (found.counts.winner, found.leading) == ("k1", "a1")
    assert found.counts.supporters == ("s1", "s2", "s3", "s4")
    assert {ask for tier in found.ranking for ask in tier} == {"a1", "a3", "a4"}


def test_a_leading_tie_is_a_tie():
    """Reviews that put two statements equal first decide nothing; the first of them is shown."""
    found = ranked(review("r1", "a2=a3"), review("r2", "a1=a3"), review("r3", "a1=a2"))
    verdict = decide(
        council(),
        said((), (), ()),
        THREE,
        rounds(review("r1", "a2=a3"), review("r2", "a1=a3"), review("r3", "a1=a2")),
    )

    assert (found.counts.result, found.leading) == ("tied", "a1")
    assert (verdict.outcome, verdict.attributed, verdict.dissent) == ("tied", "a1", ("a2", "a3"))


def test_a_winner_that_only_its_author_holds_is_a_single_seats():
    """The least disliked statement may win without a first place of anybody else: then one seat holds it."""
    seats, classes = 5, {f"a{n}": f"k{n}" for n in range(1, 6)}
    rankings = ("a2>a5>a3>a4", "a1>a5>a3>a4", "a4>a5>a1>a2", "a3>a5>a1>a2", "a1>a2>a3>a4")
    found = ranked(
        *(review(f"r{n}", each) for n, each in enumerate(rankings, start=1)), classes=classes, seats=seats
    )

    assert (found.counts.winner, found.counts.supporters, found.counts.single_seat) == ("k5", ("s5",), True)


# Claims.


def voted(*reviews, claims=(("cited",), ("cited",), ("cited",)), classes=THREE, **more):
    """The claims by id after these reviews; what is not found is supported unless told."""
    standings = said(*claims)
    more.setdefault(
        "findings",
        {c.id: "supported" for s in standings for c in s.answered.claims if classes.get(c.id, c.id) == c.id},
    )
    every = rounds(*reviews, **more)
    return {line.id: line for line in claim_lines(standings, classes, every, reviews_of(reviews))}


@pytest.mark.parametrize(
    ("second", "third", "status"),
    [
        ("accept", "accept", "accepted"),
        ("accept", "unsure", "accepted"),
        ("accept", None, "accepted"),
        ("accept", "reject", "accepted"),
        ("reject", "unsure", "contested"),
        ("unsure", "unsure", "contested"),
        (None, None, "contested"),
        ("reject", "reject", "rejected"),
    ],
)
def test_what_the_votes_make_of_a_claim(second, third, status):
    """It takes another seat's word, and more for than against; two against one reject."""
    reviews = [
        review(ask, "", **({"a1_c1": vote} if vote else {})) for ask, vote in (("r2", second), ("r3", third))
    ]

    assert voted(*reviews)["a1.c1"].status == status


@pytest.mark.parametrize("own", ["accept", "reject", "unsure"])
def test_an_author_is_not_heard_on_its_own_claim(own):
    """What an author votes on its claim changes nothing."""
    others = (review("r2", "", a1_c1="accept"), review("r3", "", a1_c1="reject"))

    assert voted(review("r1", "", a1_c1=own), *others) == voted(review("r1", ""), *others)


def test_equal_claims_are_one():
    """Claims of equal text are one line with all its authors, each recused; votes go by its first id."""
    classes = THREE | {"a1.c1": "a1.c1", "a2.c1": "a1.c1", "a3.c1": "a3.c1"}
    lines = voted(
        review("r1", "", a1_c1="reject"), review("r2", "", a1_c1="reject"), review("r3", "", a1_c1="accept"),
        classes=classes,
    )  # fmt: skip

    assert set(lines) == {"a1.c1", "a3.c1"}
    assert lines["a1.c1"].authors == ("s1", "s2")
    assert lines["a1.c1"].supporters == ("s1", "s2", "s3")
    assert (lines["a1.c1"].opposers, lines["a1.c1"].status) == ((), "accepted")


def test_a_claim_that_everybody_made_by_itself_is_accepted():
    """Where all made a claim nobody is left to ask; two authors of three are not enough without a vote."""
    all_made = THREE | dict.fromkeys(("a1.c1", "a2.c1", "a3.c1"), "a1.c1")
    two_made = THREE | {"a1.c1": "a1.c1", "a2.c1": "a1.c1"}

    assert voted(classes=all_made)["a1.c1"].status == "accepted"
    assert voted(classes=two_made)["a1.c1"].status == "contested"


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ("supported", "accepted"),
        ("unverified", "unverified"),
        ("contradicted", "unverified"),
        ("uncited", "unverified"),
        (None, "unverified"),
    ],
)
def test_a_unanimous_claim_without_support_is_unverified(found, status):
    """However many accept it, what the verifier does not find in the materials is 未検証."""
    findings = {"a1.c1": found} if found else {}
    line = voted(review("r2", "", a1_c1="accept"), review("r3", "", a1_c1="accept"), findings=findings)[
        "a1.c1"
    ]

    assert (line.status, line.support, len(line.supporters)) == (status, found or "unchecked", 3)


@pytest.mark.parametrize("found", ["supported", "contradicted"])
@pytest.mark.parametrize("vote", ["reject", "unsure"])
def test_support_lifts_no_claim(found, vote):
    """A claim that the votes do not accept stays where they put it, whatever the materials say."""
    findings = {"a1.c1": found}
    line = voted(review("r2", "", a1_c1=vote), review("r3", "", a1_c1=vote), findings=findings)["a1.c1"]

    assert line.status == {"reject": "rejected", "unsure": "contested"}[vote]


ACCEPTED = (
    review("r1", "", a2_c1="accept"),
    review("r2", "", a1_c1="accept"),
    review("r3", "", a1_c1="accept"),
)


def test_two_accepted_claims_that_contradict_are_both_contested():
    """A council that accepts both has decided nothing; a contradiction with what is not accepted doubts nothing."""
    both = voted(*ACCEPTED, contradicting=(("a1.c1", "a2.c1"),))
    one = voted(*ACCEPTED, contradicting=(("a1.c1", "a3.c1"),))

    assert [both[claim].status for claim in ("a1.c1", "a2.c1", "a3.c1")] == ["contested"] * 3
    assert [one[claim].status for claim in ("a1.c1", "a2.c1", "a3.c1")] == [
        "accepted",
        "accepted",
        "contested",
    ]


def test_a_contradiction_comes_before_the_materials():
    """Of two accepted claims that contradict, the unverified one too is contested, not 未検証."""
    lines = voted(*ACCEPTED, contradicting=(("a1.c1", "a2.c1"),), findings={"a1.c1": "supported"})

    assert lines["a2.c1"].status == "contested"


def test_a_class_that_names_a_claim_nobody_made_is_no_error():
    """Classes from elsewhere make a line without basis, never a crash."""
    lines = voted(classes=THREE | {"a1.c1": "a9.c9"}, claims=(("cited",), (), ()))

    assert lines == {
        "a9.c9": ClaimLine(
            id="a9.c9", status="contested", basis="none", support="unchecked", authors=("s1",), supporters=("s1",),
            opposers=(),
        )
    }  # fmt: skip


@pytest.mark.parametrize("sources", [(), (SOURCE,)])
def test_what_sends_claims_to_a_person(sources):
    """Contested claims always go to a person; unverified ones where there were materials to verify them in."""
    findings = {"a1.c1": "uncited", "a2.c1": "supported"}
    every = rounds(*ACCEPTED, findings=findings)
    found = opinion(council(sources=sources), said(("none",), ("cited",), ("cited",)), THREE, every)

    assert found.flags == ("contested_claims", "unverified_claims")
    assert found.review == ("contested_claims", "unverified_claims")[: 2 if sources else 1]
    assert found.coverage == (1, 2)


def test_coverage_counts_what_is_accepted():
    """Coverage is supported claims of all accepted ones; nothing where there are no claims at all."""
    none = opinion(council(), said((), (), ()), THREE, Rounds())
    rejected = opinion(council(), said(("cited",), (), ()), THREE, rounds(review("r2", "", a1_c1="reject")))

    assert (none.coverage, rejected.coverage) == (None, (0, 0))


# The draft, and the whole verdict.


@pytest.mark.parametrize(
    ("written", "stands"),
    [
        (draft(("a1.c1",)), "w1"),
        (draft(removed=3), None),
        (draft(), None),
        (Standing("s1", "w1", "outstanding"), None),
        (Standing("s1", "w1", "answered", at_work.answered("w1", "refusal", stage="write")), None),
        (None, None),
    ],
    ids=["kept", "all-removed", "empty", "late", "refused", "none"],
)
def test_a_draft_stands_only_with_a_sentence(written, stands):
    """A draft without a sentence left, late, refused or never asked for is no reply."""
    verdict = decide(council(), said(("cited",), (), ()), THREE, rounds(*ACCEPTED, draft=written))

    assert verdict.arbitration.draft == stands


def test_who_reviewed_for_a_statement_does_not_dissent_from_it():
    """Dissent is who voted and holds another statement best; a reviewer who puts the winner first holds it."""
    reviews = (review("r1", "a3>a2"), review("r2", "a1>a3"), review("r3", "a1>a2"))
    verdict = decide(council(), said((), (), ()), THREE, rounds(*reviews))

    assert (verdict.outcome, verdict.answer_class, verdict.attributed) == ("majority", "k1", "a1")
    assert verdict.dissent == ()
    assert "uncompared" not in verdict.flags


def test_many_classes_are_never_unanimous():
    """Even where every reviewer puts one statement first, other statements were made: a majority."""
    reviews = (review("r1", "a3>a2"), review("r2", "a3>a1"), review("r3", "a1=a2"))
    verdict = decide(council(), said((), (), ()), THREE, rounds(*reviews))

    assert (verdict.answer_class, verdict.outcome) == ("k3", "majority")


def test_the_order_of_reviews_changes_nothing():
    """Reviews, votes and findings in any order give the same verdict bytes."""
    reviews = (
        review("r1", "a3>a2", a2_c1="accept", a3_c1="reject"),
        review("r2", "a3>a1", a1_c1="reject", a3_c1="accept"),
        review("r3", "a1>a2", a1_c1="accept", a2_c1="unsure"),
    )
    findings = {"a1.c1": "supported", "a2.c1": "contradicted", "a3.c1": "uncited"}
    standings = said(("cited",), ("stated",), ("none",))
    seen = {
        decide(
            council(), standings, dict(reversed(THREE.items())) if turn else THREE,
            rounds(*order, findings=dict(reversed(findings.items())) if turn else findings),
        ).to_bytes()
        for order in itertools.permutations(reviews)
        for turn in (False, True)
    }  # fmt: skip

    assert len(seen) == 1


def test_a_council_without_peer_review_hears_no_reviews():
    """Without peer review open text is counted by its classes, and differing ones were not compared."""
    held = at_work.terms(3)
    intent = at_work.opened(3, held=held, space=OpenSpace())
    verdict = decide(intent, said(("cited",), (), ()), THREE, Rounds())

    assert (verdict.outcome, verdict.attributed, verdict.flags) == (
        "tied",
        "a1",
        ("attributed", "uncompared"),
    )
    assert (verdict.arbitration.claims, verdict.arbitration.coverage) == ((), None)


def test_a_blocked_opinion_keeps_its_statement_and_says_who_blocks():
    """A grave dissent withholds an opinion too: no class is decided, the leading statement is still named."""
    standings = said((), (), ("stated",))
    grave = standings[2].answered.model_copy(update={"severity": "safety"})
    standings[2] = Standing("s3", "a3", "answered", grave)
    reviews = (review("r1", "a2>a3"), review("r2", "a1>a3"), review("r3", "a3"))
    classes = {"a1": "k1", "a2": "k1", "a3": "k2"}
    verdict = decide(council(severity_floor=True), standings, classes, rounds(*reviews[:2]))

    assert (verdict.outcome, verdict.answer_class, verdict.attributed) == ("withheld", None, "a1")
    assert (verdict.arbitration.blocked_by, verdict.dissent) == (("a3",), ("a3",))
