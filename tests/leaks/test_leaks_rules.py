"""Leak paths 47, 50 and 53 to 60: what the absence of a call tells, rules that change or break, and what is kept."""

import datetime
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from magi.assets import load_assets
from magi.core.card import Proof, Subprocessor
from magi.core.errors import EgressRefusedError, MalformedFileError, QuestionRefusedError
from magi.core.ports import Draft, Marks
from magi.gateway.client import Client
from magi.gateway.knock import answers
from magi.gateway.offered import offered_models
from magi.gateway.ticket import Wire
from magi.residency.policy import admit
from magi.residency.profile import Profile, parse_profile
from magi.service.labelled import lower_label
from magi.service.question import Turn, take_question
from magi.service.recover import take_up
from magi.wiring import SystemClock, SystemEntropy, today

ROOT = Path(__file__).parents[2]
PUBLIC = "庁舎の花壇に何を植えるとよいか"
WORD = "椿の花壇七三〇一号"
PERSON = "山田太郎さんの個人番号は123456789018です。"
CLASSIFIED = "【特定秘密】椿作戦七三〇一の運用計画をどう要約するか"


def days_ago(days):
    """A day before today, as cards write it."""
    return (today() - datetime.timedelta(days=days)).isoformat()


# 47, 50.


def named_abroad(stage):
    """A foreign card that is reached by a name, so that even looking it up would tell."""
    return lambda _, abroad: {
        "far": stage.foreign_card(f"http://far.example:{abroad.port}/v1", allowed_hosts=("far.example",))
    }


@pytest.mark.parametrize(
    ("text", "label"),
    [(PERSON, "public"), (WORD, None), (WORD, "personal"), (WORD, "secret"), (CLASSIFIED, None)],
)
def test_leak_47_a_sensitive_question_is_silence_abroad(scene, stage, kit, text, label):
    """A question that is not public makes no connection and no look-up abroad; a public one does."""
    play = scene(cards=named_abroad(stage), resolver=kit.Names({"far.example": ("127.0.0.1",)}))
    play.tried(f"{text}どうするか", label=label)
    silence = (play.abroad.connections, list(play.resolver.asked))
    play.ask(PUBLIC)

    assert silence == (0, [])
    assert (play.abroad.connections, play.resolver.asked) == (1, [f"far.example:{play.abroad.port}"])


@pytest.mark.parametrize("fault", ["failing", "hanging", "cutting", "garbling"])
def test_leak_47_trouble_at_home_tells_nothing_abroad(scene, kit, fault):
    """However the seats at home fail on an internal question, nobody abroad hears of it."""
    play = scene()
    play.home.play = kit.failing() if fault == "failing" else getattr(kit, fault)
    outcome = play.tried(
        f"{WORD}に何を植えるとよいか", play.council.model_copy(update={"deadline_seconds": 1}), label=None
    )

    assert outcome == "no_quorum"
    assert play.home.connections >= 3
    assert (play.abroad.connections, play.resolver.asked) == (0, [])


def lines_of(recorder):
    """The request lines that arrived."""
    return [asked.head.split(b"\r\n")[0].decode() for asked in recorder.requests]


def test_leak_50_a_prompt_makes_one_call_a_seat(scene):
    """No health check, warm-up, token count or moderation: nothing before the question, then one chat for each seat."""
    play = scene()
    before = (play.home.connections, play.abroad.connections)
    play.ask(PUBLIC)

    assert before == (0, 0)
    assert lines_of(play.home) == ["POST /v1/chat/completions HTTP/1.1"] * 3
    assert lines_of(play.abroad) == ["POST /v1/chat/completions HTTP/1.1"]


@pytest.mark.parametrize("probe", [answers, offered_models])
@pytest.mark.parametrize(
    "address", ["http://203.0.113.7/v1", "https://far.example/v1", "http://[2001:db8::1]/v1"]
)
def test_leak_50_probes_stay_on_this_machine(scene, probe, address):
    """What asks whether a server is there goes to loopback only, and with no word of anybody; there it is seen."""
    play = scene()
    with pytest.raises(EgressRefusedError) as raised:
        play.run(probe(address))
    play.run(probe(play.abroad.base_url))

    assert raised.value.reason == "knock_beyond_loopback"
    assert play.abroad.connections == 1
    assert lines_of(play.abroad) == (["GET /v1/models HTTP/1.1"] if probe is offered_models else [])


# 53.


class Before(Client):
    """A client whose egress first does something: `act` gets ticket and wire and gives those to send."""

    def __init__(self, *, egress, act, **rest):
        """Put the act before the guard."""
        super().__init__(egress=_Acting(egress, act), **rest)


class _Acting:
    def __init__(self, egress, act):
        self.egress, self.act = egress, act

    async def send(self, ticket, wire, within_ms):
        """Act, then send."""
        return await self.egress.send(*self.act(ticket, wire), within_ms)


def acting(play, act):
    """The scene with an act between client and guard."""
    gate = play.client._admit
    client = Before(
        egress=play.guard,
        act=act,
        mint=play.mint,
        cards=play.cards,
        admit=gate,
        class_of=play.client._class_of,
        clock=SystemClock(),
        entropy=SystemEntropy(),
    )
    play.tools = replace(play.tools, models=client)
    return play


def moved(card, base_url, **changes):
    """The card with another address, or other facts."""
    endpoint = card.endpoint.model_copy(update={"base_url": base_url})
    return card.model_copy(update={"endpoint": endpoint, "backend": card.backend.model_copy(update=changes)})


@pytest.mark.parametrize("edit", ["address", "country", "operator", "gone"])
def test_leak_53_a_card_that_changes_while_a_call_waits(scene, edit):
    """A card edited between ticket and send is refused, whatever changed; edited before, its new address is asked."""
    play = scene()
    card, url = play.cards["c1"], play.abroad.base_url
    changes = {"country": {"host_country": "US"}, "operator": {"operator": "other"}}.get(edit, {})

    def change(ticket, wire):
        if ticket.card == "c1" and edit == "gone":
            del play.cards["c1"]
        elif ticket.card == "c1":
            play.cards["c1"] = moved(card, url, **changes)
        return ticket, wire

    acting(play, change).tried(f"{WORD}に何を植えるとよいか", label=None)
    before = play.abroad.connections
    reasons = [event.reason for event in play.recorded("refused")]
    play.cards["c1"] = moved(card, url)
    acting(play, lambda *given: given).tried(f"{WORD}に何を植えるとよいか", label=None)

    expected = {
        "address": "port",
        "country": "card_changed",
        "operator": "card_changed",
        "gone": "card_unknown",
    }
    assert (before, reasons) == (0, [expected[edit]])
    assert play.seen_abroad(WORD)


def registry(folder, change):
    """A copy of the shipped agents with one change to a foreign card's file."""
    for name in ("agents", "prompts"):
        shutil.copytree(ROOT / name, folder / name)
    file = folder / "agents" / "standin-abroad.toml"
    text = file.read_text("utf-8")
    if change == "duplicate":
        (folder / "agents" / "copy.toml").write_text(text, "utf-8")
    elif change is not None:
        kept = [line for line in text.splitlines() if line.split("=")[0].strip() != change]
        assert len(kept) == len(text.splitlines()) - 1
        file.write_text("\n".join(kept), "utf-8")
    return folder


@pytest.mark.parametrize(
    "change", ["host_country", "provider_country", "inference_scope", "checked_on", "duplicate"]
)
def test_leak_53_a_registry_with_a_gap_does_not_load(tmp_path, change):
    """A missing attribute or an id that stands twice: no card is loaded at all; the untouched registry does load."""
    with pytest.raises(MalformedFileError):
        load_assets(registry(tmp_path / "changed", change))

    assert "standin-abroad" in load_assets(registry(tmp_path / "same", None)).cards


def fourth(stage, **changes):
    """A fourth own agent with these facts, which is really reached abroad; the council seats it beside the three."""

    def cards(_, abroad):
        card = stage.home_cards(abroad.base_url, **changes)["c3"]
        model = card.model.model_copy(update={"developer": "E", "family": "fam-e"})
        return {"c4": card.model_copy(update={"id": "c4", "model": model})}

    return {"cards": cards, "council": stage.council("c1", "c2", "c3", "c4")}


@pytest.mark.parametrize(("days", "asked"), [(91, 0), (90, 1), (-1, 0)])
def test_leak_53_stale_evidence(scene, stage, days, asked):
    """A domestic card whose evidence is 91 days old, or from the future, sees nothing internal; at 90 days it does."""
    play = scene(**fourth(stage, checked_on=days_ago(days)))
    play.ask(f"{WORD}に何を植えるとよいか", label=None)

    assert len(play.abroad.requests) == asked
    assert bool(play.seen_abroad(WORD)) == bool(asked)


JAPANESE_FACTS = {
    "host_country": "JP",
    "inference_scope": "JP",
    "gov_cloud": True,
    "contract": "negotiated",
    "allowed_hosts": ("jp.api.openai.com",),
}


@pytest.mark.parametrize(
    ("days", "admitted"), [(0, True), (90, True), (91, False), (-1, False), (None, False)]
)
def test_leak_53_stale_attestations(stage, days, admitted):
    """A foreign operator's proof of inference in Japan counts for 90 days; stale, future or missing, it is class D."""
    proofs = tuple(
        Proof(fact=fact, value="JP", day=days_ago(days or 0), how="attestation", by="監査 花子")
        for fact in ("project_region", "inference_scope")
        if days is not None
    )
    card = stage.foreign_card("https://jp.api.openai.com/v1", **JAPANESE_FACTS, proofs=proofs)
    ruling = admit(1, card, stage.profile("gennai"), (), today())

    assert ("class_d_not_for_internal" not in ruling.residency) == admitted


# 54.


class Failing(Profile):
    """A profile that breaks when it is asked."""

    def opens(self, label, found):
        """Break."""
        raise LookupError(label, found)


def broken_gate(after):
    """A policy that says yes so many times, then breaks."""
    calls = iter(range(after))

    def gate(card, label, topics):
        if next(calls, None) is None:
            raise LookupError(card.id, label, topics)
        return admit(0, card, load_assets().profile("domestic-only"), (), today())

    return gate


def outcome(play, *args, **more):
    """The outcome, the reason of the refusal, or the kind of an error that nobody foresaw."""
    try:
        return play.tried(*args, **more)
    except Exception as error:  # noqa: BLE001  # its kind is what the test is about
        return type(error).__name__


@pytest.mark.parametrize("where", ["planner", "client", "guard"])
def test_leak_54_a_policy_that_breaks_denies(scene, stage, kit, where):
    """A policy that raises, in planner, client or guard, lets nothing leave; one that says yes does."""
    switches = {
        "planner": {"profile": Failing(**dict(stage.profile()))},
        "client": {"admit": broken_gate(0)},
        "guard": {"admit": broken_gate(4)},  # one yes for each seat's client
    }[where]
    play = scene(**switches)
    told = outcome(play, PUBLIC)
    sound = scene(admit=kit.anybody)
    sound.ask(PUBLIC)

    assert told == "LookupError"
    assert (play.home.connections, play.abroad.connections) == (0, 0)
    assert len(sound.abroad.requests) == 1


def test_leak_54_a_profile_with_a_gap_is_none(stage):
    """A profile that leaves a label out does not load, and a label outside the ladder is denied to every card."""
    table = json.loads(stage.profile().model_dump_json())
    whole = parse_profile(table, "x")
    gap = table | {"admits": {word: found for word, found in table["admits"].items() if word != "internal"}}
    with pytest.raises(MalformedFileError):
        parse_profile(gap, "x")
    card = stage.foreign_card("http://127.0.0.1:9/v1")

    assert admit(0, card, whole, (), today()).admitted
    assert [admit(label, card, whole, (), today()).admitted for label in (-1, 7, 99)] == [False] * 3


# 55.


def swapped(play, *, reissue):
    """An act that swaps the question's text in the body for a canary, under the old ticket or a new one."""

    def act(ticket, wire):
        if ticket.card != "far":
            return ticket, wire
        body = wire.body.replace(PUBLIC.encode(), PERSON.encode())
        other = Wire(wire.method, wire.url, wire.headers, body)
        assert other.body != wire.body
        if not reissue:
            return ticket, other
        again = play.mint.issue(
            other,
            play.cards["far"],
            ask=ticket.ask,
            attempt=ticket.attempt,
            label=ticket.label,
            derived_from=ticket.derived_from,
            now_ms=play.tools.clock.now_ms(),
            nonce=play.tools.entropy.token(16),
        )
        return again, other

    return act


@pytest.mark.parametrize(
    ("reissue", "switches", "reason"),
    [(False, {}, "digest"), (True, {}, "detected"), (True, {"detect": None}, None)],
    ids=["other_bytes", "other_ticket_too", "control"],
)
def test_leak_55_text_that_changes_after_the_check(scene, reissue, switches, reason):
    """Bytes other than those that were checked are refused; checked anew they are read anew; unguarded they leave."""
    play = scene(**switches)
    acting(play, swapped(play, reissue=reissue)).ask(PUBLIC)
    reasons = [event.reason for event in play.recorded("refused")]

    assert reasons == ([] if reason is None else [reason])
    assert bool(play.seen_abroad(PERSON)) == (reason is None)


# 56.

LISTED = "部内限の掲示の公表文をどう書くか"
"""A text that a detector hits, and that a person may overrule."""


def lowered(play, text=LISTED, by="決裁 太郎", reason="公表済みの資料と確認した"):
    """A lowering on record; its number."""
    return play.run(lower_label(play.tools, take_question(text), "public", by, reason))[0]


@pytest.mark.parametrize("missing", [{"by": " "}, {"reason": ""}, {"reason": " \n"}])
def test_leak_56_an_override_needs_a_name_and_a_reason(scene, missing):
    """Without a person's name or a reason nothing is lowered, and the text stays at home."""
    play = scene()
    with pytest.raises(QuestionRefusedError, match="lowering_incomplete"):
        lowered(play, **missing)
    play.ask(LISTED)

    assert play.abroad.connections == 0


def test_leak_56_an_override_serves_one_text_once_cited(scene):
    """Cited, the lowering takes exactly its text abroad; not cited, for another text, or in a conversation, nothing."""
    play = scene()
    number = lowered(play)
    others = [
        play.tried(LISTED),
        play.tried(f"{LISTED}。{WORD}", lowering=number),
        play.tried(LISTED, lowering=number, history=(Turn("user", "前の話"),)),
        play.tried(LISTED, lowering=number + 1),
    ]
    before = play.abroad.connections
    play.ask(LISTED, lowering=number)

    assert others[1:] == ["lowering_other_text", "lowering_needs_new_conversation", "lowering_unknown"]
    assert before == 0
    assert play.seen_abroad(LISTED)


def test_leak_56_an_override_does_not_outlive_a_restart_by_itself(scene, stage):
    """After a restart on the same ledger the text is what the detectors say, unless the lowering is cited again."""
    play = scene()
    number = lowered(play)
    play.run(play.tools.ledger.close())
    made = stage.parts(play.cards)
    play.tools = stage.tools(play.folder, play.cards, made)
    label = play.ask(LISTED).opened.label
    before = play.abroad.connections
    play.ask(LISTED, lowering=number)
    play.run(play.tools.ledger.close())

    assert (label, before) == (1, 0)
    assert play.seen_abroad(LISTED)


# 57.

HANDS = {
    "abroad": (Subprocessor(name="Helper Inc.", country="US"),),
    "country_unknown": (Subprocessor(name="Helper"),),
    "name_only": ("Helper",),
    "list_unknown": "unknown",
    "at_home": (Subprocessor(name="補助社", country="JP"),),
    "none": (),
}


@pytest.mark.parametrize("hands", HANDS)
def test_leak_57_a_domestic_host_with_foreign_hands(scene, stage, hands):
    """A backend in Japan that lets somebody abroad, or nobody knows whom, see its input gets public text only."""
    play = scene(**fourth(stage, subprocessors=HANDS[hands]))
    play.ask(f"{WORD}に何を植えるとよいか", label=None)
    seen = bool(play.seen_abroad(WORD))
    play.ask(PUBLIC)

    assert seen == (hands in ("at_home", "none"))
    assert play.seen_abroad(PUBLIC)


# 58.


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"model": f"other-{WORD}"}, "model_mismatch"),
        ({"usage": {"inference_geo": f"us-{WORD}"}}, "region_mismatch"),
        ({}, None),
    ],
    ids=["model", "region", "control"],
)
def test_leak_58_a_model_that_was_swapped(scene, kit, changes, failure):
    """An answer that names another model or place is no vote, is kept from the reply, and raises an alarm."""
    play = scene()
    answer = "銀杏並木二五〇八案"
    play.home.play = kit.answering(answer, **changes)
    told = play.tried(f"{WORD}に何を植えるとよいか", label=None)
    alarms = play.recorded("alarm")
    said = [event.statement for event in play.recorded("answered")]

    assert told == ("no_quorum" if failure else "majority")
    assert [alarm.reason for alarm in alarms] == ([failure] * 3 if failure else [])
    assert said == ["failure" if failure else "answer"] * 3
    assert len(play.home.requests) == 3
    assert play.leaks(WORD) + play.leaks(answer) == []


# 59, 60.


def left_open(play, opened, question):
    """An intent on record whose process died, as a dead-letter queue would hold it."""
    draft = Draft(opened, {"question": question.to_bytes()})
    play.run(play.tools.ledger.append("d/left", 0, [draft], Marks(owner="gone", ttl_ms=0)))


@pytest.mark.parametrize("changed", ["profile", "gate", "nothing"])
def test_leak_59_what_was_left_open_is_judged_today(scene, stage, changed):
    """Taken up under a stricter policy, an old intent sends nothing abroad; under the same policy it does."""
    play = scene()
    question = take_question(PUBLIC)
    done = play.ask(question)
    left_open(play, done.opened, question)
    first = len(play.abroad.requests)
    strict = stage.profile().model_copy(update={"admits": {**stage.profile().admits, "public": ("A", "B")}})
    if changed != "nothing":
        play.tools = replace(play.tools, models=stage.parts(play.cards, profile=strict).client)
    if changed == "profile":
        play.tools = replace(play.tools, profile=strict)
    taken = play.run(take_up(play.tools, lambda _: True))

    assert [each.deliberation.stream for each in taken] == ["d/left"]
    assert (first, len(play.abroad.requests)) == (1, 2 if changed == "nothing" else 1)
    assert ("not_admitted" in [event.reason for event in play.recorded("refused")]) == (changed == "gate")


def test_leak_59_a_copy_of_the_ledger_shows_nothing(scene, kit):
    """A backup of the files without the tenant key holds no word in any form; with the key the question is there."""
    play = scene()
    done = play.ask(f"{WORD}に何を植えるとよいか", label=None)
    backup = b"".join(path.read_bytes() for path in sorted(play.folder.glob("ledger.db*")))
    ref = next(ref for record in done.records if (ref := record.ref("question")) is not None)
    body = play.run(play.tools.ledger.body(ref, "監査", "t-1"))

    assert len(backup) > 20_000
    assert kit.search(backup, WORD) == []
    assert kit.search(body, WORD)


def test_leak_60_classified_text_is_not_kept(scene):
    """Of classified text the record keeps a keyed digest, length and rule: no word, no plain hash, not even sealed."""
    play = scene()
    told = play.tried(CLASSIFIED)
    (refusal,) = play.recorded()
    sent = (play.home.connections, play.abroad.connections)
    plain = hashlib.sha256(CLASSIFIED.encode()).hexdigest()
    rows = play.run(play.tools.ledger.streams(""))
    again = play.tried("続きはどうか", history=(Turn("user", CLASSIFIED),))

    assert (told, again, sent) == ("classified", "classified_declared" if not refusal.hits else again, (0, 0))
    assert (refusal.reason, refusal.length, bool(refusal.hits)) == ("classified", len(CLASSIFIED), True)
    assert refusal.text_hash not in ("", plain)
    assert play.leaks(CLASSIFIED) + play.leaks("椿作戦七三〇一") == []
    assert rows


def test_leak_60_unmarked_the_same_text_is_kept_and_sent(scene, kit):
    """Without the marking the same words are a question like any other; unheard, the marked ones are seen abroad."""
    play, deaf = scene(), scene(labeller=kit.Deaf())
    play.ask(CLASSIFIED.removeprefix("【特定秘密】").replace("作戦", "花壇"))
    deaf.ask(CLASSIFIED)

    assert play.seen_abroad("椿花壇七三〇一")
    assert deaf.seen_abroad("椿作戦七三〇一")
