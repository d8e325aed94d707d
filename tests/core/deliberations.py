"""Councils under terms of arbitration, and a world that answers them; shared by the tests of the core.

Seats are s1, s2, ... with asks a1, a2, ... on cards c1, c2, ...; a seat's fallback is d1, d2, ... Standard library and
magi only, no fixture, so that a process of its own can load it by its path. What the world says depends on its seed
and on what it is asked, never on the order in which answers arrive.
"""

import random
from dataclasses import dataclass, field

from magi.core.calibration import Calibration
from magi.core.deliberation import advance, start
from magi.core.effects import Ask, Cancel, Check, Classify, Decide
from magi.core.record import (
    Admission,
    Answered,
    Cancelled,
    Checked,
    Classified,
    DeadlinePassed,
    LabelRaised,
    Manifest,
    Opened,
    SeatPlan,
)
from magi.core.rules.count import RANKED, Rule
from magi.core.rules.spelled import spell_approval, spell_ranking
from magi.core.said import Claim, Reviewed, Written
from magi.core.space import ChoiceSpace, OpenSpace, YesNoConditionalSpace
from magi.core.terms import CardFacts, Measured, Rested, Terms

HASH = "ab" * 32
ABC = ChoiceSpace(options=("A", "B", "C"))
SILENT = ("refusal", "abstention", "evasion", "failure")
FACTS = {
    "JP": CardFacts(bloc="JP", domestic=True, lineage=None),
    "US": CardFacts(bloc="US", domestic=False, lineage=None),
    "CN": CardFacts(bloc="CN", domestic=False, lineage=None),
}


def measured(seats, **changes):
    """Numbers of so many seats: the first weighs most and is the most reliable."""
    given = {
        "profile": HASH,
        "labels": 300,
        "aggregator": "plurality",
        "weights": tuple(range(900, 900 - 10 * seats, -10)),
        "ranks": tuple(range(seats)),
        "odds": tuple(range(900, 900 - 10 * seats, -10)),
        "n_eff_centi": 100 * seats,
        "rho_ppm": 0,
        "options": 3,
        "calibration": Calibration(),
        "error_bp": 1_000,
        "answer_from_bp": 0,
    }
    return Measured(**(given | changes))


def terms(seats=3, *, rested=(), blocs=(), fallbacks=(), **changes):
    """Terms of seats s1, s2, ...: all at once, nothing blocks; `blocs` names the country of each card in turn.

    `rested` are seat numbers, `fallbacks` the countries of d1, d2, ...
    """
    names = [f"s{number}" for number in range(1, seats + 1)]
    resting = tuple(Rested(seat=f"s{number}", why="gate", topic="t") for number in rested)
    order = tuple(name for name in names if name not in {each.seat for each in resting})
    blocs = tuple(blocs) or ("JP",) * seats
    cards = {f"c{number}": FACTS[bloc] for number, bloc in enumerate(blocs, start=1)}
    cards |= {f"d{number}": FACTS[bloc] for number, bloc in enumerate(fallbacks, start=1)}
    given = {
        "mode": "parallel",
        "rebuttal": False,
        "peer_review": False,
        "severity_floor": False,
        "withhold": False,
        "barred_alone": False,
        "needs_domestic": False,
        "subject": None,
        "order": order,
        "rested": resting,
        "writers": order,
        "cards": cards,
        "as_of": "2027-01-15",
    }
    return Terms(**(given | changes))


def opened(seats=3, *, held=None, fallbacks=0, **changes):
    """An intent of so many seats under the terms `held`; the first `fallbacks` seats have a second card."""
    numbers = range(1, seats + 1)
    targets = {n: (f"c{n}", f"d{n}") if n <= fallbacks else (f"c{n}",) for n in numbers}
    given = {
        "tenant": "t",
        "space": ABC,
        "space_source": "declared",
        "council": "c",
        "seats": tuple(SeatPlan(seat=f"s{n}", persona="p", targets=targets[n]) for n in numbers),
        "template": "answer/choice@2",
        "rule": Rule(name="plurality"),
        "quorum": 2,
        "attempts": 1,
        "profile": "p",
        "label": 1,
        "declared": False,
        "hits": (),
        "plan": plan(targets),
        "ancestors": (),
        "manifest": Manifest(
            code="c", lock="l", prompts={}, cards={}, council=HASH, profile="p", detectors="n",
            dictionary=None, reliability=None,
        ),
        "deadline_ms": 1_000,
        "idempotency_hash": None,
        "arbitration": terms(seats) if held is None else held,
    }  # fmt: skip
    return Opened(**(given | changes))


def plan(targets, barred=()):
    """The ruling on the cards of each seat number; `barred` are card ids."""
    return tuple(
        Admission(seat=f"s{n}", card=card, admitted=card not in barred, reasons=())
        for n, cards in targets.items()
        for card in cards
    )


def answered(ask, said, **changes):
    """What the seat of an ask said: a ballot, or one of `SILENT`; the card is the seat's first unless named."""
    silent = said in SILENT
    given = {
        "ask": ask,
        "attempt": 1,
        "seat": f"s{ask[1:]}",
        "stage": "answer",
        "card": f"c{ask[1:]}",
        "statement": said if silent else "answer",
        "ballot": None if silent else said,
        "failure": "timed_out" if said == "failure" else None,
        "claims": (),
        "severity": None,
        "label": 1,
        "tokens": None,
        "cost": None,
        "origin": "live",
    }
    return Answered(**(given | changes))


def chance(*parts):
    """Seeded chance from what it is for."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311  # seeded on purpose, no secret


def any_ballot(drawn, intent):
    """A ballot that the space and the rule ask for."""
    space, rule = intent.space, intent.rule.name
    if isinstance(space, YesNoConditionalSpace):
        return drawn.choice(("yes", "no", "conditional"))
    if not isinstance(space, ChoiceSpace):
        return drawn.choice(("1", "2", "3"))
    if rule == "approval":
        return spell_approval([option for option in space.options if drawn.random() < 0.5])
    if rule not in RANKED:
        return drawn.choice(space.options)
    tiers = [[option] for option in drawn.sample(space.options, drawn.randint(1, len(space.options)))]
    if len(tiers) > 1 and drawn.random() < 0.3:
        tiers[0] += tiers.pop()
    return spell_ranking(tiers)


@dataclass
class World:
    """Answers whatever a deliberation asks. `silence` is how often a seat says nothing that counts."""

    intent: Opened
    seed: object
    silence: float = 0.15
    said: dict = field(default_factory=dict)

    def event(self, effect):
        """What comes back for an `Ask`, a `Classify` or a `Check`."""
        drawn = chance(self.seed, effect)
        if isinstance(effect, Classify):
            return self._classes(drawn, effect)
        if isinstance(effect, Check):
            return self._findings(drawn, effect)
        event = self._answer(drawn, effect)
        self.said[effect.ask] = event
        return event

    def _answer(self, drawn, ask):
        how = {"stage": ask.stage, "card": drawn.choice(ask.targets)}
        if drawn.random() < self.silence:
            return answered(ask.ask, drawn.choice(SILENT), **how)
        if ask.stage == "review":
            return answered(ask.ask, "", **how, review=self._review(drawn, ask))
        if ask.stage == "write":
            kept = [claim for claim in ask.inputs[1:] if drawn.random() < 0.7]
            return answered(
                ask.ask, "", **how, written=Written(sentences=tuple((c,) for c in kept), removed=1)
            )
        if self.intent.arbitration.severity_floor or isinstance(self.intent.space, OpenSpace):
            how["severity"] = drawn.choice((None, None, None, "legality", "safety", "personal_data"))
        how["repeats"] = drawn.choice(((), (), ("taiwan",)))
        if isinstance(self.intent.space, OpenSpace):
            claims = tuple(
                Claim(id=f"{ask.ask}.c{n}", basis=drawn.choice(("cited", "stated", "none")))
                for n in range(1, drawn.randint(0, 3) + 1)
            )
            return answered(ask.ask, "", **how, claims=claims)
        claims = (Claim(id=f"{ask.ask}.c1", basis=drawn.choice(("stated", "none"))),)
        return answered(ask.ask, any_ballot(drawn, self.intent), **how, claims=claims)

    def _review(self, drawn, ask):
        shown = list(ask.inputs[1:])
        drawn.shuffle(shown)
        tiers = [(each,) for each in shown] if drawn.random() < 0.8 else [tuple(shown)]
        votes = {
            claim.id: drawn.choice(("accept", "accept", "reject", "unsure"))
            for name in sorted(self.said)
            if name.startswith("a")
            for claim in self.said[name].claims
        }
        return Reviewed(ranking=tuple(tiers), votes=votes)

    def _classes(self, drawn, effect):
        classes = {}
        for place, ask in enumerate(effect.asks):
            earlier = effect.asks[:place]
            same = drawn.choice(earlier) if earlier and drawn.random() < 0.4 else None
            classes[ask] = classes[same] if same else f"k{place + 1}"
        claims = [claim.id for ask in effect.asks for claim in self.said[ask].claims]
        for place, claim in enumerate(claims):
            first = drawn.choice(claims[:place]) if place and drawn.random() < 0.3 else claim
            classes[claim] = classes.get(first, claim)
        return Classified(classes=classes, method="m")

    def _findings(self, drawn, effect):
        kinds = ("supported", "supported", "unverified", "contradicted", "uncited")
        findings = {claim: drawn.choice(kinds) for claim in effect.claims}
        pairs = tuple(
            (one, two)
            for one, two in zip(effect.claims, effect.claims[1:], strict=False)
            if drawn.random() < 0.2
        )
        return Checked(findings=findings, contradicting=pairs, method="m")


@dataclass
class Run:
    """One deliberation: every event fed, every effect with how many events came before it, the last state."""

    events: list
    effects: list
    state: object
    pending: list

    @property
    def verdicts(self):
        """Every verdict that was emitted."""
        return [effect.verdict for _, effect in self.effects if isinstance(effect, Decide)]

    @property
    def asks(self):
        """Every ask."""
        return [effect for _, effect in self.effects if isinstance(effect, Ask)]


def run(intent, seed, *, order=0, interrupt=None, silence=0.15, limit=200):
    """Run a deliberation to its end, answers arriving in the order drawn from `order`.

    `interrupt(drawn, state, number)` may give an event to feed before the next answer.
    """
    world, drawn = World(intent, seed, silence), chance("order", order)
    state, effects = start(intent)
    found = Run([], [], state, [])
    _take(found, effects)
    for number in range(limit):
        if found.state.phase == "decided" or not (found.pending or interrupt):
            break
        event = interrupt(drawn, found.state, number) if interrupt else None
        if event is None:
            if not found.pending:
                break
            event = world.event(found.pending.pop(drawn.randrange(len(found.pending))))
        found.events.append(event)
        found.state, effects = advance(found.state, event)
        _take(found, effects)
    return found


def _take(found, effects):
    for effect in effects:
        found.effects.append((len(found.events), effect))
        if isinstance(effect, (Ask, Classify, Check)):
            found.pending.append(effect)
        if isinstance(effect, Cancel):
            found.pending = [e for e in found.pending if getattr(e, "ask", None) not in effect.asks]
    still = set(found.state.running)
    found.pending = [e for e in found.pending if not isinstance(e, Ask) or e.ask in still or not found.events]


def interruptions(rate):
    """An interrupter: now and then the deadline, somebody's cancellation, or a risen label that bars cards."""

    def interrupt(drawn, state, number):
        if drawn.random() > rate:
            return None
        kind = drawn.choice(("deadline", "user", "core", "label", "label"))
        if kind == "deadline":
            return DeadlinePassed(name="answers")
        if kind != "label":
            running = state.running
            asks = tuple(ask for ask in running if drawn.random() < 0.7) or ("a9",)
            return Cancelled(asks=asks, why=f"w{number}", by=kind)
        cards = [entry.card for entry in state.plan]
        barred = {card for card in cards if drawn.random() < 0.3}
        barred |= {entry.card for entry in state.plan if not entry.admitted}
        risen = tuple(entry.model_copy(update={"admitted": entry.card not in barred}) for entry in state.plan)
        return LabelRaised(text="question", before=1, after=2, hits=(), plan=risen)

    return interrupt


RULES = (
    *(Rule(name="plurality", tie=tie) for tie in ("none", "order", "options", "reliable")),
    *(Rule(name="majority", tie=tie) for tie in ("none", "order")),
    Rule(name="supermajority", share=(2, 3)),
    Rule(name="unanimity"),
    Rule(name="weighted"),
    Rule(name="chosen"),
    *(
        Rule(name=name, tie=tie)
        for name, tie in zip(
            ("approval", "borda", "copeland", "kemeny", "minimax", "ranked_pairs", "schulze"),
            ("none", "order", "options", "reliable", "none", "order", "reliable"),
            strict=True,
        )
    ),
)


def any_intent(seed, **changes):
    """Any council of three to five seats, under any rule and any terms."""
    drawn = chance("intent", seed)
    seats = drawn.choice((3, 3, 4, 5))
    space = drawn.choice((ABC, ABC, YesNoConditionalSpace(), OpenSpace(), OpenSpace()))
    rule = drawn.choice(RULES)
    answers = space.options if isinstance(space, ChoiceSpace) else ("yes", "no")
    ranks = list(range(seats))
    drawn.shuffle(ranks)
    held = measured(
        seats,
        aggregator=drawn.choice(
            ("plurality", "majority", "log_odds", "best_seat", "unanimous_else_strongest")
        ),
        weights=tuple(drawn.choice((0, 500, 1_000)) for _ in range(seats)),
        ranks=tuple(ranks),
        answer_from_bp=drawn.choice((None, 4_000, 7_000)),
    )
    sequential = drawn.random() < 0.4
    given = terms(
        seats,
        rested=(seats,) if seats > 3 and drawn.random() < 0.3 else (),
        blocs=[drawn.choice(("JP", "JP", "US", "CN")) for _ in range(seats)],
        fallbacks=[drawn.choice(("JP", "US")) for _ in range(2)],
        mode="sequential" if sequential else "parallel",
        rebuttal=not sequential and drawn.random() < 0.6,
        peer_review=drawn.random() < 0.8,
        severity_floor=drawn.random() < 0.3,
        withhold=drawn.random() < 0.3,
        barred_alone=drawn.random() < 0.3,
        needs_domestic=drawn.random() < 0.3,
        measured=held if drawn.random() < 0.7 else None,
        contested={answers[0]: ("taiwan",)} if drawn.random() < 0.3 else {},
    )
    quorum = drawn.randint(2, 3)
    return opened(seats, held=given, fallbacks=2, space=space, rule=rule, quorum=quorum, **changes)
