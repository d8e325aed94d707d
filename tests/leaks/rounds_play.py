"""The stage of the later rounds: stand-ins that tell from a request which stage it is, and play each seat's part.

Loaded by path (test folders are no packages). Cards at home name themselves `model-c1` to `model-c3`, the one abroad
`m`, so a recorder can tell who is asked. `SAID` gives every seat a word of its own that no detector knows.
"""

import json
from dataclasses import dataclass, field

from magi.core.council import Council
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace, YesNoConditionalSpace
from magi.core.terms import ArbitrationRules

OPEN = "庁舎の花壇に何を植えるとよいか"
CLOSED = "庁舎の花壇に花を植えるとよいか"
YES_NO = YesNoConditionalSpace()
CHOICE = ChoiceSpace(options=("A", "B", "C"))
OPTIONS = {"A": "桜草", "B": "小菊", "C": "山萩"}
CLOSED_WAYS = {
    "answer": {"space": YES_NO},
    "ranking": {"space": CHOICE, "options": OPTIONS},
    "approved": {"space": CHOICE, "options": OPTIONS},
}
"""What a form asks for, and the question that it is asked of."""
RULES = {"answer": "plurality", "ranking": "schulze", "approved": "approval"}
SEATS = {"model-c1": 1, "model-c2": 2, "model-c3": 3, "m": 4, "model-c4": 4}
"""The seat of each model; `model-c4` is a fallback at home of the one abroad, where a council has it."""
FLOWERS = dict(zip(SEATS, ("桜草", "小菊", "山萩", "薔薇", "薔薇"), strict=True))
SAID = {model: f"第{number}案は{FLOWERS[model]}です" for model, number in SEATS.items()}
HELD = {
    "answer": ("はい", "いいえ", "はい", "いいえ"),
    "ranking": (["A", "B"], ["B", "A"], ["A", "C"], ["B", "C"]),
    "approved": (["A"], ["B"], ["A", "C"], ["B", "C"]),
}


def schema_of(asked):
    """The properties of the form that a request holds."""
    return asked.json["response_format"]["json_schema"]["schema"]["properties"]


def user_of(asked):
    """What the user's message of a request says."""
    return asked.json["messages"][-1]["content"]


def stage_of(asked):
    """Which stage a request belongs to, by its form and its template."""
    fields = schema_of(asked)
    if "sentences" in fields:
        return "write"
    if "ranking" in fields and "basis" not in fields:
        return "review"
    return "rebuttal" if "もう一度答えてください" in user_of(asked) else "answer"


def stages(recorder, model=None):
    """The stages that a recorder was asked in, of all seats or of one."""
    return [stage_of(each) for each in recorder.requests if model in (None, each.json["model"])]


def plain(asked):
    """What a seat says that follows the form: its own position, a vote for everything, a draft from the first claim."""
    fields, model = schema_of(asked), asked.json["model"]
    if "sentences" in fields:
        return {"sentences": [{"text": "花壇には第1案から第4案の花を植えます。", "claims": ["主張1"]}]}
    if "ranking" in fields and "basis" not in fields:
        claims = fields["votes"]["items"]["properties"]["claim"]["enum"] if "votes" in fields else []
        votes = [{"claim": claim, "vote": "賛成"} for claim in claims]
        return {"ranking": fields["ranking"]["items"]["enum"], "votes": votes, "reason": f"{SAID[model]}"}
    if "claims" in fields:
        claim = {"claim": f"花壇に植える{SAID[model]}", "source": "", "quote": ""}
        return {"answer": SAID[model], "claims": [claim], "reason": SAID[model], "concern": "なし"}
    first = next(name for name in HELD if name in fields)
    return {
        first: HELD[first][SEATS[model] - 1],
        "reason": f"{SAID[model]}",
        "basis": "",
        "concern": "なし",
    }


@dataclass
class Parts:
    """Plays every seat; `parts` maps (stage, model) to what replaces some of its words, or to another play.

    A part is a mapping that joins the plain words, a text that stands in their place, or a callable that plays the
    request itself (and may hang).
    """

    kit: object
    parts: dict = field(default_factory=dict)
    tries: dict = field(default_factory=dict)

    def __call__(self, asked):
        """Play one request."""
        key = (stage_of(asked), asked.json["model"])
        self.tries[key] = self.tries.get(key, 0) + 1
        part = self.parts.get(key, {})
        if callable(part):
            played = part(asked)
            if not isinstance(played, dict | str):
                return played
            part = played
        words = part if isinstance(part, str) else plain(asked) | part
        return self.say(asked, words)

    def say(self, asked, words):
        """A whole reply with these words."""
        content = words if isinstance(words, str) else json.dumps(words, ensure_ascii=False)
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        whole = {"model": asked.json["model"], "choices": [choice], "usage": usage}
        return self.kit.http(200, json.dumps(whole).encode())

    def later(self, part):
        """A part that fails once first, so that it comes after everybody else's."""
        seen = []

        def play(asked):
            seen.append(asked)
            return part if len(seen) > 1 else self.kit.http(503, b"{}")

        return play


def council(stage, way="answer", *, writer="s1", targets=(), **changes):
    """The council of the scene with every stage; of a closed `way` with the rule that asks for it."""
    made = stage.council(*targets, attempts=2, **changes)
    fields = {name: getattr(made, name) for name in Council.model_fields}
    rules = ArbitrationRules(rebuttal=True, peer_review=True, severity_floor=True, writer=writer)
    return Council(**(fields | {"rule": Rule(name=RULES[way]), "arbitration": rules}))


def named(stage):
    """Cards at home that name themselves apart, and one more, `c4`."""

    def cards(home, _abroad):
        bound = stage.home_cards(home.base_url)
        maker = bound["c1"].model.model_copy(update={"developer": "D", "family": "fam-d"})
        bound["c4"] = bound["c1"].model_copy(update={"id": "c4", "model": maker})
        return {
            name: card.model_copy(
                update={"endpoint": card.endpoint.model_copy(update={"model": f"model-{name}"})}
            )
            for name, card in bound.items()
        }

    return cards


def played(scene, stage, kit, parts=None, way="answer", *, writer="s1", seconds=10, targets=(), **switches):
    """A scene of this council with every seat played on both sides of the border; scene and parts."""
    court = council(stage, way, writer=writer, seconds=seconds, targets=targets)
    play = scene(cards=named(stage), council=court, **switches)
    acted = Parts(kit, dict(parts or {}))
    play.home.play = play.abroad.play = acted
    return play, acted


def ask(play, way=None, text=None, **changes):
    """Ask the open question, or that of a closed way."""
    if way is None:
        return play.ask(text or OPEN, **changes)
    return play.ask(text or CLOSED, **(CLOSED_WAYS[way] | changes))


async def bodies(ledger):
    """Every body that the ledger keeps, by record and name."""
    return [
        (record.data, ref.name, await ledger.body(ref, "test", "search"))
        for stream in await ledger.streams("d/")
        for record in await ledger.read(stream)
        for ref in record.refs
    ]
