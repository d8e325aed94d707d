"""Residency from end to end: what the stand-in abroad really received, whatever the label, the spelling or the card."""

import asyncio
import base64
import json
from dataclasses import replace

import pytest

from magi.assets import load_assets
from magi.cli.rehearsal import rehearsal
from magi.core.deliberation import start
from magi.core.ports import Draft, Marks
from magi.core.record import Opened, Refused, Ticketed
from magi.gateway.client import Client
from magi.gateway.egress import Guard, Rescan
from magi.gateway.ticket import Mint
from magi.gateway.transport import SendError
from magi.residency.label import Label
from magi.residency.policy import Ruling, is_foreign
from magi.service.question import take_question
from magi.service.recover import take_up
from magi.service.run import Request, deliberate
from magi.standin.rehearsal import plausible
from magi.wiring import SystemClock, SystemEntropy, open_tools

CANARY = "椿の花壇7301"
QUESTION = f"{CANARY}を実施するべきか。はいかいいえで答えてください。"
HOME_CARDS = ("own-a", "own-b", "own-c")
ABROAD = "own-abroad"
FAR = "https://models.example/v1"


def mixed_council(kit, folder, home_url, abroad_url, **abroad):
    """Three own agents and one abroad, quorum 3."""
    agents = {card: kit.card_text(card, home_url) for card in HOME_CARDS}
    agents[ABROAD] = kit.card_text(ABROAD, abroad_url, country="US", scope="GLOBAL", **abroad)
    return kit.write_assets(folder / "assets", agents, quorum=3)


def spellings(text):
    """The byte forms in which a text could lie in a file."""
    raw = text.encode()
    # Base64 of a piece from the middle, so that what stands around it does not matter.
    pieces = {base64.b64encode(raw[shift:])[4:-4] for shift in range(3)}
    escaped = json.dumps(text)[1:-1].encode()
    return {raw, escaped, text.encode("utf-16-le"), text.encode("cp932"), raw.hex().encode(), *pieces}


def holds(blob, text):
    """Whether a text lies in some bytes in any of these forms."""
    return any(form in blob for form in spellings(text))


@pytest.fixture
def sides(kit):
    """A stand-in at home and one abroad."""
    with kit.served(plausible("home")) as home, kit.served(plausible("abroad")) as abroad:
        yield home, abroad


def ask(kit, magi, tmp_path, sides, *arguments):
    """Ask the mixed council through the command."""
    home, abroad = sides
    assets = mixed_council(kit, tmp_path, home.base_url, abroad.base_url)
    return magi.run("ask", "--council", "own", "--json", QUESTION, *arguments, MAGI_ASSETS_DIR=assets)


def test_undeclared_stays_at_home(kit, magi, tmp_path, sides):
    """Without a label nothing reaches the stand-in abroad; the seat is listed as left out, the others answer."""
    home, abroad = sides
    done = ask(kit, magi, tmp_path, sides)

    assert done.code == 0, done.err
    assert (home.arrived, abroad.arrived) == (3, 0)
    assert [entry["card"] for entry in done.json["left_out"]] == [ABROAD]
    assert {line["country"] for line in done.json["who_saw_what"]} == {"JP"}


def test_public_goes_abroad(kit, magi, tmp_path, sides):
    """Declared public, the same question reaches the stand-in abroad once, and who saw what says so."""
    home, abroad = sides
    done = ask(kit, magi, tmp_path, sides, "--label", "public")

    assert (home.arrived, abroad.arrived) == (3, 1)
    assert CANARY in abroad.requests[0].last_user_text
    assert [line["country"] for line in done.json["who_saw_what"]].count("US") == 1


@pytest.mark.parametrize("word", ["personal", "sensitive-personal", "internal", "機密性2"])
def test_stricter_labels_stay_at_home(kit, magi, tmp_path, sides, word):
    """Every label above public keeps the stand-in abroad without a request."""
    home, abroad = sides
    done = ask(kit, magi, tmp_path, sides, "--label", word)

    assert (done.code, home.arrived, abroad.arrived) == (0, 3, 0)


@pytest.mark.parametrize("word", ["secret", "機密性3", "specific-personal"])
def test_labels_that_admit_nobody_send_nothing(kit, magi, tmp_path, sides, word):
    """A label that none of these agents may see sends nothing to anybody: exit code 2, with the reasons."""
    home, abroad = sides
    done = ask(kit, magi, tmp_path, sides, "--label", word)

    assert (done.code, home.arrived, abroad.arrived) == (2, 0, 0)
    assert ABROAD in done.err
    assert CANARY not in done.err


@pytest.mark.parametrize(
    "word",
    [
        "Public",
        "PUBLIC",
        " public",
        "public ",
        "public\n",
        "ＰＵＢＬＩＣ",
        "機密性１",
        "機密性 1",
        "公開 ",
        "0",
        "",
    ],
)
def test_a_near_miss_is_never_public(kit, magi, tmp_path, sides, word):
    """A label that is not spelled exactly is refused as unknown; nothing is sent to anybody."""
    home, abroad = sides
    done = ask(kit, magi, tmp_path, sides, "--label", word)

    assert (done.code, done.out) == (2, "")
    assert (home.arrived, abroad.arrived) == (0, 0)
    assert "public" in done.err


def test_the_canary_is_only_where_it_may_be(kit, magi, tmp_path, sides):
    """The question's words reach the stand-ins at home; no log line, request abroad or ledger byte holds them."""
    home, abroad = sides
    done = ask(kit, magi, tmp_path, sides)
    files = b"".join(path.read_bytes() for path in magi.home.iterdir())

    assert all(CANARY in request.last_user_text for request in home.requests)
    assert abroad.arrived == 0
    assert not holds(done.err.encode(), CANARY)
    assert "deliberation.decided" in done.err  # the log line was written, without it
    assert len(files) > 50_000
    assert not holds(files, CANARY)
    assert holds(json.dumps({"x": QUESTION}).encode(), CANARY)  # the search finds what is there


def test_the_rehearsal_command_keeps_to_the_label(magi):
    """`magi ask --rehearsal` sends abroad only what was declared public, by its own record."""
    inside = magi.run("ask", "--rehearsal", "--json", QUESTION).json
    public = magi.run("ask", "--rehearsal", "--json", "--label", "public", QUESTION).json

    assert [line["country"] for line in inside["who_saw_what"]] == ["JP"] * 3
    assert sorted(line["country"] for line in public["who_saw_what"]) == ["JP"] * 3 + ["US"]
    assert magi.run("replay", "--all").code == 0


def test_the_rehearsal_cast_abroad_receives_public_only(magi):
    """The rehearsal's own stand-in abroad gets nothing undeclared and everything declared public."""
    config = magi.settings()

    async def arrivals():
        assets = load_assets(None)
        async with rehearsal(assets.cards) as cast, open_tools(config, assets, cast.cards) as tools:
            counts = []
            for place, label in enumerate((None, "personal", "public")):
                text = f"{QUESTION}({place})"
                request = Request(take_question(text), assets.council("rehearsal"), label)
                await deliberate(tools, request)
                counts.append(cast.abroad.arrived)
            return counts

    assert asyncio.run(arrivals()) == [0, 0, 1]


def test_a_distant_foreign_card_is_left_out_of_what_is_not_public(kit, magi, tmp_path, sides):
    """A foreign agent beyond this machine is left out by the planner of whatever was not declared public."""
    home, _ = sides
    assets = mixed_council(kit, tmp_path, home.base_url, FAR, cert_pin="system-ca")
    done = magi.run("ask", "--council", "own", "--json", QUESTION, MAGI_ASSETS_DIR=assets)

    assert (done.code, home.arrived) == (0, 3)
    (left_out,) = done.json["left_out"]
    assert "class_d_not_for_internal" in left_out["reasons"]


class Nobody:
    """A transport and a resolver that note what they are asked; nothing ever leaves."""

    def __init__(self):
        """Nothing asked yet."""
        self.requests = []

    async def handle_async_request(self, request):
        """Note a request; nobody is there."""
        self.requests.append(request)
        raise SendError("connect_failed", "no")

    async def resolve(self, host, port):
        """An address of the documentation block (RFC 5737)."""
        del host, port
        return ("203.0.113.7",)


def find(texts, cleared):
    """A detector of the canary."""
    hit = any(CANARY in text for text in texts) and not cleared
    return Rescan(Label.SECRET, frozenset(), ("canary",)) if hit else Rescan(Label.PUBLIC, frozenset(), ())


def gateway(cards, nobody, admit, detect):
    """A client and guard of the real code with this policy and these detectors; nothing it sends leaves."""
    clock, mint = SystemClock(), Mint(b"m" * 32)
    guard = Guard(
        mint=mint,
        cards=cards,
        admit=admit,
        is_foreign=is_foreign,
        detect=detect,
        detect_long=None,
        resolver=nobody,
        transport=nobody,
        secrets={},
        clock=clock,
    )
    return Client(
        egress=guard,
        mint=mint,
        cards=cards,
        admit=admit,
        class_of=lambda _: "A",
        clock=clock,
        entropy=SystemEntropy(),
    )


def everything(card, label, topics):
    """A policy that admits everything."""
    del card, label, topics
    return Ruling()


def public_abroad(card, label, topics):
    """A policy that admits public text to foreign cards, and everything to the others."""
    del topics
    return Ruling(("above_public",) if is_foreign(card) and label else ())


def forged(opened, label):
    """The same intent with a plan that admits every card: what a wrong planner would have recorded."""
    plan = tuple(entry.model_copy(update={"admitted": True, "reasons": ()}) for entry in opened.plan)
    return opened.model_copy(update={"plan": plan, "label": label})


WRONG = {
    "not_admitted": None,  # the gateway of the tools themselves
    "detector_missing": (everything, None, Label.INTERNAL),
    "detected": (public_abroad, find, Label.PUBLIC),
}
"""By the reason for which the forged send is refused: policy and detectors of the gateway, and the forged label."""


@pytest.mark.parametrize("reason", WRONG)
def test_a_wrong_plan_does_not_get_past_the_gateway(kit, magi, tmp_path, sides, reason):
    """A recorded plan that admits a distant foreign card is stopped by the policy, and without it by the guard."""
    home, policy_holds = sides[0], reason == "not_admitted"
    assets_dir = mixed_council(kit, tmp_path, home.base_url, FAR, cert_pin="system-ca")
    nobody = Nobody()

    async def taken_up(config):
        async with kit.service(config) as (tools, assets):
            question = take_question(QUESTION)
            first = await deliberate(tools, Request(question, assets.council("own")))
            body, marks = question.to_bytes(), Marks(owner="a process that died", ttl_ms=0)
            admit, detect, label = WRONG[reason] or (None, None, Label.INTERNAL)
            models = tools.models if policy_holds else gateway(tools.cards, nobody, admit, detect)
            intent = Draft(forged(first.opened, int(label)), {"question": body})
            await tools.ledger.append("d/forged", 0, [intent], marks)
            (taken,) = await take_up(replace(tools, models=models), lambda _: True)
            return taken.deliberation.records

    records = asyncio.run(taken_up(magi.settings(MAGI_ASSETS_DIR=assets_dir)))
    opened = next(r.data for r in records if isinstance(r.data, Opened))
    foreign_ask = f"a{1 + [plan.targets for plan in opened.seats].index((ABROAD,))}"
    refusals = [r.data for r in records if isinstance(r.data, Refused) and r.data.ask == foreign_ask]

    assert len(start(opened)[0].running) == 4  # the plan did admit it
    assert [(each.by, each.reason) for each in refusals] == [("egress", reason)]
    assert {request.url.host for request in nobody.requests} <= {"127.0.0.1"}
    tickets = [r.data for r in records if isinstance(r.data, Ticketed) and r.data.ask == foreign_ask]
    assert len(tickets) == (0 if policy_holds else 1)
    assert home.arrived == 3 + (3 if policy_holds else 0)
