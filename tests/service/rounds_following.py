"""A council with every stage on the rig of this folder, and scripted models that follow the form they are asked with.

Loaded by path (test folders are no packages). Where a script has no entry for an ask, its words are `following`.
"""

import asyncio
import json
from dataclasses import dataclass, field

from magi.core.council import Council
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace, OpenSpace, YesNoConditionalSpace
from magi.core.terms import ArbitrationRules
from magi.replay.rearbitrate import rearbitrate
from magi.service.question import take_question
from magi.service.run import deliberate

OPEN = take_question("花壇に何を植えるとよいか。", OpenSpace())
CLOSED = take_question("花壇に花を植えるべきか。", YesNoConditionalSpace())
CHOICE = take_question(
    "どれがよいか。", ChoiceSpace(options=("A", "B", "C")), {"A": "桜草", "B": "小菊", "C": "山萩"}
)
QUESTIONS = {"review": OPEN, "rebuttal": CLOSED}
FLOWERS = ("桜草", "小菊", "山萩", "薔薇")
HELD = (("はい", ["A", "B"]), ("いいえ", ["B", "A"]), ("はい", ["A", "C"]), ("いいえ", ["C"]))


@dataclass
class Following:
    """The `Models` port around a scripted one: where the script is silent, words that follow the form of the ask."""

    inner: object
    told: dict = field(default_factory=dict)

    async def ask(self, order, authorise, failed):
        """Say what the form asks for, unless the script says something else."""
        self.inner.script.setdefault(order.ask, json.dumps(self.words(order), ensure_ascii=False))
        return await self.inner.ask(order, authorise, failed)

    def words(self, order):
        """Words that follow the form, joined by what `told` adds for this ask."""
        return following(order) | self.told.get(order.ask, {})


def following(order):
    """Words that follow the form: a position of its own, every claim accepted, a draft from the first claim."""
    fields, place = order.schema["properties"], int(order.ask[1:]) - 1
    if "sentences" in fields:
        return {"sentences": [{"text": "花壇には花を植えます。", "claims": ["主張1"]}]}
    if "ranking" in fields and "basis" not in fields:
        claims = fields["votes"]["items"]["properties"]["claim"]["enum"] if "votes" in fields else []
        votes = [{"claim": claim, "vote": "賛成"} for claim in claims]
        return {"ranking": fields["ranking"]["items"]["enum"], "votes": votes, "reason": "確かだから"}
    if "claims" in fields:
        claim = {"claim": f"花壇には{FLOWERS[place]}の花を植える。", "source": "", "quote": ""}
        return {
            "answer": f"{FLOWERS[place]}を植える。",
            "claims": [claim],
            "reason": "理由",
            "concern": "なし",
        }
    first = next(name for name in ("answer", "ranking", "approved") if name in fields)
    return {
        first: HELD[place][first != "answer"],
        "reason": f"{FLOWERS[place]}だから",
        "basis": "",
        "concern": "なし",
    }


def with_rounds(run, rule, rules):
    """Give a rig's council every stage, and models that follow the form."""
    fields = {name: getattr(run.council, name) for name in Council.model_fields}
    given = {"rebuttal": True, "peer_review": True, "severity_floor": True, "writer": "s1"} | rules
    run.council = Council(**(fields | {"rule": Rule(name=rule), "arbitration": ArbitrationRules(**given)}))
    run.tools = run.make_tools(models=Following(run.models))
    return run


def ask(run, question=OPEN, watch=lambda _: None):
    """Deliberate to the end."""
    return asyncio.run(deliberate(run.tools, run.request(question), watch))


def closed(run):
    """Whether the one stream has exactly one verdict, and replays to it."""
    records = run.ledger.entries[run.ledger.only]
    return rearbitrate("d", records).result == "same" and [r.kind for r in records].count("decided") == 1


def asks_of(run):
    """The asks that were sent."""
    return {name for name, _ in run.sends}


def reply_of(run):
    """The recorded reply."""
    ref = run.ledger.entries[run.ledger.only][-1].ref("reply")
    return json.loads(run.ledger.bodies[ref.commitment])


EVERY = {
    "review": {"a1", "a2", "a3", "r1", "r2", "r3", "q1", "q2", "q3", "w1"},
    "rebuttal": {"a1", "a2", "a3", "b1", "b2", "b3"},
}
