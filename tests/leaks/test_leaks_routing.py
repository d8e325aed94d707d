"""Leak paths 1 to 5 and 17 to 21: which backend is picked when one fails, hangs, or is not what its host suggests.

Controls: a client that takes any fallback, gates that say yes, and the same card with the one fact that was missing.
"""

import pytest

from magi.core.card import Proof
from magi.core.errors import CouncilRefusedError, EgressRefusedError, UnknownNameError
from magi.gateway.client import Client
from magi.gateway.protocols.openai_chat import render
from magi.gateway.ticket import Wire
from magi.gateway.transport import PinnedTransport
from magi.wiring import today

PUBLIC = "庁舎の花壇に何を植えるとよいか"


class AnyFallback(Client):
    """A client that goes on to the next card, whatever it is."""

    def _is_looser(self, target, first):
        del target, first
        return False


FAULTS = {
    "500": lambda kit: kit.failing(500, b"{}", "Retry-After: 0"),
    "503": lambda kit: kit.failing(503, b"{}", "Retry-After: 0"),
    "401": lambda kit: kit.failing(401),
    "hang": lambda kit: kit.hanging,
    "cut": lambda kit: kit.cutting,
    "garbage": lambda kit: kit.garbling,
}


@pytest.mark.parametrize("fault", [*FAULTS, "gone"])
def test_leak_01_a_home_that_fails_sends_nothing_abroad(scene, stage, kit, fault):
    """Whatever the seats at home fail of, the text stays and the failure has its name; public text goes abroad."""
    play = scene(council=stage.council(seconds=2))
    if fault == "gone":
        stage.run(play.home.stop())
    else:
        play.home.play = FAULTS[fault](kit)
    done = play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    quiet = (play.leaks(kit.WORD), play.abroad.connections)
    play.ask(PUBLIC)

    assert (done.verdict.outcome, quiet) == ("no_quorum", ([], 0))
    assert {seat.said for seat in done.verdict.seats} == {"failure", "not_admitted"} or fault == "hang"
    assert play.seen_abroad(PUBLIC)


@pytest.mark.parametrize("label", [None, "public", "personal"])
def test_leak_01_a_fallback_abroad_is_refused(scene, stage, kit, label):
    """A seat at home with a fallback abroad makes no council, under any label; nothing is sent to anybody."""
    play = scene(council=stage.council(("c1", "far"), "c2", "c3"))
    play.home.play = kit.failing()
    with pytest.raises(CouncilRefusedError, match="looser_fallback"):
        play.ask(f"{kit.WORD}をどうするとよいか", label=label)

    assert (play.leaks(kit.WORD), play.abroad.connections, play.home.connections) == ([], 0, 0)


@pytest.mark.parametrize("label", [0, 1])
def test_leak_01_the_client_takes_no_fallback_abroad(scene, kit, label):
    """Asked directly, the client stops at the border, with public text too; one that takes any fallback goes on."""
    play, control = scene(admit=kit.anybody), scene(admit=kit.anybody, client=AnyFallback)
    for each in (play, control):
        each.home.play = kit.failing(500)
        each.say(kit.WORD, "c1", "far", label=label)

    assert (play.leaks(kit.WORD), play.abroad.connections) == ([], 0)
    assert [report.failure for report in play.reports] == ["http_500", "egress_looser_fallback"]
    assert control.seen_abroad(kit.WORD)


def test_leak_02_retries_over_mixed_classes_keep_to_what_is_admitted(scene, stage, kit):
    """A seat abroad with a fallback at home: public text tries both, any other text skips the one abroad each time."""
    home, abroad = kit.Recorder(), kit.Recorder()
    failing = kit.failing(503, b"{}", "Retry-After: 0")
    home.play = abroad.play = failing
    council = stage.council(("far", "c1"), "c2", "c3", "c4", attempts=3)
    play = scene(home=home, abroad=abroad, council=council, cards=fourth(stage))
    play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    quiet = (play.leaks(kit.WORD), abroad.connections, len(home.requests))
    play.ask(PUBLIC)

    assert quiet == ([], 0, 12)
    assert len(abroad.requests) == 3
    assert play.seen_abroad(PUBLIC)


def fourth(stage):
    """One more card at home, of a fourth maker."""

    def cards(home, _abroad):
        made = stage.home_cards(home.base_url)["c1"]
        model = made.model.model_copy(update={"developer": "D", "family": "fam-d"})
        return {"c4": made.model_copy(update={"id": "c4", "model": model})}

    return cards


def test_leak_03_no_second_call_is_opened_beside_one_that_hangs(scene, stage, kit):
    """While the seats at home hang, no call runs beside them abroad or twice at home; public text goes abroad."""
    play = scene(council=stage.council(seconds=1, attempts=3))
    play.home.play = kit.hanging
    play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    quiet = (play.leaks(kit.WORD), play.abroad.connections, play.home.connections)
    play.ask(PUBLIC)

    assert quiet == ([], 0, 3)
    assert play.abroad.connections == 1
    assert play.seen_abroad(PUBLIC)


def test_leak_04_a_quick_and_healthy_card_abroad_is_never_preferred(scene, stage, kit):
    """A card abroad that answers at once beside failing ones gets public questions only, however often."""
    play = scene(council=stage.council(("far", "c1"), "c2", "c3", "c4"), cards=fourth(stage))
    play.home.play = kit.failing(500)
    for number in range(4):
        play.ask(f"{PUBLIC}、その{number}")
        play.ask(f"{kit.WORD}をどうするとよいか、その{number}", label=None)

    assert play.leaks(kit.WORD) == []
    assert len(play.abroad.requests) == 4
    assert play.seen_abroad(PUBLIC)


def test_leak_05_a_name_that_chooses_itself_is_never_admitted(scene, stage):
    """A card whose model is auto, a router or latest sees nothing, whatever its facts; its twin with a name does."""
    for model, seen in (("openrouter/auto", False), ("m", True)):
        play = scene(
            cards=lambda _, abroad, model=model: {"far": stage.foreign_card(abroad.base_url, model=model)}
        )
        play.ask(PUBLIC)

        assert bool(play.seen_abroad(PUBLIC)) is seen
        assert (play.abroad.connections > 0) is seen


def test_leak_05_an_alias_is_no_seat(scene, stage, kit):
    """A council on a name that is no card (auto) is refused before anything is sent."""
    play = scene(council=stage.council("c1", "c2", "auto"))
    with pytest.raises(UnknownNameError):
        play.ask(f"{kit.WORD}をどうするとよいか")

    assert (play.leaks(kit.WORD), play.abroad.connections, play.home.connections) == ([], 0, 0)


def test_leak_05_the_body_names_the_cards_model(scene, kit):
    """A body that asks a home gateway for a foreign model is refused, even with our own ticket for those bytes."""
    play = scene()
    sent = {}
    for model in ("m", "gpt-far"):
        card = play.cards["c1"]
        named = card.model_copy(update={"endpoint": card.endpoint.model_copy(update={"model": model})})
        plain = render(named, "system", kit.WORD, None)
        wire = Wire(plain.method, plain.url, plain.headers, plain.body)
        ticket = play.mint.issue(
            wire, card, ask="a", attempt=1, label=1, derived_from=(), now_ms=play.tools.clock.now_ms(),
            nonce=model.encode(),
        )  # fmt: skip
        try:
            sent[model] = play.run(play.guard.send(ticket, wire, 5_000)).status
        except EgressRefusedError as error:
            sent[model] = error.reason

    assert sent == {"m": 200, "gpt-far": "body_model"}
    assert len(play.home.requests) == 1
    assert play.leaks(kit.WORD) == []


def test_leak_05_an_answer_of_another_model_is_discarded(scene, kit):
    """A router behind a home card that lets another model answer: the answer counts for nothing, with an alarm."""
    play = scene()
    play.home.play = kit.answering(model="gpt-far")
    done = play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    play.home.play = kit.answering()
    right = play.ask(f"{kit.WORD}をどうするとよいか", label=None)

    assert {seat.failure for seat in done.verdict.seats if seat.said == "failure"} == {"model_mismatch"}
    assert (done.verdict.outcome, right.verdict.outcome) == ("no_quorum", "majority")
    assert len(play.recorded("alarm")) == 3
    assert play.leaks(kit.WORD) == []


# 17-21: endpoints that suggest Japan.

JAPANESE = {
    "host_country": "JP",
    "inference_scope": "JP",
    "provider_country": "US",
    "parent_country": "US",
    "gov_cloud": True,
    "trains_on_input": False,
    "retention_days": 0,
    "human_review": False,
    "subprocessors": (),
    "closed_network": False,
    "contract": "negotiated",
}
"""The best that a foreign operator's card can claim: class C, if nothing refutes it."""

AWS = "bedrock-runtime.ap-northeast-1.amazonaws.com"
AZURE = "ministry.openai.azure.com"
TOKYO, GLOBAL = "asia-northeast1-aiplatform.googleapis.com", "aiplatform.googleapis.com"
ALIBABA = "dashscope-intl.aliyuncs.com"
SCOPE = {"inference_scope": "JP"}

CASES = {
    "17 global": (AWS, "global.anthropic.claude-x-v1:0", SCOPE, {}, (AWS, "jp.anthropic.claude-x-v1:0", SCOPE)),
    "17 apac": (AWS, "apac.anthropic.claude-x-v1:0", SCOPE, {}, (AWS, "jp.anthropic.claude-x-v1:0", SCOPE)),
    "17 us-east-1": (
        "bedrock-runtime.us-east-1.amazonaws.com", "jp.anthropic.claude-x-v1:0", SCOPE, {},
        (AWS, "jp.anthropic.claude-x-v1:0", SCOPE),
    ),
    "18 unproven": (AZURE, "gpt", SCOPE, {}, (AZURE, "gpt", SCOPE | {"deployment_sku": "Standard"})),
    "18 GlobalStandard": (
        AZURE, "gpt", SCOPE | {"deployment_sku": "GlobalStandard"}, {},
        (AZURE, "gpt", SCOPE | {"deployment_sku": "Standard"}),
    ),
    "19 global": (GLOBAL, "gemini-x", SCOPE, {}, (TOKYO, "gemini-x", SCOPE)),
    "19 unlisted model": (TOKYO, "gemini-new", {}, {}, (TOKYO, "gemini-x", SCOPE)),
    "20 Tokyo, Global scope": (
        ALIBABA, "qwen", SCOPE, {"provider_country": "CN", "parent_country": "CN"}, None,
    ),
    "20 by another name": (ALIBABA, "qwen", SCOPE, {}, None),
    "21 global host": (
        "api.openai.com", "gpt", SCOPE, {}, ("jp.api.openai.com", "gpt", SCOPE | {"project_region": "JP"}),
    ),
    "21 global project": (
        "jp.api.openai.com", "gpt", SCOPE | {"project_region": "US"}, {},
        ("jp.api.openai.com", "gpt", SCOPE | {"project_region": "JP"}),
    ),
}  # fmt: skip
"""Host, model, proofs and further claims of the card; then those of the twin that may see internal text."""


def provider(stage, kit, scene, folder, case, **switches):
    """A scene under the profile that admits proven inference in Japan; its card abroad is at a provider's host."""
    host, model, proofs, claims = case
    ours = kit.authority()
    day = today().isoformat()
    bound = tuple(
        Proof(fact=fact, value=value, day=day, how="attestation", by="監査 花子")
        for fact, value in proofs.items()
    )

    def cards(_home, abroad):
        facts = JAPANESE | {"model": model, "lineage": None, "proofs": bound} | claims
        return {"far": stage.foreign_card(f"https://{host}:{abroad.port}/v1", **facts)}

    return scene(
        abroad=kit.Recorder(tls=kit.serving(folder, ours, host)),
        cards=cards,
        profile=stage.profile("gennai"),
        resolver=kit.Names({host: ("127.0.0.1",)}),
        transport=PinnedTransport(kit.trusting(ours)),
        **switches,
    )


@pytest.mark.parametrize("name", sorted(CASES))
def test_leak_17_18_19_20_21_a_host_that_only_suggests_japan_is_not_asked(scene, stage, kit, tmp_path, name):
    """A card refuted or not proven is left out before its name is looked up; its proven twin, or no gate, sends."""
    *case, twin = CASES[name]
    play = provider(stage, kit, scene, tmp_path, case)
    play.ask(f"{kit.WORD}をどうするとよいか", label="internal")
    control = provider(stage, kit, scene, tmp_path, case, admit=kit.anybody)
    control.say(kit.WORD, "far", label=1)

    assert (play.leaks(kit.WORD), play.abroad.connections, play.resolver.asked) == ([], 0, [])
    assert control.seen_abroad(kit.WORD)
    if twin is not None:
        right = provider(stage, kit, scene, tmp_path, (*twin, {}))
        right.ask(f"{kit.WORD}をどうするとよいか", label="internal")

        assert right.seen_abroad(kit.WORD)
