"""The sample: drawn again by anybody, the same for ever, in shares that add up."""

import datetime
import hashlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.decided import Decided
from magi.core.record import Refused
from magi.replay.egress import Period
from magi.replay.sample import Population, rank, shares

START_MS = 1_795_316_400_000
"""2026-11-22 12:00:00 in Japan."""
DAY_MS = 86_400_000
NAMES = st.lists(st.text("abcdef0123456789", min_size=1, max_size=8), unique=True, max_size=20)


def decided(outcome="unanimous"):
    """A verdict of nothing in particular."""
    return Decided(
        outcome=outcome, answer_class=None, attributed=None, tally=(), seats=(), dissent=(), confidence_bp=None,
        outstanding=(), flags=(),
    )  # fmt: skip


def stream(build, *events, at_ms=START_MS, step_ms=0, **opening):
    """The records of one deliberation, one every `step_ms`."""
    records = build.records(build.opened(**opening), *events)
    return [each.model_copy(update={"at_ms": at_ms + n * step_ms}) for n, each in enumerate(records)]


def population(streams, period=None, by=None):
    """A population of named streams."""
    made = Population(period or Period(), by)
    for name, records in streams.items():
        made.take(name, records)
    return made


def names(sample):
    """The streams that were drawn, in order."""
    return [each.stream for each in sample.drawn]


def test_the_sample_is_drawn_again_without_this_program(build):
    """The formula in plain hashlib gives the same streams in the same order."""
    streams = {f"d/{n}": stream(build) for n in range(50)}
    drawn = population(streams).draw("令和8年度", 7)
    by_hand = sorted(streams, key=lambda name: hashlib.sha256(("令和8年度" + name).encode()).digest())[:7]
    listed = hashlib.sha256(("\n".join(sorted(streams)) + "\n").encode()).hexdigest()

    assert names(drawn) == by_hand
    assert (drawn.population, drawn.population_digest) == (50, listed)
    assert [each.rank for each in drawn.drawn] == [rank("令和8年度", name) for name in by_hand]


def test_the_rank_is_a_known_answer():
    """SHA-256 of the two strings, one after the other, as sha256sum prints it."""
    assert rank("ab", "c") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_another_process_draws_the_same():
    """Nothing of the process, such as its hash seed, is in the order."""
    program = (
        "from magi.replay.sample import rank, shares\n"
        "print(sorted((f'd/{n}' for n in range(99)), key=lambda s: rank('x', s))[:5])\n"
        "print(shares({'a': 1, 'b': 1, 'c': 1}, 2))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]

    assert runs[0] == runs[1] != b""


@given(seed=st.text(min_size=1, max_size=9), early=NAMES, late=NAMES)
def test_a_longer_log_never_changes_the_order_of_two(build, seed, early, late):
    """What was drawn before comes in the same order, whatever was added."""
    one = {f"d/{name}": stream(build) for name in early}
    two = one | {f"d/{name}": stream(build) for name in late}
    before = names(population(one).draw(seed, 1_000))
    after = names(population(two).draw(seed, 1_000))

    assert [name for name in after if name in one] == before


@given(
    counts=st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 50)),
    size=st.integers(1, 99),
)
def test_shares_add_up_and_are_within_one_of_the_exact(counts, size):
    """Largest remainder: the whole size (or all there is), none above its stratum, none a whole one off."""
    got, total = shares(counts, size), sum(counts.values())

    assert sum(got.values()) == min(size, total)
    assert all(0 <= got[name] <= counts[name] for name in counts)
    assert all(abs(got[n] * total - min(size, total) * counts[n]) < total for n in counts)


def test_shares_by_hand():
    """A known division, and a tie of fractions that goes to the first name."""
    assert shares({"a": 47, "b": 16, "c": 15, "d": 12, "e": 6, "f": 4}, 10) == {
        "a": 5, "b": 2, "c": 1, "d": 1, "e": 1, "f": 0,
    }  # fmt: skip
    assert shares({"b": 5, "a": 5}, 3) == {"b": 1, "a": 2}


@pytest.mark.parametrize(
    ("by", "strata"),
    [
        ("label", {"internal": 2, "personal": 1, "public": 1}),
        ("outcome", {"tied": 1, "unanimous": 2, "undecided": 1}),
        ("origin", {"live": 1, "mixed": 1, "nobody": 1, "scripted": 1}),
    ],
)
def test_each_way_to_divide(build, by, strata):
    """By the highest label it had, by its verdict, by who answered."""
    streams = {
        "d/1": stream(build, build.answered(1), decided(), label=0),
        "d/2": stream(build, build.answered(1, origin="scripted"), decided()),
        "d/3": stream(build, build.answered(1), build.answered(2, origin="recorded"), decided("tied")),
        "d/4": stream(build, build.label_raised()),
    }
    found = {each.name: each.population for each in population(streams, by=by).draw("x", 4).strata}

    assert found == strata


def test_a_deliberation_belongs_to_the_day_of_its_verdict(build):
    """Opened before midnight and decided after it counts once, on the second day; an open one on its first."""
    first, second = datetime.date(2026, 11, 22), datetime.date(2026, 11, 23)
    streams = {
        "d/over": stream(build, decided(), step_ms=DAY_MS),
        "d/open": stream(build, build.answered(1), step_ms=DAY_MS),
    }

    assert names(population(streams, Period(first, first)).draw("x", 9)) == ["d/open"]
    assert names(population(streams, Period(second, second)).draw("x", 9)) == ["d/over"]


def test_what_was_refused_before_it_opened_is_counted_apart(build):
    """A refusal is no deliberation, and nothing but deliberations is drawn."""
    refused = Refused(by="label", reason="classified", ask=None, attempt=None, card=None, label=6, plan=())
    made = population(
        {"d/no": build.records(refused), "config": build.records(refused), "d/yes": stream(build)}
    )

    assert names(made.draw("x", 9)) == ["d/yes"]
    assert (made.unopened, made.outside) == (1, 0)
