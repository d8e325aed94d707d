"""Two implementations of one document: on every recorded case the auditor's verifier says what the program says."""

import hashlib
import itertools
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magi.core.record import Abandoned, AttemptFailed, Refused
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.replay.rearbitrate import rearbitrate

SPACES = {
    ChoiceSpace(options=("A", "B", "C")): ("A", "B", "C", "\u3044", "\U00020bb7"),
    YesNoConditionalSpace(): ("yes", "no", "conditional"),
    NumberSpace(unit="\u5186"): ("1 \u5186", "1.0 \u5186", "-12.5 \u5186"),
    DateSpace(): ("2026-11-22", "2026", "--11-22"),
    OpenSpace(): ("",),
}
RULES = (
    *(Rule(name="plurality", tie=tie) for tie in ("none", "order")),
    *(Rule(name="majority", tie=tie) for tie in ("none", "order")),
    *(Rule(name="supermajority", share=share) for share in ((2, 3), (3, 4), (51, 100), (1, 1))),
    *(Rule(name="unanimity", tie=tie) for tie in ("none", "order")),
)
COUNTED = (*RULES[:3], *RULES[4:6], RULES[8])
"""One rule of each way to count; the tie key matters under plurality only."""
SAID = ("answer", "refusal", "abstention", "failure")
ORIGINS = ("live", "scripted", "recorded")
OUTCOMES = {"unanimous", "majority", "conditional", "tied", "no_quorum", "withheld"}
FLAGS = {"attributed", "degraded", "recording", "rehearsal", "tie_broken", "uncompared"}
MOST_SEATS = 6
REFUSED = Refused(by="planner", reason="too_few_seats", ask=None, attempt=None, card=None, label=1, plan=())
FAILED = AttemptFailed(ask="a1", attempt=1, card="c1", failure="timed_out", sent="no")
ABANDONED = Abandoned(asks=("a1",), why="crash")


def programs(exported):
    """What the program under audit finds in every deliberation of a log, by stream."""
    streams = {}
    for record in exported.records:
        if record.stream.startswith("d/"):
            streams.setdefault(record.stream, []).append(record)
    return {stream: rearbitrate(stream, records) for stream, records in streams.items()}


def digest(data):
    """The digest of verdict bytes, where there are any."""
    return hashlib.sha256(data).hexdigest() if data else None


def expected(exported):
    """What the verifier must report of every stream: the result, and both verdicts where they were compared."""
    return {
        stream: (
            found.result,
            *((digest(found.recorded), digest(found.recomputed)) if compared(found.result) else (None, None)),
        )
        for stream, found in programs(exported).items()
    }


def compared(result):
    """Whether two verdicts stand side by side in a result."""
    return result in {"same", "different"}


def reported(found):
    """What the verifier reported of every stream."""
    lines = found.report["streams"]
    return {line["stream"]: (line["result"], line["recorded"], line["recomputed"]) for line in lines}


def intents(build):
    """Intents of every kind: spaces, rules, quorums, councils, plans that bar or never name a card."""

    def intent(space, rule, quorum, plan, shape):
        seats, spare = shape
        opened = build.opened(seats, space=space, rule=rule, quorum=quorum, plan=plan)
        cards = [seat.model_copy(update={"targets": (*seat.targets, "c9")}) for seat in opened.seats]
        return opened.model_copy(update={"seats": tuple(cards)}) if spare else opened

    out = st.sets(st.integers(1, MOST_SEATS), max_size=3)
    every = st.just(build.plan(MOST_SEATS))
    some = out.map(lambda barred: build.plan(MOST_SEATS, barred=barred))
    return st.builds(
        intent,
        st.sampled_from(list(SPACES)),
        st.sampled_from(RULES),
        st.sampled_from((1, 1, 2, 2, 3, 7)),
        st.sampled_from((every, every, some, some, st.just(()))).flatmap(lambda plan: plan),
        st.tuples(st.integers(1, MOST_SEATS), st.booleans()),
    )


def answers(build, ballots):
    """What a seat may say, ballots where none belongs and missing ones included."""

    def answered(who, said, ballot, origin):
        number, is_odd = who
        told = build.answered(number, ballot, said, origin=origin)
        odd = {"ballot": None if said == "answer" else ballot}
        return told.model_copy(update=odd) if is_odd else told

    return st.builds(
        answered,
        st.tuples(st.integers(1, MOST_SEATS + 1), st.integers(0, 9).map(lambda chance: chance == 0)),
        st.sampled_from((*SAID, "evasion", "answer", "answer", "answer")),
        st.sampled_from(ballots),
        st.sampled_from((*ORIGINS, "live", "live")),
    )


def events(build, ballots):
    """One event of a deliberation, likely or odd: unknown asks, incomplete classes, seats nobody has."""
    number = st.integers(1, MOST_SEATS + 1)
    some = st.sets(number, max_size=3)
    classes = st.dictionaries(number.map(lambda n: f"a{n}"), st.sampled_from(("s1", "s2", "s3")), min_size=1)
    other = st.one_of(
        classes.map(lambda given: build.classified(**given)),
        some.map(lambda numbers: build.cancelled(*numbers)),
        some.map(lambda numbers: build.label_raised(MOST_SEATS, barred=numbers)),
        st.builds(build.deadline),
        st.sampled_from((FAILED, ABANDONED, REFUSED)),
    )
    said = answers(build, ballots)
    return st.sampled_from((said, said, said, other)).flatmap(lambda kind: kind)


CHANGES = (
    {"outcome": "tied"},
    {"answer_class": "Z"},
    {"dissent": ("a9",)},
    {"flags": ()},
    {"confidence_bp": 1},
)
FORMS = ("honest", "honest", "honest", "as it is", "changed", "twice", "more", "cut")


def streams(build, logs):
    """Streams of records as a service, a crash or a forger could leave them."""
    intent = intents(build)
    event = {space: events(build, ballots) for space, ballots in SPACES.items()}
    told = {space: st.lists(one, max_size=8) for space, one in event.items()}
    rest = {space: st.lists(st.sampled_from(b), min_size=6, max_size=6) for space, b in SPACES.items()}
    classes = build.classified(**{f"a{n}": f"s{n % 3}" for n in range(1, MOST_SEATS + 1)})

    @st.composite
    def stream(draw):
        opened = draw(intent)
        odd, ballots = draw(told[opened.space]), draw(rest[opened.space])
        likely = [build.answered(n, ballot) for n, ballot in enumerate(ballots, start=1)]
        events = [
            opened,
            *draw(st.sampled_from((odd, [*odd, *likely, classes], [*odd[:2], *likely, classes]))),
        ]
        honest = logs.honest(events)
        form = draw(st.sampled_from(FORMS))
        if form == "as it is" or honest[-1].kind != "decided":
            return events
        if form == "changed":
            return [*honest[:-1], honest[-1].model_copy(update=draw(st.sampled_from(CHANGES)))]
        if form == "more":  # something between the decision and the verdict, or after it
            place = draw(st.sampled_from((len(honest) - 1, len(honest))))
            return [*honest[:place], draw(event[opened.space]), *honest[place:]]
        return {"twice": [*honest, honest[-1]], "cut": honest[1:]}.get(form, honest)

    return stream()


def counts_of(build):
    """Small councils in full: every way to count, every way to answer of three seats, and every quorum that matters."""
    ways = [("A", "answer"), ("B", "answer"), ("C", "answer"), *((None, said) for said in SAID[1:])]
    for rule, said in itertools.product(COUNTED, itertools.product(ways, repeat=3)):
        answers = [build.answered(n, *way) for n, way in enumerate(said, start=1)]
        yield [build.opened(rule=rule, quorum=1 + len(set(said)) % 3), *answers]


def spaces_of(build):
    """Four seats in every space, each way to hold three classes, under every rule, card and origin in turn."""
    rules, origins, odd, quorums = map(
        itertools.cycle, (RULES, ORIGINS, (False,) * 6 + (True,), (1, 2, 2, 2, 5))
    )
    for space, ballots in SPACES.items():
        for held in itertools.product(range(3), repeat=4):
            said = [ballots[at % len(ballots)] for at in held]
            answers = [build.answered(n, b, origin=next(origins)) for n, b in enumerate(said, start=1)]
            classes = build.classified(**{f"a{n}": f"s{at}" for n, at in enumerate(held, start=1)})
            late = [build.deadline()] if next(odd) else []
            opened = build.opened(4, space=space, rule=next(rules), quorum=next(quorums))
            yield [opened, *answers[:-1], *late, answers[-1], classes]


def test_both_agree_on_every_answer_of_a_small_council(build, logs, audit):
    """All rules, all answers of three seats: ties, refusals, abstentions, failures, quorums, all `same` twice."""
    exported = logs.ledger([logs.honest(events) for events in counts_of(build)])
    found = audit(exported)
    told = Counter(record.data.outcome for record in exported.records if record.kind == "decided")

    assert (found.code, found.report["wrong"]) == (0, [])
    assert reported(found) == expected(exported)
    assert set(found.results.values()) == {"same"}
    assert len(found.results) == len(COUNTED) * 6**3
    assert set(told) == OUTCOMES - {"conditional"}


def test_both_agree_on_generated_logs(build, logs, audit):
    """Whatever a ledger holds, honest or not, both say the same of every stream, verdict bytes included."""
    seen = Counter()

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(streams(build, logs), min_size=20, max_size=40))
    def agree(told):
        exported = logs.ledger(told)
        found = audit(exported)
        seen.update(found.results.values())

        assert found.report["wrong"] == []
        assert reported(found) == expected(exported)

    agree()

    assert set(seen) >= {"same", "different", "open", "malformed"}


def test_both_agree_on_generated_streams(build, logs, verifier):
    """The same in one process, on many more streams: every result comes up, refusals included."""
    seen = Counter()

    @settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.one_of(streams(build, logs), st.just([REFUSED])))
    def agree(told):
        records = build.records(*told)
        wanted = rearbitrate("d/x", records)
        found = verifier.recompute("d/x", [(r.kind, r.data.model_dump(mode="json")) for r in records])
        seen.update([found.result])

        assert found.result == wanted.result
        if compared(found.result):
            assert (found.recorded, found.recomputed) == (wanted.recorded, wanted.recomputed)

    agree()

    assert set(seen) >= {"same", "different", "open", "malformed", "refused"}


def test_both_agree_in_every_space(build, logs, audit):
    """Every space, also open text by its classes, under every rule in turn: every outcome and flag, all `same`."""
    told = [logs.honest(events) for events in spaces_of(build)]
    exported = logs.ledger(told)
    found = audit(exported)
    verdicts = [record.data for record in exported.records if record.kind == "decided"]

    assert (found.code, len(found.results)) == (0, len(told))
    assert reported(found) == expected(exported)
    assert set(found.results.values()) == {"same"}
    assert {verdict.outcome for verdict in verdicts} == OUTCOMES
    assert {flag for verdict in verdicts for flag in verdict.flags} == FLAGS
