"""`magi explain` and a finished deliberation on screen: what really was counted, word for word, and nothing unasked."""

import asyncio
import json
import re
import shutil
from dataclasses import replace
from typing import get_args

import pytest
from rich.cells import cell_len
from rich.console import Console

from magi.api.view import extension
from magi.assets import load_assets
from magi.cli import screen, verdict_shown
from magi.core.decided import Decided, Outcome
from magi.core.record import Answered
from magi.core.space import OpenSpace, YesNoConditionalSpace
from magi.service.account_claims import claim_parts
from magi.service.question import take_question
from magi.service.run import Request, deliberate
from magi.settings import read_settings
from magi.standin.script import Reply
from magi.standin.server import StandIn
from magi.wiring import bind, open_tools, today
from magi.words import catalogue, say

READER = ("--who", "監査 花子", "--why", "K-2026/15")
BRIDGE = "橋の点検は市町村が共同で行うのがよい。"
OPINIONS = {
    "standin-ichi": (
        BRIDGE,
        [("橋の点検費は年40億円である。", "M1"), ("点検の人手は都市に偏る。", "根拠なし")],
    ),
    "standin-ni": ("点検の間隔を延ばすのがよい。", [("点検の人手は都市に偏る。", "根拠なし")]),
    "standin-san": ("ドローンを買うのがよい。", [("ドローンは点検を無料にする。", "根拠なし")]),
    "standin-abroad": ("何もしなくてよい。", [("点検の人手は都市に偏る。", "根拠なし")]),
}
BALLOTS = {"standin-ichi": "はい", "standin-ni": "はい", "standin-san": "いいえ", "standin-abroad": "はい"}


def answer(request):
    """What a scripted seat says at each stage: its opinion, a review that rejects drones, a draft, a ballot."""
    form, text = request.response_format["json_schema"]["schema"]["properties"], request.last_user_text
    if "sentences" in form:
        labels = form["sentences"]["items"]["properties"]["claims"]["items"]["enum"]
        said = {
            label: re.search(rf"^{label}｜(.*)$", text, re.MULTILINE)[1].split("(根拠")[0] for label in labels
        }
        made = [{"text": said[label], "claims": [label]} for label in labels]
        made.append({"text": "なお、予算は500億円である。", "claims": [labels[0]]})
        return {"sentences": made}
    if "ranking" in form:
        votes = form.get("votes", {}).get("items", {}).get("properties", {}).get("claim", {}).get("enum", [])
        lines = {claim: text[text.find(claim) :][:60] for claim in votes}
        cast = [{"claim": c, "vote": "反対" if "ドローン" in lines[c] else "賛成"} for c in votes]
        labels = form["ranking"]["items"]["enum"]
        places = {label: BRIDGE not in text.split(f"{label}の")[-1] for label in labels}
        return {
            "ranking": sorted(labels, key=lambda label: (places[label], label)),
            "votes": cast,
            "reason": "比べた",
        }
    if "claims" in form:
        opinion, claims = OPINIONS[request.model]
        listed = [{"claim": claim, "source": source, "quote": ""} for claim, source in claims]
        return {"answer": opinion, "claims": listed, "reason": f"理由{request.model[-3:]}", "concern": "なし"}
    held = BALLOTS[request.model]
    basis = "道路法第42条" if held == "いいえ" else "根拠なし"
    return {"answer": held, "reason": f"{held}の理由", "basis": basis, "concern": "なし"}


def script(request):
    """The same as a reply."""
    return Reply(json.dumps(answer(request), ensure_ascii=False))


async def deliberated(settings):
    """Both questions put to the council of every stage, over loopback."""
    assets = load_assets(None)
    questions = (
        take_question("橋の点検をどう続けるか述べてください。", OpenSpace()),
        take_question("橋の点検を共同で行うべきか。", YesNoConditionalSpace()),
    )
    async with StandIn(script) as standin:
        cards = {
            name: bind(card, standin.base_url, "scripted", today()) for name, card in assets.cards.items()
        }
        async with open_tools(settings, assets, cards) as tools:
            council = assets.council("rehearsal-review")
            return [await deliberate(tools, Request(question, council, "public")) for question in questions]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A home in which both were deliberated once, and the two deliberations."""
    home = tmp_path_factory.mktemp("played") / "home"
    settings = read_settings({"MAGI_HOME": str(home), "MAGI_ASSETS_DIR": "", "MAGI_LANG": "ja"})
    return home, asyncio.run(deliberated(settings))


@pytest.fixture
def home(command, played):
    """The command with a home of its own that holds both."""
    shutil.copytree(played[0], command.home)
    return command


@pytest.fixture
def opened(played):
    """The open question, decided."""
    return played[1][0]


@pytest.fixture
def closed(played):
    """The yes-no question with a dissent, decided."""
    return played[1][1]


def id_of(done):
    """Its number."""
    return done.stream.removeprefix("d/")


def accesses(home):
    """Who read what, as the ledger lists it."""
    return json.loads(home.run("audit", "accesses", "--json").out)["accesses"]


def shown(done, lang="ja", width=120):
    """A finished deliberation as the terminal shows it."""
    out = Console(width=width, force_terminal=True, color_system=None, record=True, highlight=False)
    with out.capture() as held:
        screen.emit(out, *verdict_shown.deliberation(done, {}, lang))
    return held.get()


def test_sentences_are_those_that_were_counted(opened):
    """What is shown as the reply has the claims, sentence by sentence, that the draft's record has; no more."""
    draft = next(
        r.data for r in opened.records if isinstance(r.data, Answered) and r.data.written is not None
    )
    sentences = extension(opened)["arbitration"]["sentences"]

    assert draft.written.removed == 1
    assert [tuple(each["claims"]) for each in sentences] == list(draft.written.sentences)
    assert "500億円" not in shown(opened)
    assert all(each["unverified"] for each in sentences)
    assert shown(opened).count("【未検証】 [a") == len(sentences)


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("width", [80, 120])
def test_a_screen_shows_the_whole_of_it(opened, closed, lang, width):
    """At both widths and in both languages: outcome, independence, confidence, claims, reasons; no bare s1, no key."""
    for done in (opened, closed):
        text = shown(done, lang, width)
        flat = "".join(text.replace("│", "").split())
        wanted = [
            say(f"outcome.{done.verdict.outcome}", lang),
            say("ask.confidence", lang),
            say("account.ground", lang),
        ]
        wanted += [report.seat.upper() for report in done.verdict.seats]

        assert [word for word in wanted if "".join(word.split()) not in flat] == []
        assert "≒" in text or "≈" in text
        assert not re.search(r"\bs[0-9]\b", text)
        assert not re.search(r"\b(?:account|flag|review|said|outcome|ask)\.[a-z_]+", text)


@pytest.mark.parametrize("width", [80, 120])
def test_no_part_is_wider_than_the_screen(opened, width):
    """Claims, their votes and the materials are broken at the screen's edge and stay indented."""
    out = Console(width=width, force_terminal=True, color_system=None, highlight=False)
    matter = verdict_shown.matter_of(opened, {})
    with out.capture() as held:
        for part in claim_parts(matter, "ja"):
            screen.emit(out, *verdict_shown.part_shown(part))
    lines = held.get().splitlines()

    assert len(lines) > 8
    assert max(map(cell_len, lines)) <= width


def test_every_outcome_has_its_colour(opened):
    """A verdict of any outcome can be shown, in words of its own."""
    matter = verdict_shown.matter_of(opened, {})
    for outcome in get_args(Outcome):
        changed = opened.verdict.model_copy(update={"outcome": outcome})
        out = Console(width=100, color_system=None)
        with out.capture() as held:
            screen.emit(out, *verdict_shown.verdict_shown(replace(matter, verdict=changed), "ja"))

        assert catalogue()[f"outcome.{outcome}"]["ja"] in held.get()


def test_explain_names_who_dissents_why_and_what_would_turn_it(home, closed):
    """The report has the dissent with reason and basis, each seat's absence, and how many ballots it is short of."""
    text = home.run("explain", id_of(closed), *READER).out

    assert "CASPER  いいえ" in text
    assert "理由: いいえの理由 / 根拠(未検証): 道路法第42条" in text
    assert "結論の分かれ目" in text
    assert all(report.seat.upper() in text.split("結論の分かれ目")[1] for report in closed.verdict.seats)
    assert "反論前の票だけで数えれば" in "".join(text.split())
    assert re.search(r"結論を支えていない席", text)


def test_explain_shows_fallen_claims_of_open_text(home, opened):
    """A rejected claim stands there word for word with its votes, an accepted one with what the verifier found."""
    text = "".join(home.run("explain", id_of(opened), *READER).out.split())

    assert "ドローンは点検を無料にする。扱い:退けた" in text
    assert "点検の人手は都市に偏る。扱い:合意【未検証】" in text
    assert "根拠なし/資料との照合:根拠の記載がなく照合できない" in text


def test_explain_without_a_reader_opens_nothing(home, opened):
    """Votes, statuses and turning points are shown from the record alone; no text, no access on record."""
    text = home.run("explain", id_of(opened)).out

    assert "a3.c1" in text
    assert "退けた" in text
    assert say("account.closed", "ja") in text
    assert say("explain.closed", "ja") in text
    assert not any(word in text for word in ("ドローン", "点検", "理由ichi"))
    assert accesses(home) == []


def test_explain_records_every_text_that_it_opens(home, opened):
    """Question, statements and draft are opened under the reader's name and case; reviews stay closed."""
    home.run("explain", id_of(opened), *READER)
    read = accesses(home)
    answered = [
        r.data.ask for r in opened.records if isinstance(r.data, Answered) and r.data.stage != "review"
    ]

    assert sorted(line["body"] for line in read) == sorted(
        ["question", *(f"answer:{ask}" for ask in answered)]
    )
    assert {(line["who"], line["why"]) for line in read} == {("監査 花子", "K-2026/15")}


def test_explain_as_json(home, closed):
    """The verdict as recorded, the dissent with its words, and each absence, as plain values."""
    found = json.loads(home.run("explain", id_of(closed), "--json", *READER).out)

    assert Decided.model_validate_json(json.dumps(found["verdict"])) == closed.verdict
    assert [(each["seat"], each["answer_class"], each["reason"]) for each in found["dissent"]] == [
        ("casper", "no", "いいえの理由")
    ]
    assert [each["seat"] for each in found["turning"]["without"]] == [r.seat for r in closed.verdict.seats]
    assert found["turning"]["ballots_short_of_another"] in (1, 2, 3, "more", "never")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("0123456789abcdef",), "deliberation"),
        (("{id}", "--who", " "), "name_form"),
        (("{id}", "--who", "花子"), "why_form"),
        (("{id}", "--who", "花子", "--why", "長い 理由"), "why_form"),
    ],
)
def test_explain_refuses_what_it_cannot_do(home, closed, words, reason):
    """An unknown number, and a reader without a name or a case number, are refused by name; nothing is opened."""
    done = home.run("explain", *(word.format(id=id_of(closed)) for word in words))

    assert done.reason == reason
    assert accesses(home) == []
