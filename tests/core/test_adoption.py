"""What people made of a verdict, and which verdicts wait for somebody."""

import hashlib
import itertools
import random
from dataclasses import replace

import pytest

from magi.core.acts import Adopted
from magi.core.adoption import ADOPTIONS, queue, review_reasons, standing
from magi.core.decided import Arbitrated, Decided, Independence

FLAGS = ("concern",)


def verdict(outcome="majority", review=None, **changes):
    """A verdict; of version 2 with these reasons for a person where `review` is given."""
    arbitration = None
    if review is not None:
        voices = Independence(seats=3, voices_milli=3000, measured=False)
        arbitration = Arbitrated(review=tuple(review), independence=voices)
    given = {
        "outcome": outcome, "answer_class": "A", "attributed": None, "tally": (), "seats": (), "dissent": (),
        "confidence_bp": None, "outstanding": (), "flags": FLAGS, "arbitration": arbitration,
    }  # fmt: skip
    return Decided(**(given | changes))


def digest(decided):
    """The SHA-256 of a verdict's bytes, by hand."""
    return hashlib.sha256(decided.to_bytes()).hexdigest()


def acts(build, *wanted, stream="d/x", where=ADOPTIONS, on):
    """Acts on a verdict, in order: (decision, by)."""
    events = [Adopted(stream=stream, verdict=digest(on), decision=decision, by=by) for decision, by in wanted]
    return build.records(*events, stream=where)


@pytest.fixture
def case(build):
    """Records of one deliberation with this verdict."""

    def make(decided, stream="d/x", at_ms=None):
        records = build.records(build.opened(), decided, stream=stream)
        if at_ms is None:
            return records
        return tuple(record.model_copy(update={"at_ms": at_ms}) for record in records)

    return make


@pytest.mark.parametrize(
    ("decided", "reasons"),
    [
        (verdict("tied"), ("tied",)),
        (verdict("no_quorum"), ("no_quorum",)),
        (verdict("withheld"), ("withheld",)),
        (verdict("majority"), ()),
        (verdict("unanimous"), ()),
        (verdict("conditional"), ()),
        (verdict("majority", ["foreign_claim", "bloc_split"]), ("foreign_claim", "bloc_split")),
        (verdict("withheld", ["severity_legality"]), ("severity_legality",)),
        (verdict("unanimous", []), ()),
    ],
)
def test_a_verdict_waits_for_the_reasons_on_record(case, decided, reasons):
    """Terms of arbitration say why a person must look; without them it is what was not decided."""
    found = standing(case(decided), ())

    assert review_reasons(decided) == reasons
    assert (found.reasons, found.waits, found.outcome) == (reasons, bool(reasons), decided.outcome)
    assert (found.verdict, found.council, found.flags) == (digest(decided), "c", FLAGS)


@pytest.mark.parametrize(
    ("decisions", "waits"),
    [
        ((), True),
        (("adopted",), False),
        (("not_adopted",), False),
        (("sent_back",), True),
        (("sent_back", "adopted"), False),
        (("adopted", "sent_back"), True),
        (("adopted", "not_adopted"), False),
    ],
)
def test_the_last_act_stands_and_all_are_kept(build, case, decisions, waits):
    """Later acts replace earlier ones, all of them are named in order, and what was sent back waits on."""
    decided = verdict("majority", ["concern"])
    people = [(decision, f"p{number}") for number, decision in enumerate(decisions)]
    written = acts(build, *people, on=decided)
    found = standing(case(decided), tuple(reversed(written)))

    assert [(act.number, act.decision, act.by) for act in found.acts] == [
        (number, decision, f"p{number}") for number, decision in enumerate(decisions)
    ]
    assert (found.last.decision if found.last else None) == (decisions[-1] if decisions else None)
    assert found.waits is waits


@pytest.mark.parametrize(
    "elsewhere",
    [{"stream": "d/y"}, {"where": "config"}, {"on": verdict("majority", ["tied"])}],
    ids=["other-deliberation", "other-stream", "other-verdict"],
)
def test_an_act_counts_for_its_own_verdict_only(build, case, elsewhere):
    """An act on another deliberation, on other verdict bytes, or outside the stream of acts settles nothing."""
    decided = verdict("majority", ["concern"])
    found = standing(case(decided), acts(build, ("adopted", "p"), **({"on": decided} | elsewhere)))

    assert (found.acts, found.waits) == ((), True)


def test_a_word_without_need_is_kept_and_makes_nothing_wait(build, case):
    """A verdict that needs nobody may be adopted or sent back; it never enters the queue."""
    decided = verdict("unanimous")
    written = acts(build, ("sent_back", "p"), on=decided)

    assert standing(case(decided), written).last.decision == "sent_back"
    assert queue([case(decided)], written) == ()


def test_what_has_no_verdict_stands_nowhere(build):
    """A running deliberation, an empty stream and a verdict without an intent have no standing."""
    assert standing(build.records(build.opened()), ()) is None
    assert standing((), ()) is None
    assert standing(build.records(verdict()), ()) is None
    assert queue([(), build.records(build.opened())], ()) == ()


def test_two_verdicts_in_one_stream_are_named(build):
    """A second verdict that differs makes it unclear which one is meant; the same one again does not."""
    one, other = verdict("majority"), verdict("majority", answer_class="B")

    assert standing(build.records(build.opened(), one, other), ()).changed
    assert not standing(build.records(build.opened(), one, one), ()).changed


def test_the_queue_is_oldest_first_in_any_order(build, case):
    """The queue names every waiting verdict once, by the time of its verdict, however it is given."""
    waiting, settled = verdict("majority", ["concern"]), verdict("tied")
    given = [case(waiting, "d/0", 30), case(waiting, "d/b", 20), case(waiting, "d/a", 20),
             case(settled, "d/done", 10), case(verdict("majority"), "d/fine", 5)]  # fmt: skip
    written = acts(build, ("adopted", "p"), stream="d/done", on=settled)
    orders = list(itertools.permutations(given))
    random.Random(7).shuffle(orders)  # noqa: S311  # the same orders every time
    found = {tuple(each.stream for each in queue(order, written)) for order in orders[:20]}

    assert found == {("d/a", "d/b", "d/0")}
    assert [each.decided_ms for each in queue(given, written)] == [20, 20, 30]


def test_the_queue_agrees_with_each_standing(build, case):
    """Whoever is in the queue stands there with the same acts and reasons."""
    decided = verdict("no_quorum")
    written = (
        *acts(build, ("sent_back", "p"), on=decided),
        *acts(build, ("adopted", "q"), on=decided, stream="d/y"),
    )
    (found,) = queue([case(decided), case(decided, "d/y")], written)

    assert found == standing(case(decided), written)
    assert replace(found, acts=()) == standing(case(decided), ())
