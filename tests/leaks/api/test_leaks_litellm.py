"""What a common gateway was seen to leak (facts: STACK.md), asked of this one over its HTTP service."""

import json
import re

import pytest

from magi.assets import load_assets
from magi.core.errors import MalformedFileError
from magi.residency.label import Label
from magi.settings import read_settings
from magi.wiring import labeller, open_tools

PUBLIC = "庁舎の花壇に何を植えるとよいか"
PERSON = "山田太郎さんの個人番号は123456789018です。"
WORD = "椿の花壇七三〇一号"
ASKED = f"{WORD}に何を植えるとよいか"
OWN = """
[[entry]]
id = "camellia"
words = ["椿の花壇七三〇一号"]
label = "internal"
ja = "計画の名前です。"
en = "The name of a plan."
"""


# The guardrail that silently does not start.

BROKEN = {
    "absent": None,
    "not_toml": "[[entry",
    "not_utf8": b"\xff\xfe",
    "unknown_label": OWN.replace("internal", "intenral"),
    "lowers": OWN.replace("internal", "public"),
    "unknown_key": f"{OWN}wrods = []",
    "empty_word": OWN.replace("椿の花壇七三〇一号", ""),
}


async def opened(settings):
    """Start as the service does; what the detectors make of the plan's name."""
    async with open_tools(settings, load_assets()) as tools:
        return (await tools.residency.label([("question", WORD)], Label.PUBLIC)).label


@pytest.mark.parametrize("what", BROKEN)
def test_litellm_a_guardrail_that_cannot_start_stops_the_service(stage, tmp_path, what):
    """A dictionary that is missing or malformed: nothing starts, no ledger is made; a sound one starts and hears."""
    file = tmp_path / "own.toml"
    settings = read_settings({"MAGI_HOME": str(tmp_path / "home"), "MAGI_DICTIONARY": str(file)})
    text = BROKEN[what]
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(MalformedFileError):
        stage.run(opened(settings))
    made = settings.ledger_path.exists()
    file.write_text(OWN, "utf-8")

    assert made is False
    assert stage.run(opened(settings)) == Label.INTERNAL


def test_litellm_own_words_are_heard(web, tmp_path, stage):
    """With the dictionary in place its word, declared public, stays at home; without the dictionary it goes abroad."""
    file = tmp_path / "own.toml"
    file.write_text(OWN, "utf-8")
    settings = read_settings({"MAGI_HOME": str(tmp_path), "MAGI_DICTIONARY": str(file)})
    hearing, without = web(labeller=labeller(settings, stage.profile())), web()
    for play in (hearing, without):
        play.chat(f"{WORD}に何を植えるとよいか")

    assert hearing.play.abroad.connections == 0
    assert hearing.play.leaks(WORD) == []
    assert without.play.seen_abroad(WORD)


@pytest.mark.parametrize("detecting", [False, True])
def test_litellm_a_guard_without_detectors_sends_nothing_abroad(web, stage, kit, detecting):
    """Where the guard has no detectors, a distant foreign card gets nothing, public or not; with them, public text."""

    def cards(_, abroad):
        host = "far.example"
        return {"far": stage.foreign_card(f"http://{host}:{abroad.port}/v1", allowed_hosts=(host,))}

    switches = {} if detecting else {"detect": None}
    play = web(cards=cards, resolver=kit.Names({"far.example": ("127.0.0.1",)}), **switches)
    # The planner's detectors are there in both cases; long texts have their own way through the guard.
    play.play.guard._detect_long = play.play.guard._detect_long if detecting else stage.labeller.rescan_long
    reply = play.chat(PUBLIC)
    reasons = [event.reason for event in play.play.recorded("refused")]

    assert reply.status_code == 200
    assert reasons == ([] if detecting else ["detector_missing"])
    assert play.play.abroad.connections == int(detecting)


# On-prem down.

OUTAGES = {
    "http_500": ("failing", 500),
    "http_401": ("failing", 401),
    "http_403": ("failing", 403),
    "overloaded": ("failing", 503),
    "rate_limited": ("failing", 429),
    "garbage": ("garbling", None),
    "cut_stream": ("cutting", None),
}


def played(kit, how, status):
    """What a recorder in trouble plays."""
    return kit.failing(status) if how == "failing" else getattr(kit, how)


@pytest.mark.parametrize("failure", OUTAGES)
def test_litellm_an_outage_at_home_is_an_outage(web, kit, failure):
    """With every backend at home down nothing goes abroad; the reply names each failure and is no 401."""
    play = web()
    play.play.home.play = played(kit, *OUTAGES[failure])
    reply = play.chat(f"{WORD}に何を植えるとよいか", label=None)
    told = reply.json()["magi"]
    silence = play.play.abroad.connections
    play.chat(PUBLIC)

    assert (reply.status_code, told["outcome"], told["answer_class"]) == (200, "no_quorum", None)
    assert {vote["failure"] for vote in told["votes"] if vote["said"] == "failure"} == {failure}
    assert "定足数不足" in reply.json()["choices"][0]["message"]["content"]
    assert silence == 0
    assert play.play.leaks(WORD) == []
    assert play.play.seen_abroad(PUBLIC)


def test_litellm_nobody_listening_at_home(web):
    """With nobody listening at home the failure is named, and nobody abroad is asked instead."""
    play = web()
    play.play.run(play.play.home.stop())
    reply = play.chat(f"{WORD}に何を植えるとよいか", label=None)
    failures = {vote["failure"] for vote in reply.json()["magi"]["votes"] if vote["said"] == "failure"}
    silence = play.play.abroad.connections
    play.chat(PUBLIC)

    assert (reply.status_code, failures, silence) == (200, {"connect_failed"}, 0)
    assert play.play.seen_abroad(PUBLIC)


def test_litellm_an_operators_foreign_fallback_is_refused(web, stage, kit):
    """A council whose seat falls back abroad does not deliberate; a foreign card with a seat of its own is asked."""
    mixed, plain = stage.council(("c1", "far"), "c2", "c3"), stage.council("far", "c2", "c3")
    for label, council in ((None, mixed), ("public", mixed)):
        play = web(council=council)
        play.play.home.play = kit.failing(500)
        reply = play.chat(ASKED, label=label)

        assert (reply.status_code, reply.json()["error"]["code"]) == (409, "council_refused")
        assert (play.play.home.connections, play.play.abroad.connections) == (0, 0)
    seated = web(council=plain)
    seated.chat(ASKED)

    assert seated.play.seen_abroad(WORD)


# What a client sends along.

ROUTED = {
    "fallbacks": {"fallbacks": ["far", {"magi": ["far"]}]},
    "models": {"models": ["far", "magi"]},
    "route": {"route": "fallback"},
    "provider": {"provider": {"order": ["far"], "allow_fallbacks": True}},
    "api_base": {"api_base": "http://127.0.0.1:{port}/v1", "base_url": "http://127.0.0.1:{port}/v1"},
    "context_window_fallbacks": {"context_window_fallbacks": [{"magi": ["far"]}], "num_retries": 9},
    "tags": {"tags": ["public", "foreign"], "metadata": {"tags": ["public"]}},
    "guardrails": {"guardrails": [], "disable_guardrails": True, "metadata": {"guardrails": False}},
    "extra": {"extra_body": {"magi": {"label": "public"}}, "extra_headers": {"magi-label": "public"}},
}


@pytest.mark.parametrize("name", ROUTED)
def test_litellm_routing_fields_of_the_client_are_ignored(web, kit, name):
    """No field that steers another gateway takes an internal question abroad, also when everything at home is down."""
    play = web()
    fields = json.loads(json.dumps(ROUTED[name]).replace("{port}", str(play.play.abroad.port)))
    headers = {"x-litellm-tags": "public", "x-litellm-api-base": play.play.abroad.base_url}
    labels = [play.chat(ASKED, label=None, headers=headers, **fields).json()["magi"]["label"]]
    play.play.home.play = kit.failing(500)
    labels.append(play.chat(ASKED, label=None, headers=headers, **fields).json()["magi"]["label"])
    silence = play.play.abroad.connections
    play.chat(PUBLIC, **fields)

    assert (labels, silence) == (["internal", "internal"], 0)
    assert play.play.leaks(WORD) == []
    assert play.play.seen_abroad(PUBLIC)


@pytest.mark.parametrize(
    "model", ["far", "magi/far", "magi,far", "auto", "openrouter/auto", "Magi", "magi:free"]
)
def test_litellm_no_name_reaches_a_card_directly(web, model):
    """A card's name, a router's or a near miss is no model here and nobody is asked; the council's name is served."""
    play = web()
    reply = play.chat(PUBLIC, model=model)
    silence = (play.play.home.connections, play.play.abroad.connections)
    play.chat(PUBLIC)

    assert (reply.status_code, reply.json()["error"]["code"], silence) == (404, "model_not_found", (0, 0))
    assert play.play.seen_abroad(PUBLIC)


# Labels that are misspelt, missing, or two.

NEAR = [
    "pubilc",
    "Public",
    "PUBLIC",
    "ＰＵＢＬＩＣ",
    "pub\u200blic",
    "publiс",
    "public;",
    "公開情報",
    "0",
    "機密性１",
    "open",
]
"""The seventh has a Cyrillic letter at its end."""


@pytest.mark.parametrize("word", NEAR)
@pytest.mark.parametrize("place", ["body", "header"])
def test_litellm_a_misspelt_label_is_refused(web, word, place):
    """A label that is not spelt exactly is refused in body and header; nobody is asked. Spelt right it goes abroad."""
    play = web()
    headers = {"magi-label": word.encode()} if place == "header" else None
    reply = play.chat(ASKED, label=word if place == "body" else None, headers=headers)
    silence = (play.play.home.connections, play.play.abroad.connections)
    play.chat(ASKED, label=None, headers={"magi-label": "public"})

    assert (reply.status_code, silence) == (400, (0, 0))
    assert play.play.seen_abroad(WORD)


@pytest.mark.parametrize(
    "said", [{}, {"magi": {}}, {"magi": {"label": None}}, {"label": "public"}, {"tags": ["public"]}]
)
def test_litellm_a_missing_label_is_internal(web, said):
    """Without a label, or with one in another place, the question is internal and stays at home."""
    play = web()
    body = {"model": "magi", "messages": [{"role": "user", "content": ASKED}], **said}
    reply = play.call("POST", "/v1/chat/completions", json=body)
    silence = play.play.abroad.connections
    play.chat(ASKED)

    assert (reply.json()["magi"]["label"], silence) == ("internal", 0)
    assert play.play.seen_abroad(WORD)


TWICE = {
    "body_and_header": ({"magi": {"label": "public"}}, [("magi-label", "personal")]),
    "header_and_body": ({"magi": {"label": "personal"}}, [("magi-label", "public")]),
    "two_headers": ({}, [("magi-label", "public"), ("magi-label", "personal")]),
    "two_headers_turned": ({}, [("magi-label", "personal"), ("Magi-Label", "public")]),
    "same_step_twice_spelt": ({"magi": {"label": "public"}}, [("magi-label", "機密性1".encode())]),
    "list": ({}, [("magi-label", "personal, public")]),
}


@pytest.mark.parametrize("how", TWICE)
def test_litellm_two_labels_are_refused(web, how):
    """Two labels that differ are refused wherever they stand, and nobody is asked; the same one twice is one label."""
    play = web()
    fields, headers = TWICE[how]
    reply = play.chat(ASKED, label=None, headers=headers, **fields)
    silence = (play.play.home.connections, play.play.abroad.connections)
    play.chat(ASKED, headers=[("magi-label", "public"), ("magi-label", "public")])

    assert (reply.status_code, silence) == (400, (0, 0))
    assert play.play.seen_abroad(WORD)


@pytest.mark.parametrize(
    "twice", ['"label": "personal", "label": "public"', '"label": "public"}, "magi": {"label": "x"']
)
def test_litellm_a_key_twice_is_refused(web, twice):
    """JSON in which a key stands twice is refused: neither label wins, and nobody is asked."""
    play = web()
    body = f'{{"model": "magi", "messages": [{{"role": "user", "content": "{WORD}"}}], "magi": {{{twice}}}}}'
    reply = play.call(
        "POST", "/v1/chat/completions", content=body.encode(), headers={"content-type": "application/json"}
    )

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "duplicate_key")
    assert (play.play.home.connections, play.play.abroad.connections) == (0, 0)
    assert json.loads(body)["model"] == "magi"  # a lenient parser takes it


# Addresses.


def addresses_in(shown, play):
    """The upstream addresses that some bytes disclose: host with port, path, or a name with a port."""
    ports = "|".join(str(recorder.port) for recorder in (play.home, play.abroad))
    return re.findall(rf"[\w.-]+:(?:{ports})\b|/chat/completions|x-litellm|api[-_]base".encode(), shown)


def test_litellm_no_response_discloses_an_upstream_address(web, kit):
    """No head and no body of any reply, good or bad, names an upstream address with its port or path."""
    play = web()
    named = play.chat(PUBLIC).json()["magi"]["deliberation"]
    play.call("GET", f"/v1/deliberations/{named}", params={"bodies": "true", "why": "t-1"})
    play.call("GET", f"/v1/deliberations/{named}/events")
    for path in ("/v1/models", "/v1/models/magi", "/v1/deliberations", "/healthz", "/v1/none"):
        play.call("GET", path)
    play.play.home.play = kit.failing(500)
    play.chat(PUBLIC)
    play.play.home.play = kit.redirecting(307, f"{play.play.abroad.base_url}/chat/completions")
    play.chat(PUBLIC)
    play.chat(PERSON, label="secret")
    play.play.run(play.play.home.stop())
    play.chat(PUBLIC)
    heads = {name for reply in play.replies for name in reply.headers}

    assert len(play.replies) == 12
    assert addresses_in(play.shown, play.play) == []
    assert heads <= {
        "cache-control", "connection", "content-length", "content-type", "location", "magi-notice",
        "retry-after", "x-accel-buffering", "x-content-type-options", "x-should-retry",
    }  # fmt: skip
    assert addresses_in(f"x {play.play.abroad.base_url}/chat/completions".encode(), play.play)
