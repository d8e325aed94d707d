"""The property of the leak suite: no form of a canary reaches a backend that the policy does not admit for its label.

Generated: councils with fallbacks over seven backends of five classes, profiles, declared labels, canaries and their
encodings and places, conversations, and faults of every backend. The generator knows the label that a text must have
(declared, planted, or inherited), and asks `admit` itself, once for every backend; what the service thought of it does
not count. Each backend has a recorder of its own.
"""

import asyncio
import base64
import contextlib
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from magi.core.card import Ancestor, Proof
from magi.core.errors import MagiError
from magi.residency.label import Label, declared_label
from magi.residency.policy import admit
from magi.service.question import Turn
from magi.wiring import today

PROFILES = ("domestic-only", "gennai", "local-government")
CARDS = ("c1", "c2", "c3", "b1", "cee", "far", "prc")
DECLARED = (
    *("public",) * 6,
    None,
    "internal",
    "personal",
    "sensitive-personal",
    "specific-personal",
    "secret",
)
FAULTS = (
    "answer",
    "answer",
    "answer",
    "answer",
    "500",
    "503",
    "401",
    "cut",
    "garbage",
    "307",
    "302",
    "model",
    "hang",
)
BATCHES, BATCH = 250, 40
"""10,000 requests in the slow run, forty at a time."""
NUMBER = re.compile("第([0-9]+)問")


def my_number(serial):
    """A My Number with its check digit, another one for each serial."""
    body = f"{20_000_000_000 + serial * 97 % 70_000_000_000:011d}"
    weighed = sum(
        int(digit) * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(reversed(body), start=1)
    )
    rest = weighed % 11
    return body + str(0 if rest <= 1 else 11 - rest)


ENCODINGS = {
    "plain": lambda text: text,
    "spaced": " ".join,
    "zero width": "\u200b".join,
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "base64": lambda text: f" {base64.b64encode(text.encode()).decode()} ",
    "hex": lambda text: f" {text.encode().hex()} ",
    "url": lambda text: f" {quote(text)} ",
    "html": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "escaped": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "twice": lambda text: f" {base64.b64encode(quote(text).encode()).decode()} ",
}


@dataclass(frozen=True)
class Case:
    """One hostile request. `kind` is what is planted: a person's number, a neutral word, or a number in an answer."""

    profile: str
    seats: tuple
    quorum: int
    attempts: int
    declared: str | None
    kind: str
    encoding: str
    place: str
    earlier: str | None
    faults: dict


@st.composite
def cases(draw):
    """Any request; three of four councils have seats without fallbacks, so that most of them may deliberate."""
    seats = draw(st.lists(st.sampled_from(CARDS), min_size=3, max_size=6, unique=True))
    others = draw(st.sampled_from([None, None, None, *CARDS]))
    targets = tuple(
        (card, others) if others and n == 0 and others != card else (card,) for n, card in enumerate(seats)
    )
    faults = {card: draw(st.sampled_from(FAULTS)) for card in CARDS}
    if draw(st.integers(0, 19)) == 0:  # rarely, since each takes a council's whole deadline
        faults[draw(st.sampled_from(seats))] = "hang"
    return Case(
        profile=draw(st.sampled_from(PROFILES)),
        seats=targets,
        quorum=draw(st.integers(2, len(seats))),
        attempts=draw(st.integers(1, 2)),
        declared=draw(st.sampled_from(DECLARED)),
        kind=draw(st.sampled_from(["person", "person", "word", "answer", "answer"])),
        encoding=draw(st.sampled_from(sorted(ENCODINGS))),
        place=draw(st.sampled_from(["question", "turn", "system", "split"])),
        earlier=draw(st.sampled_from([None, None, "internal", "personal", "sensitive-personal"])),
        faults=faults,
    )


@dataclass
class Arena:
    """Three scenes, one for each profile, and a recorder for each card; `going` are the requests by number."""

    stage: object
    kit: object
    scenes: dict
    recorders: dict
    going: dict = field(default_factory=dict)
    numbers: object = field(default_factory=lambda: itertools.count(1))
    counts: Counter = field(default_factory=Counter)

    def play(self, card):
        """What the backend of a card does: by the request's number, what its case says."""

        def play(asked):
            found = NUMBER.search(asked.body.decode(errors="replace"))
            case, canary = self.going[int(found.group(1))]
            return self._reply(case.faults[card], canary if case.kind == "answer" else "賛成")(asked)

        return play

    def _reply(self, fault, words):
        kit = self.kit
        if fault.isdecimal() and fault[0] in "45":
            return kit.failing(int(fault), b"{}", "Retry-After: 0")
        if fault.isdecimal():
            return kit.redirecting(
                int(fault), f"{self.recorders['far'].base_url}/chat/completions?q={quote(words)}"
            )
        return {
            "answer": kit.answering(reason=words),
            "model": kit.answering(reason=words, model="another"),
            "cut": kit.cutting,
            "garbage": kit.garbling,
            "hang": kit.hanging,
        }[fault]

    async def ask(self, case):
        """Ask what a case says, an earlier turn of it first; its canary, and the label that it must have."""
        number = next(self.numbers)
        canary = f"個人番号は{my_number(number)}です" if case.kind != "word" else f"椿の花壇{_kana(number)}"
        self.going[number] = (case, canary)
        planted, label = self._planted(case, canary, number)
        question, history = planted
        if case.earlier is not None and case.kind != "answer":
            # It was said before, in a conversation of a stricter label; only the reply is carried on.
            reply = f"{ENCODINGS[case.encoding](canary)}(第{number}問の答え)"
            told = await self._deliberate(
                case, f"第{number}問、どうするか", case.earlier, (), lambda *_: reply
            )
            history = (*history, Turn("assistant", reply))
            # Where it was refused there is no such reply: a turn that nobody here wrote is internal.
            label = max(label, declared_label(case.earlier) if told else Label.INTERNAL)
        await self._deliberate(case, question, case.declared, history)
        return canary, label

    @staticmethod
    def _planted(case, canary, number):
        """The question and its history with the canary in it, and the label that they must have."""
        label = declared_label(case.declared)
        ending = f"第{number}問、花の植え替えの時期はいつがよいですか。"
        if case.kind == "answer":
            return (ending, ()), max(label, Label.SPECIFIC_PERSONAL)
        label = max(label, Label.SPECIFIC_PERSONAL) if case.kind == "person" else label
        text = ENCODINGS[case.encoding](canary)
        if case.place == "split" and case.kind == "person":
            return (f"{canary[10:]}。{ending}", (Turn("user", canary[:10]),)), label
        if case.place in ("turn", "system"):
            return (ending, (Turn("user" if case.place == "turn" else "system", text),)), label
        return (f"{text}。{ending}", ()), label

    async def _deliberate(self, case, text, label, history, render=None):
        scene = self.scenes[case.profile]
        council = self.stage.council(*case.seats, quorum=case.quorum, seconds=1, attempts=case.attempts)
        request = scene.request(text, council, label=label, history=history, render=render)
        try:
            done = await scene.deliberate(request)
        except MagiError as error:
            self.counts[f"refused: {error.reason}"] += 1
            return False
        self.counts[done.verdict.outcome] += 1
        return True

    async def run(self, batch):
        """Ask all of a batch at once; every (canary, card) that was seen and may not have been."""
        for recorder in self.recorders.values():
            recorder.forget()
        asked = await asyncio.gather(*(self.ask(case) for case in batch))
        return [
            (case, card, found)
            for case, (canary, label) in zip(batch, asked, strict=True)
            for card, recorder in self.recorders.items()
            if case.kind == "answer" or not self._admitted(case, card, label)
            if (found := self.kit.search(recorder.received, canary))
        ]

    def _admitted(self, case, card, label):
        scene = self.scenes[case.profile]
        return admit(label, scene.cards[card], scene.profile, (), today()).admitted

    def seen(self):
        """How many requests each backend has got in this batch."""
        return {card: len(recorder.requests) for card, recorder in self.recorders.items()}


def _kana(number):
    return "".join("アイウエオカキクケコ"[int(digit)] for digit in f"{number:06d}")


def further(stage, recorders):
    """The seven cards, each on its own recorder: three of class A, then B, C, D and E."""

    def cards(_home, _abroad):
        url = {card: recorder.base_url for card, recorder in recorders.items()}
        base = (Ancestor(name="base", developer="Maker", country="JP"),)
        proof = Proof(fact="inference_scope", value="JP", day=today().isoformat(), how="attestation", by="x")
        made = {card: stage.home_cards(url[card])[card] for card in ("c1", "c2", "c3")}
        b1 = stage.home_cards(url["b1"], contract="negotiated", closed_network=False, gov_cloud=True)["c1"]
        b1 = b1.model_copy(
            update={"id": "b1", "model": b1.model.model_copy(update={"developer": "B1", "family": "fam-b1"})}
        )
        cee = stage.foreign_card(
            url["cee"], "cee", developer="Cee", family="fam-cee", host_country="JP", inference_scope="JP",
            contract="negotiated", gov_cloud=True, lineage=base, proofs=(proof,),
            recorded={"entrustment": today().isoformat(), "external_environment": today().isoformat()},
        )  # fmt: skip
        prc = stage.foreign_card(
            url["prc"], "prc", developer="P", family="fam-prc", host_country="CN", provider_country="CN",
            parent_country="CN",
        )  # fmt: skip
        return made | {"b1": b1, "cee": cee, "far": stage.foreign_card(url["far"]), "prc": prc}

    return cards


@pytest.fixture(scope="module")
def arena(stage, kit, tmp_path_factory):
    """One arena for all examples."""
    stack = contextlib.AsyncExitStack()
    recorders = {card: stage.run(stack.enter_async_context(kit.Recorder())) for card in CARDS}
    folder = tmp_path_factory.mktemp("arena")
    scenes = {
        name: stage.run(
            stack.enter_async_context(
                stage.open(folder / name, cards=further(stage, recorders), profile=stage.profile(name))
            )
        )
        for name in PROFILES
    }
    made = Arena(stage, kit, scenes, recorders)
    for card, recorder in recorders.items():
        recorder.play = made.play(card)
    yield made
    stage.run(stack.aclose())


RELAXED = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


ALL_WELL = dict.fromkeys(CARDS, "answer")
MIXED = (("c1",), ("c2",), ("c3",), ("b1",), ("far",))
CARRIED = Case(
    "domestic-only", MIXED, 2, 1, "public", "word", "plain", "question", "specific-personal", ALL_WELL
)
FOUND = Case("domestic-only", MIXED, 2, 1, "public", "person", "plain", "question", None, ALL_WELL)


@given(batch=st.lists(cases(), min_size=1, max_size=4))
@example(batch=[CARRIED])
@example(batch=[FOUND])
@settings(RELAXED, max_examples=60)
def test_no_canary_reaches_a_backend_that_its_label_does_not_admit(arena, batch):
    """Whatever is asked of whom, with whatever faults, no form of a canary is seen where the policy says no."""
    assert arena.stage.run(arena.run(batch)) == []


def test_what_is_public_reaches_every_class_that_the_profiles_open(arena):
    """The same machinery sends public words to the classes A to D, and nothing to E: silence above is no accident."""
    faults = dict.fromkeys(CARDS, "answer")
    case = Case(
        "gennai", tuple((card,) for card in CARDS), 2, 1, "public", "word", "plain", "question", None, faults
    )
    arena.stage.run(arena.run([case]))

    assert arena.seen() == {"c1": 1, "c2": 1, "c3": 1, "b1": 1, "cee": 1, "far": 1, "prc": 0}


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_without_detectors_and_policy_the_same_check_finds_the_canary(stage, kit, arena, tmp_path, encoding):
    """A scene without guards in the arena's place: the check reports the backends abroad, in every encoding."""
    recorders = arena.recorders

    async def lax():
        opening = stage.open(
            tmp_path / "lax",
            cards=further(stage, recorders),
            labeller=kit.Deaf(),
            profile=kit.open_door(stage.profile()),
        )
        async with opening as scene:
            loose = Arena(stage, kit, {"domestic-only": _judged(scene, stage.profile())}, recorders)
            loose.numbers = arena.numbers
            loose.going = arena.going
            faults = dict.fromkeys(CARDS, "answer")
            case = Case(
                "domestic-only", tuple((card,) for card in CARDS), 2, 1, "public", "person", encoding, "question",
                None, faults,
            )  # fmt: skip
            return await loose.run([case])

    found = {card for _, card, _ in stage.run(lax())}

    assert found >= {"far", "b1"}


def _judged(scene, profile):
    """The same scene, whose profile is asked by the check alone."""
    scene.profile = profile
    return scene


@pytest.mark.slow
def test_ten_thousand_hostile_requests_leave_no_canary_where_it_may_not_be(arena, capsys):
    """10,000 generated requests: zero canary bytes at any backend that the label does not admit."""
    arena.counts.clear()
    asked, seen = [], Counter()

    @given(batch=st.lists(cases(), min_size=BATCH, max_size=BATCH))
    @settings(RELAXED, max_examples=BATCHES, phases=[Phase.generate])  # forty cases at once shrink for ever
    def hostile(batch):
        assert arena.stage.run(arena.run(batch)) == []
        asked.append(len(batch))
        seen.update(arena.seen())

    hostile()
    with capsys.disabled():
        # The count is what an auditor asks for.
        print(f"\nhostile requests: {sum(asked)}; sends: {dict(seen)}; ends: {dict(arena.counts)}")  # noqa: T201

    assert sum(asked) >= BATCHES * BATCH
    assert seen["far"] > 0
    assert seen["c1"] > 0
