"""A deliberation with terms by chance: an intent of any kind, and whatever may happen until it is decided.

The core itself says what is waited for; most events are that, a few are odd: words of nobody, too few classes, ballots
for what is not there, deadlines, cancellations, risen labels. Loaded by its path: test folders are no packages.
"""

import random

from magi.core.calibration import Calibration, Step
from magi.core.deliberation import advance, start
from magi.core.effects import Decide
from magi.core.material import Source
from magi.core.record import Checked, LabelRaised, Opened
from magi.core.rules.count import Rule
from magi.core.said import Claim, Reviewed, Written
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.core.terms import CardFacts, Measured, Rested, Terms

SIMPLE = ("plurality", "plurality", "majority", "supermajority", "unanimity")
RANKED = ("borda", "copeland", "kemeny", "minimax", "ranked_pairs", "schulze")
RULES = (*SIMPLE, *RANKED, "approval", "approval", "weighted", "chosen", "chosen")
TIES = ("none", "order", "options", "reliable")
AGGREGATORS = (
    *("plurality", "majority", "log_odds", "log_odds_topic", "logit", "logit_topic"),
    *("best_seat", "best_seat_topic", "unanimous_else_strongest"),
)
CALIBRATIONS = (
    Calibration(),
    Calibration(method="temperature", temperature_permille=1_700),
    Calibration(method="isotonic", steps=(Step(raw_bp=100, shown_bp=90), Step(raw_bp=6_000, shown_bp=5_500))),
)
SUPPORTS = ("supported", "supported", "supported", "unverified", "contradicted", "uncited", "unchecked")
SILENT = ("refusal", "abstention", "evasion", "failure")
MOST_EVENTS = 60
"""No deliberation of six seats has so many; a loop that never decides is a fault of the test."""


class Chance:
    """A deliberation by chance: its intent, and what happens next wherever it stands."""

    def __init__(self, build, seed):
        """With the builders of events; the same seed makes the same deliberation."""
        self.build = build
        self.dice = random.Random(seed)  # noqa: S311  # the same cases every time
        self.seats = self.dice.choice((1, 2, 3, 3, 4, 4, 5, 5, 6, 6))
        self.cards = [f"c{n}" for n in range(1, self.seats + 1)]

    def often(self, share):
        """True so often."""
        return self.dice.random() < share

    def some(self, values, most=None):
        """A few of the values, perhaps none, in any order."""
        values = list(values)
        return self.dice.sample(values, self.dice.randint(0, min(len(values), most or len(values))))

    def space(self):
        """A space; open text often, since most happens there."""
        options = tuple("ABCDEFG"[: self.dice.choice((2, 3, 3, 3, 4, 6))])
        spaces = (
            ChoiceSpace(options=options),
            YesNoConditionalSpace(),
            NumberSpace(),
            DateSpace(),
            OpenSpace(),
        )
        return self.dice.choice((*spaces, spaces[0], spaces[0], spaces[4], spaces[4]))

    def rule(self):
        """Any rule with any tie key."""
        name = self.dice.choice(RULES)
        share = (2, 3) if name == "supermajority" else None
        return Rule(name=name, tie=self.dice.choice(TIES), share=share)

    def measured(self):
        """What a profile could say."""
        dice, seats = self.dice, range(self.seats)
        odds = tuple(dice.choice((0, 300, 300, 900, 2_197, 6_000)) for _ in seats)
        ranks = list(seats)
        dice.shuffle(ranks)
        return Measured(
            profile=self.build.HASH,
            labels=300,
            aggregator=dice.choice(AGGREGATORS),
            weights=dice.choice((odds, (1,) * self.seats)),
            ranks=tuple(ranks) if self.often(0.8) else (0,) * self.seats,
            odds=odds,
            n_eff_centi=dice.randint(100, 100 * self.seats),
            rho_ppm=dice.choice((0, 0, -5, 123_457, 400_000, 1_000_000)),
            options=dice.randint(2, 10),
            calibration=dice.choice(CALIBRATIONS),
            error_bp=1_000,
            answer_from_bp=dice.choice((None, 0, 5_000, 9_500)),
        )

    def terms(self, names):
        """Terms of these seats."""
        dice = self.dice
        resting = [name for name in names if self.often(0.08)]
        order = [name for name in names if name not in resting]
        dice.shuffle(order)
        facts = {
            card: CardFacts(
                bloc=dice.choice(("JP", "JP", "JP", "US", "US", "CN", "unknown")),
                domestic=self.often(0.5),
                lineage=dice.choice((None, "l1", "l2", "l3")),
            )
            for card in (*self.cards, "c9")
            if self.often(0.95)
        }
        return Terms(
            mode=dice.choice(("parallel", "sequential", "sequential")),
            rebuttal=self.often(0.5),
            peer_review=self.often(0.8),
            severity_floor=self.often(0.3),
            withhold=self.often(0.4),
            barred_alone=self.often(0.4),
            needs_domestic=self.often(0.2),
            subject=None,
            order=tuple(order),
            rested=tuple(Rested(seat=name, why="gate", topic="t") for name in resting),
            writers=tuple(self.some(names)),
            cards=facts,
            measured=self.measured() if self.often(0.6) else None,
            contested={answer: ("history",) for answer in self.some("AB1") if self.often(0.3)},
            sources=tuple(self.source(n) for n in range(1, 3) if self.often(0.3)),
            as_of=str(self.build.DAY),
        )

    def source(self, number):
        """A material."""
        return Source(
            id=f"M{number}",
            title_digest=self.build.HASH,
            date=None,
            rank="law",
            licence="x",
            personal=False,
            label=0,
            stale=self.often(0.4),
            position=False,
            instructs=self.often(0.3),
        )

    def intent(self):
        """The intent: seats with one card or two, some not admitted."""
        barred = {n for n in range(1, self.seats + 1) if self.often(0.05)}
        opened = self.build.opened(self.seats, barred=barred, space=self.space())
        seats = tuple(
            seat.model_copy(update={"targets": (*seat.targets, "c9")}) if self.often(0.3) else seat
            for seat in opened.seats
        )
        spare = self.build.plan(self.seats)
        plan = (*opened.plan, *(each.model_copy(update={"card": "c9"}) for each in spare if self.often(0.7)))
        changes = {
            "seats": seats,
            "plan": plan,
            "quorum": self.dice.choice((1, 2, 2, 2, 3, *([7] if self.often(0.1) else []))),
        }
        changes |= {"rule": self.rule(), "arbitration": self.terms([seat.seat for seat in seats])}
        return Opened(**(dict(opened) | changes))

    def ballot(self, opened):
        """What a seat may vote, something odd now and then."""
        dice, space = self.dice, opened.space
        if space.kind == "open":
            return ""
        if self.often(0.03):
            return dice.choice(("", "A>A", "Z", "A+Z", "A=Z>B", "-", ">", None))
        if space.kind != "choice":
            ballots = (
                ("yes", "yes", "no", "conditional")
                if space.kind == "yes_no_conditional"
                else ("1", "1", "2", "2.5")
            )
            return dice.choice(ballots)
        return self.choice(opened.rule.name, list(space.options))

    def choice(self, rule, options):
        """A ballot on a choice: an option, a ranking or an approval."""
        if rule == "approval":
            return "+".join(self.some(options, 3)) or "-"
        if rule not in RANKED:
            return self.dice.choice((options[0], *options))
        ranked = self.some(options) or options
        return "".join((self.dice.choice(">>=") if place else "") + each for place, each in enumerate(ranked))

    def answer(self, state, standing):
        """What is said to one ask of any round."""
        dice, number = self.dice, int(standing.ask[1:])
        said = dice.choice((*SILENT, *["answer"] * 16))
        claims = [f"{standing.ask}.c{n}" for n in self.some((1, 2, 9, 10), 3)]
        asks = [s.ask for s in state.standings if s.ballot is not None]
        known = [claim.id for s in state.standings if s.answered for claim in s.answered.claims]
        asked = {"review": None, "written": None}
        if standing.ask[0] in "rq" and self.often(0.93):
            votes = {
                claim: dice.choice(("accept", "accept", "reject", "unsure")) for claim in self.some(known)
            }
            asked["review"] = Reviewed(ranking=tuple(self.tiers(asks)), votes=votes)
        if standing.ask[0] == "w" and self.often(0.9):
            kept = tuple((claim,) for claim in self.some(known, 2))
            asked["written"] = Written(sentences=kept, removed=1)
        event = self.build.answered(
            number,
            self.ballot(state.opened),
            said,
            ask=standing.ask,
            card=dice.choice((f"c{number}", f"c{number}", f"c{number}", "c9")),
            claims=tuple(Claim(id=claim, basis=dice.choice(("cited", "stated", "none"))) for claim in claims),
            severity=dice.choice((*[None] * 9, "legality", "safety", "personal_data", "other")),
            repeats=("history",) if self.often(0.05) else (),
            origin=dice.choice(("live", "live", "live", "scripted", "recorded")),
            **asked,
        )
        # An answer without a ballot, and a refusal with one: odd, and no reason to stop.
        return (
            event.model_copy(update={"ballot": "A" if said == "refusal" else None})
            if self.often(0.02)
            else event
        )

    def tiers(self, asks):
        """A ranking of asks, with equals, gaps and strangers."""
        ranked = (
            self.some([*asks, *self.some(["a9"])]) if self.often(0.3) else self.dice.sample(asks, len(asks))
        )
        tiers = []
        for ask in ranked:
            if tiers and self.often(0.15):
                tiers[-1] = (*tiers[-1], ask)
            else:
                tiers += [(), (ask,)] if self.often(0.03) else [(ask,)]
        return tiers

    def classes(self, state):
        """Classes of what was said, all or too few; equal claims under one name, or under one that nobody made."""
        asks = [s.ask for s in state.standings if s.ballot is not None]
        claims = [claim.id for s in state.standings if s.answered for claim in s.answered.claims]
        given = {ask: self.dice.choice(("s1", "s2", "s3", "s4")) for ask in asks}
        given |= {claim: self.dice.choice((*claims, "a9.c1")) for claim in claims if self.often(0.3)}
        return self.build.classified(**given)

    def checked(self, state):
        """What the verifier found."""
        claims = [claim.id for s in state.standings if s.answered for claim in s.answered.claims]
        pairs = tuple(tuple(self.dice.choices(claims, k=2)) for _ in range(2) if self.often(0.3))
        found = {claim: self.dice.choice(SUPPORTS) for claim in claims if self.often(0.9)}
        return Checked(findings=found, contradicting=pairs, method="m")

    def trouble(self, state):
        """What comes between: deadlines, cancellations, a risen label, words of nobody and too soon."""
        numbers = self.some(range(1, self.seats + 1), 2)
        running = tuple(self.some(state.running))
        cancelled = self.build.cancelled(*numbers, by=self.dice.choice(("user", "core", "core")))
        raised = self.build.label_raised(self.seats, barred=numbers)
        spare = [
            each.model_copy(update={"card": "c9"}) for each in self.build.plan(self.seats) if self.often(0.5)
        ]
        kinds = (
            self.build.deadline(),
            cancelled,
            cancelled.model_copy(update={"asks": running}),
            LabelRaised(**(dict(raised) | {"plan": (*raised.plan, *spare)})),
            self.build.answered(9),
            self.build.classified(a1="s1"),
            self.checked(state)
            if state.standings and any(s.answered and s.answered.claims for s in state.standings)
            else self.build.deadline(),
        )
        return self.dice.choice(kinds)

    def next(self, state):
        """The next event: what is waited for, or trouble."""
        if self.often(0.06):
            return self.trouble(state)
        running = [s for s in state.every if s.state == "running"]
        if running:
            return self.answer(state, self.dice.choice(running))
        return self.classes(state) if state.phase == "classifying" else self.checked(state)

    def told(self):
        """All events of the deliberation, the verdict at their end."""
        opened = self.intent()
        state, effects = start(opened)
        events = [opened]
        while state.phase != "decided":
            assert len(events) < MOST_EVENTS
            events.append(self.next(state))
            state, effects = advance(state, events[-1])
        return [*events, next(effect.verdict for effect in effects if isinstance(effect, Decide))]
