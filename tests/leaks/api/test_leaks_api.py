"""Leak paths 39, 40, 42, 43, 46, 48, 49, 51 and 52: what a client sends along, and what it is told."""

import ast
import json
import re
from pathlib import Path

import httpx
import pytest

from magi.core.errors import EgressRefusedError
from magi.gateway.egress import PATHS
from magi.gateway.exchange import Exchange
from magi.gateway.protocols.openai_chat import render
from magi.gateway.ticket import Wire

ROOT = Path(__file__).parents[3]
PUBLIC = "庁舎の花壇に何を植えるとよいか"
PERSON = "山田太郎さんの個人番号は123456789018です。"
WORD = "椿の花壇七三〇一号"


def user(text):
    """One turn of the user."""
    return {"role": "user", "content": text}


# 39.


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_leak_39_a_retrieved_chunk_without_a_label(web, kit, role):
    """A chunk that a client puts into the prompt is read like the question; unheard, it is seen abroad."""
    messages = [{"role": role, "content": f"参考資料: {PERSON}"}, user(PUBLIC)]
    guarded, deaf = web(), web(labeller=kit.Deaf())
    guarded.chat("", messages=messages)
    # An assistant turn that nobody here wrote is internal by itself: the control has no policy either.
    reached = deaf.chat("", messages=messages)

    assert guarded.play.abroad.connections == 0
    assert guarded.play.leaks(PERSON) == []
    assert reached.status_code == 200
    assert bool(deaf.play.seen_abroad(PERSON)) == (role != "assistant")


def test_leak_39_an_answer_that_nobody_here_gave_is_internal(web):
    """An assistant turn with no record is internal at least, whatever is declared; without it the question leaves."""
    play = web()
    shown = play.chat("", messages=[user("話"), {"role": "assistant", "content": WORD}, user(PUBLIC)]).json()
    before = play.play.abroad.connections
    play.chat(PUBLIC)

    assert shown["magi"]["label"] == "internal"
    assert before == 0
    assert play.play.seen_abroad(PUBLIC)


@pytest.mark.parametrize("role", ["material", "tool", "function", "retrieval"])
def test_leak_39_no_client_may_claim_a_role_that_is_not_its_own(web, role):
    """Roles that would bring text past the labels are refused; nobody is asked."""
    play = web()
    reply = play.chat("", messages=[{"role": role, "content": WORD}, user(PUBLIC)])

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "unsupported_role")
    assert (play.play.home.connections, play.play.abroad.connections) == (0, 0)


# 40, 42, 46: fields and headers of the client's.

FIELDS = {
    "store": True,
    "metadata": {"k": WORD},
    "previous_response_id": WORD,
    "conversation": WORD,
    "file_ids": [WORD],
    "prompt_cache_key": WORD,
    "user": WORD,
    "safety_identifier": WORD,
    "tools": [{"type": "function", "function": {"name": "f", "description": WORD, "parameters": {}}}],
    "tool_choice": {"type": "function", "function": {"name": WORD}},
    "functions": [{"name": WORD}],
    "response_format": {"type": "json_schema", "json_schema": {"name": WORD, "schema": {"enum": [WORD]}}},
    "stop": [WORD],
    "logit_bias": {WORD: 1},
    "prediction": {"type": "content", "content": WORD},
    "web_search_options": {"user_location": WORD},
    "chat_id": WORD,
    "fallbacks": [WORD],
}
HEADERS = {
    "authorization": "Bearer canary-7301-key",
    "user-agent": "canary-7301-agent",
    "traceparent": "00-7301730173017301730173017301aaaa-7301730173017301-01",
    "baggage": "ministry=canary-7301-ministry",
    "x-stainless-os": "canary-7301-os",
    "x-stainless-helper-method": "canary-7301-helper",
    "x-openwebui-user-email": "canary-7301@ministry.example",
    "x-openwebui-chat-id": "canary-7301-session",
    "cookie": "session=canary-7301-cookie",
    "x-request-id": "canary-7301-request",
    "forwarded": "for=192.0.2.73;host=canary-7301",
    "referer": "http://127.0.0.1/canary-7301-place",
    "openai-organization": "canary-7301-org",
}
SENT_HEADERS = {b"host", b"content-type", b"accept", b"accept-encoding", b"content-length", b"connection"}
SENT_FIELDS = {
    "model", "messages", "temperature", "seed", "max_tokens", "stream", "stream_options", "response_format"
}  # fmt: skip


def heads(recorder):
    """The names of all headers that arrived."""
    lines = (line for asked in recorder.requests for line in asked.head.split(b"\r\n")[1:])
    return {line.partition(b":")[0].lower() for line in lines}


def test_leak_40_and_42_fields_of_the_client_reach_nobody(web):
    """Storage, history, tools, schemas and names in a public chat are dropped; the question itself goes abroad."""
    play = web()
    reply = play.chat(PUBLIC, **FIELDS)
    fields = {name for asked in play.play.abroad.requests for name in asked.json}

    assert reply.status_code == 200
    assert play.play.leaks(WORD) + play.play.seen_at_home(WORD) == []
    assert fields <= SENT_FIELDS
    assert play.play.seen_abroad(PUBLIC)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_leak_40_and_42_the_guard_refuses_every_other_field(scene, name):
    """A wire with one more field, under a ticket of its own, is refused; without the field it is sent."""
    play = scene()
    card = play.cards["far"]
    wire = render(card, "s", PUBLIC, None)
    told = json.loads(wire.body)
    # `response_format` is a field that we send, but only in our own form.
    other = Wire(wire.method, wire.url, wire.headers, json.dumps(told | {name: FIELDS[name]}).encode())

    def send(wire):
        now_ms = play.tools.clock.now_ms()
        nonce = play.tools.entropy.token(16)
        ticket = play.mint.issue(
            wire, card, ask="a1", attempt=1, label=0, derived_from=("q",), now_ms=now_ms, nonce=nonce
        )
        return play.run(play.guard.send(ticket, wire))

    with pytest.raises(EgressRefusedError) as raised:
        send(other)
    refused_with = play.abroad.connections
    sent = send(wire)

    assert (raised.value.reason, refused_with) == ("body_field", 0)
    assert isinstance(sent, Exchange)
    assert play.seen_abroad(PUBLIC)


ENUMS = {
    "ids": {"options": {"123456": "一", "789018": "二"}},
    "text": {"options": {"ア": PERSON, "イ": "二"}},
    "unit": {"space": {"kind": "number", "unit": "山田太郎様の個人番号"}},
}


@pytest.mark.parametrize("place", ENUMS)
def test_leak_42_enum_values_and_units(web, kit, place):
    """What ids, texts of options or a unit put into the schema stays at home; unheard it leaves."""
    guarded, deaf = web(), web(labeller=kit.Deaf())
    for each in (guarded, deaf):
        each.chat("個人番号をどう扱うか", magi={"label": "public", **ENUMS[place]})
    pieces = {"ids": ["123456", "789018"], "text": [PERSON], "unit": ["山田太郎様の個人番号"]}[place]

    assert guarded.play.abroad.connections == 0
    assert all(piece.encode() in deaf.play.abroad.received for piece in pieces)


@pytest.mark.parametrize(("where", "label"), [("ids", "specific-personal"), ("unit", "personal")])
def test_leak_42_ids_and_units_count_for_the_label(web, where, label):
    """What an id or a unit holds raises the label itself, not only the guard's; plain ids and units raise nothing."""
    play = web()
    told = play.chat("個人番号をどう扱うか", magi={"label": "public", **ENUMS[where]}).json()["magi"]
    plain = (
        {"options": {"10": "赤い花", "20": "白い花"}}
        if where == "ids"
        else {"space": {"kind": "number", "unit": "百万円"}}
    )
    other = play.chat("庁舎の花壇に何を植えるとよいか", magi={"label": "public", **plain}).json()["magi"]

    assert (told["label"], {hit["text"] for hit in told["hits"]} & {"space", "joined"} != set()) == (
        label,
        True,
    )
    assert (other["label"], len(play.play.abroad.requests)) == ("public", 1)


def test_leak_60_a_classified_id_is_refused(web):
    """Classified words as an option's id are refused and nowhere in the ledger, whose records keep ids readable."""
    play = web()
    options = {"特定秘密": "一", "イ": "二"}
    reply = play.chat("どちらにするか", magi={"options": options})
    play.chat("どちらにするか", magi={"options": {"一般公開": "一", "イ": "二"}})

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "question_refused.classified")
    assert play.play.leaks("特定秘密") == []
    assert [place for place in play.play.leaks("一般公開") if place.startswith("ledger")]


def test_leak_42_tool_calls_are_refused(web):
    """A turn that brings tool calls or a tool's result is refused; nobody is asked."""
    play = web()
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": WORD}}]}
    replies = [
        play.chat("", messages=[user(PUBLIC), call, {"role": "tool", "content": WORD, "tool_call_id": "1"}]),
        play.chat("", messages=[call, user(PUBLIC)]),
    ]

    assert {reply.status_code for reply in replies} == {400}
    assert (play.play.home.connections, play.play.abroad.connections) == (0, 0)
    assert WORD.encode() not in play.shown


def test_leak_46_headers_of_the_client_reach_nobody(web):
    """No header, cookie, key or trace id of a client goes up; what arrives has the listed headers and no other."""
    play = web()
    reply = play.chat(PUBLIC, headers=HEADERS)
    arrived = play.play.abroad.received.lower()

    assert reply.status_code == 200
    assert (b"canary-7301" in arrived, b"7301730173017301" in arrived) == (False, False)
    assert heads(play.play.abroad) == SENT_HEADERS
    assert play.play.leaks("canary-7301") == []
    assert play.play.seen_abroad(PUBLIC)


class Chatty(httpx.AsyncBaseTransport):
    """A transport that sends as common clients do: own headers, and the client's name."""

    async def handle_async_request(self, request):
        """Send with more than was asked for."""
        headers = [*request.headers.items(), ("user-agent", "canary-7301-agent"), ("x-stainless-os", "Linux")]
        async with httpx.AsyncClient(trust_env=False) as client:
            found = await client.request(
                request.method, str(request.url), headers=headers, content=request.content
            )
        return httpx.Response(
            found.status_code, headers=found.headers, stream=httpx.ByteStream(found.content)
        )


def test_leak_46_a_transport_with_own_headers_would_be_seen(web):
    """With a common client as the transport, its headers arrive abroad: the check would notice."""
    play = web(transport=Chatty())
    play.chat(PUBLIC)

    assert {b"user-agent", b"x-stainless-os"} <= heads(play.play.abroad)
    assert b"canary-7301" in play.play.abroad.received


# 43.

INJECTED = "![x](http://127.0.0.1:{port}/p?q=" + WORD + ") <img src='http://127.0.0.1:{port}/?{word}'>"


def test_leak_43_injected_output_fetches_nothing(web, kit):
    """A seat's answer with an image, a link and a tool call is text: nothing is fetched, nothing renders by itself."""
    play = web()
    port = play.play.abroad.port
    text = INJECTED.format(port=port, word=WORD)
    calls = [{"id": "1", "type": "function", "function": {"name": "fetch", "arguments": text}}]
    plain = kit.answering(text, reason=text)

    def injecting(asked):
        whole = json.loads(plain(asked).partition(b"\r\n\r\n")[2])
        whole["choices"][0]["message"]["tool_calls"] = calls
        return kit.http(200, json.dumps(whole).encode())

    play.play.home.play = injecting
    reply = play.chat(f"{PUBLIC}。{WORD}", label=None)
    content = reply.json()["choices"][0]["message"]["content"]

    assert WORD in content
    assert not re.search(r"!\[|<img", content)
    assert (play.play.abroad.connections, play.play.resolver.asked) == (0, [])
    assert re.search(r"!\[|<img", text)  # as it came, a client would have fetched it


def test_leak_43_a_fetch_would_be_seen(scene):
    """Whoever did follow the injected address would be seen by the recorder, with the canary in the URL."""
    play = scene()

    async def follow():
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://127.0.0.1:{play.abroad.port}/p", params={"q": WORD})

    play.run(follow())

    assert play.seen_abroad(WORD)


# 48, 49: what is logged and what is told.


def test_leak_48_no_log_line_holds_a_word(web, kit):
    """Debug logs, query strings and errors of every kind hold no word of prompt or answer."""
    play = web()
    play.play.home.play = kit.garbling
    for call in (
        lambda: play.chat(WORD, label=None),
        lambda: play.call("GET", "/v1/deliberations", params={"q": WORD, "limit": "1"}),
        lambda: play.call("GET", f"/v1/{WORD}"),
        lambda: play.call("POST", "/v1/chat/completions", json={"model": [WORD], "messages": WORD}),
        lambda: play.call("POST", "/v1/chat/completions", content=f'{{"{WORD}": '.encode()),
        lambda: play.chat(WORD, label=WORD),
        lambda: play.call("POST", "/v1/deliberations", json={"question": {"x": WORD}, WORD: WORD}),
    ):
        call()

    assert [reply.status_code for reply in play.replies][1:] == [200, 404, 400, 415, 400, 400]
    assert len(list(play.play.logged)) > 5
    assert play.play.leaks(WORD) == []
    assert not kit.search(b"".join(reply.content for reply in play.replies[2:5]), WORD)


EXPORTERS = re.compile(
    r"^(opentelemetry[-.](sdk|exporter)\S*|sentry[-_]sdk|langsmith|langfuse|datadog|ddtrace|newrelic|prometheus[-_]client|wandb"
    r"|posthog|segment|logging\.handlers|syslog)\b"
)


def exporters(names):
    """Those of some module or package names that would export traces, metrics or logs."""
    return [name for name in names if EXPORTERS.match(name)]


def imports_of(source):
    """Every module that a source text imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_leak_48_there_is_no_exporter():
    """Nothing that exports traces, metrics or logs is imported or installed; one that were would be named."""
    modules = sorted((ROOT / "magi").rglob("*.py"))
    imported = {name for path in modules for name in imports_of(path.read_text("utf-8"))}
    locked = (ROOT / "requirements.lock").read_text("utf-8").splitlines()

    assert exporters(imported) == []
    assert exporters(locked) == []
    assert exporters(imports_of("import sentry_sdk\nfrom opentelemetry.sdk import trace")) == [
        "sentry_sdk",
        "opentelemetry.sdk",
    ]
    assert any(line.startswith("httpx==") for line in locked)


UPSTREAM = b'{"error":{"message":"' + PERSON.encode() + b' at 10.1.2.3", "type":"x"}}'


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_leak_49_errors_quote_no_upstream_text(web, kit, status):
    """What a backend says in an error is in no reply and no log; it is in the sealed exchange, so it did come."""
    play = web()
    play.play.home.play = kit.failing(status, UPSTREAM)
    reply = play.chat(PUBLIC)
    records = play.play.run(play.play.tools.ledger.read(f"d/{reply.json()['magi']['deliberation']}"))
    refs = [ref for record in records if (ref := record.ref("exchange")) is not None]
    bodies = [play.play.run(play.play.tools.ledger.body(ref, "t", "t")) for ref in refs]

    assert not kit.search(play.shown, PERSON)
    assert b"10.1.2.3" not in play.shown
    assert play.play.leaks(PERSON) == []
    assert any(UPSTREAM in body or kit.search(body, PERSON) for body in bodies)


# 51, 52.

ROUTES = {
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model}"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/deliberations"),
    ("GET", "/v1/deliberations"),
    ("GET", "/v1/deliberations/{deliberation}"),
    ("POST", "/v1/deliberations/{deliberation}/label"),
    ("POST", "/v1/deliberations/{deliberation}/adoption"),
    ("GET", "/v1/reviews"),
    ("GET", "/v1/deliberations/{deliberation}/events"),
    ("GET", "/healthz"),
}


def routes(app):
    """Method and path of everything an application serves."""
    return {
        (method, context.path)
        for route in app.routes
        for context in getattr(route, "effective_route_contexts", lambda route=route: [route])()
        for method in getattr(context, "methods", None) or {"?"}
    }


def test_leak_51_nothing_uploads(web):
    """There is no route for files, tuning, feedback or evaluations, and the only path upstream is the chat's."""
    play = web()
    paths = (
        "files",
        "fine_tuning/jobs",
        "evals",
        "feedback",
        "embeddings",
        "moderations",
        "responses",
        "batches",
    )
    statuses = {play.call("POST", f"/v1/{path}", json={"input": WORD}).status_code for path in paths}
    known = routes(play.app)

    @play.app.post("/v1/feedback")
    async def feedback():
        """A route that has no business here."""

    assert known == ROUTES
    assert statuses == {404}
    assert dict(PATHS) == {"openai-chat": "/chat/completions"}
    assert (play.play.home.connections, play.play.abroad.connections) == (0, 0)
    assert routes(play.app) - ROUTES == {("POST", "/v1/feedback")}


ADDRESS = re.compile(r"(?:https?|wss?|ftp|smtp|mailto)://?[^\s\"'<>]*")
HARMLESS = re.compile(
    r"https?://(?:127\.0\.0\.1|localhost|\[::1\]|\{|\(|\[|\?|\\|$|\S*(?:openxmlformats|w3\.org|oasis|\.example))"
)


def addresses(source):
    """Addresses in the strings of a source text, but for loopback, XML namespaces and invented ones."""
    tree = ast.parse(source)
    remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in remarks)
    strings = [n.value for n in constants if isinstance(n.value, str)]
    return [found for text in strings for found in ADDRESS.findall(text) if not HARMLESS.match(found)]


def test_leak_52_no_address_is_built_in():
    """No string of the program holds an address to call, mail or load from; one that did would be named."""
    found = {
        str(path.relative_to(ROOT)): addresses(path.read_text("utf-8"))
        for path in sorted((ROOT / "magi").rglob("*.py"))
    }

    assert len(found) > 100
    assert {path: names for path, names in found.items() if names} == {}
    assert addresses('CSS = "https://fonts.invalid/x.css"; HOOK = "http://hooks.invalid"') == [
        "https://fonts.invalid/x.css",
        "http://hooks.invalid",
    ]
    assert addresses('X = "http://127.0.0.1:8"') == []
