"""Bad input: the right 4xx in the right shape, never a 5xx, and the service goes on."""

import json
import socket
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magi.api.body import parse_json
from magi.api.limits import Limits
from magi.api.problems import RequestRefusedError

CHAT, NATIVE = "/v1/chat/completions", "/v1/deliberations"
ASK = "公表済みの白書の概要版を出すべきか。はいかいいえで答えてください。"
USER = {"role": "user", "content": ASK}
GOOD = {"model": "magi", "messages": [USER]}
IMAGE = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]

BAD_CHATS = {
    "no model": ({"messages": [USER]}, 400, "wrong_fields"),
    "model of the wrong type": (GOOD | {"model": 7}, 400, "wrong_fields"),
    "endless model name": (GOOD | {"model": "m" * 5000}, 400, "wrong_fields"),
    "unknown model": (GOOD | {"model": "gpt-4"}, 404, "model_not_found"),
    "no messages": ({"model": "magi"}, 400, "wrong_fields"),
    "messages of the wrong type": (GOOD | {"messages": "x"}, 400, "wrong_fields"),
    "empty messages": (GOOD | {"messages": []}, 400, "last_not_user"),
    "message of the wrong type": (GOOD | {"messages": [7]}, 400, "wrong_fields"),
    "no user": (GOOD | {"messages": [{"role": "system", "content": "x"}]}, 400, "last_not_user"),
    "last is the assistant's": (
        GOOD | {"messages": [USER, {"role": "assistant", "content": "x"}]}, 400, "last_not_user",
    ),
    "role of tools": (GOOD | {"messages": [USER, {"role": "tool", "content": "x"}]}, 400, "unsupported_role"),
    "tool calls": (
        GOOD | {"messages": [{"role": "assistant", "tool_calls": [{}]}, USER]}, 400, "unsupported_role",
    ),
    "an image": (GOOD | {"messages": [{"role": "user", "content": IMAGE}]}, 400, "unsupported_content"),
    "content of the wrong type": (GOOD | {"messages": [{"role": "user", "content": 7}]}, 400, "wrong_fields"),
    "an empty question": (
        GOOD | {"messages": [{"role": "user", "content": " \n"}]}, 400, "question_refused.empty",
    ),
    "a question too long": (
        GOOD | {"messages": [{"role": "user", "content": "あ" * 100_001}]}, 413, "question_refused.too_large",
    ),
    "half a character": (
        GOOD | {"messages": [{"role": "user", "content": "\ud83d"}]}, 400, "question_refused.not_text",
    ),
    "too many turns": (GOOD | {"messages": [USER] * 300}, 400, "question_refused.too_many_turns"),
    "several replies": (GOOD | {"n": 2}, 400, "n_not_one"),
    "stream of the wrong type": (GOOD | {"stream": "yes"}, 400, "wrong_fields"),
    "misspelt label field": (GOOD | {"magi": {"lable": "secret"}}, 400, "wrong_fields"),
    "misspelt label": (GOOD | {"magi": {"label": "Public"}}, 400, "unknown_label"),
    "label of the wrong type": (GOOD | {"magi": {"label": ["public"]}}, 400, "wrong_fields"),
    "unknown space": (GOOD | {"magi": {"space": "poem"}}, 400, "question_refused.space_form"),
    "choice without options": (GOOD | {"magi": {"space": "choice"}}, 400, "question_refused.options_absent"),
    "one option": (GOOD | {"magi": {"options": {"A": "x"}}}, 400, "question_refused.options_form"),
    "endless key": (GOOD | {"magi": {"idempotency_key": "k" * 500}}, 400, "wrong_fields"),
}  # fmt: skip

BAD_BODIES = {
    "nothing": (b"", "malformed_json"),
    "half of it": (b'{"model": "magi", "mess', "malformed_json"),
    "two of them": (b"{} {}", "malformed_json"),
    "a list": (b"[]", "not_an_object"),
    "a number that is none": (b'{"n": NaN}', "malformed_json"),
    "an endless number": (b'{"n": ' + b"9" * 5000 + b"}", "malformed_json"),
    "shift-jis": ('{"model": "問い"}'.encode("cp932"), "bad_encoding"),
    "utf-16": ('{"model": "magi"}'.encode("utf-16"), "bad_encoding"),
    "a cut character": (b'{"model": "\xe3\x81"}', "bad_encoding"),
    "a byte order mark": (b'\xef\xbb\xbf{"model": "magi"}', "malformed_json"),
    "two labels": (b'{"magi": {"label": "secret", "label": "public"}}', "duplicate_key"),
    "too deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "too_deep"),
    "lists too deep": (b"[" * 100_000, "too_deep"),
    "an open string": (b'{"a": "' + b"[" * 50, "malformed_json"),
    "a raw line feed": (b'{"a": "\n"}', "malformed_json"),
    "nul bytes": (b"\0" * 100, "malformed_json"),
}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(("body", "status", "code"), BAD_CHATS.values(), ids=BAD_CHATS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_bad_chat_request_is_the_callers_fault(plain, body, status, code, stream):
    """Each fault of a chat request has its status and code in the OpenAI shape, streamed or not."""
    sent = body if "stream" in body else body | {"stream": stream}
    with plain.http() as http:
        response = http.post(CHAT, content=json.dumps(sent).encode(), headers=JSON)

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert response.json()["error"]["message"]
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("body", "code"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_is_no_json_object_is_named(plain, body, code):
    """Whatever the bytes, both routes say what is wrong with them, each in its own shape."""
    with plain.http() as http:
        chat = http.post(CHAT, content=body, headers=JSON)
        native = http.post(NATIVE, content=body, headers=JSON)

    assert (chat.status_code, chat.json()["error"]["code"]) == (400, code)
    assert (native.status_code, native.json()["code"]) == (400, code)
    assert native.headers["content-type"] == "application/problem+json"
    assert set(native.json()) == {"type", "title", "status", "detail", "code"}


def test_a_conflict_of_labels_is_refused(plain):
    """Two labels that differ, in header and body or in two headers, are refused: neither may win silently."""
    body = GOOD | {"magi": {"label": "secret"}}
    with plain.http() as http:
        both = http.post(CHAT, json=body, headers={"magi-label": "public"})
        twice = http.post(CHAT, json=GOOD, headers=[("magi-label", "public"), ("magi-label", "internal")])
        keys = http.post(
            CHAT, json=GOOD | {"magi": {"idempotency_key": "a"}}, headers={"idempotency-key": "b"}
        )

    assert [both.status_code, twice.status_code, keys.status_code] == [400, 400, 400]
    assert both.json()["error"]["code"] == twice.json()["error"]["code"] == "label_conflict"
    assert keys.json()["error"]["code"] == "key_conflict"


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"]
)
def test_only_json_is_read(plain, media):
    """A body of another type, which a page of another origin could send unasked, is a 415."""
    with plain.http() as http:
        response = http.post(CHAT, content=json.dumps(GOOD), headers={"content-type": media})

    assert response.status_code == 415


def test_a_huge_body_is_refused_before_it_is_read(plain):
    """A body over the limit is a 413, whether its length is announced or not, and the connection ends."""

    def pieces():
        for _ in range(20):
            yield b" " * 100_000

    with plain.http() as http:
        announced = http.post(CHAT, content=b" " * 2_000_000, headers=JSON)
    with plain.http() as http:
        unannounced = http.post(CHAT, content=pieces(), headers=JSON)

    assert announced.status_code == unannounced.status_code == 413
    assert announced.headers["connection"] == unannounced.headers["connection"] == "close"


def test_a_body_as_large_as_allowed_is_read(plain):
    """A body just within the limit is served."""
    padding = {"metadata": {"p": "x" * (1024 * 1024 - 1000)}}
    with plain.http() as http:
        response = http.post(CHAT, json=GOOD | padding)

    assert response.status_code == 200


def test_a_slow_body_is_given_up(kit, tmp_path):
    """A body that does not arrive in time is a 408, and the connection ends."""
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with kit.serve(tmp_path, limits=Limits(body_seconds=0.3)) as service:
        with socket.create_connection(("127.0.0.1", service.port)) as wire:
            wire.settimeout(kit.LIMIT_SECONDS)
            wire.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
            answer = b"".join(iter(lambda: wire.recv(4096), b""))

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"body_too_slow" in answer


def test_a_caller_that_leaves_in_its_body_is_forgotten(kit, tmp_path):
    """A connection that closes in the middle of a body leaves no record, no failure and no connection."""
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with kit.serve(tmp_path) as service:
        with socket.create_connection(("127.0.0.1", service.port)) as wire:
            wire.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())

        assert service.settled(lambda: [each for each in service.logged if each["event"] == "request.served"])
        assert service.settled(lambda: not service.server.server_state.connections)
        assert [each for each in service.logged if each["event"] == "request.failed"] == []
        assert service.streams() == ()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CHAT, 405),
        ("DELETE", "/v1/deliberations/x", 405),
        ("PUT", "/healthz", 405),
        ("OPTIONS", CHAT, 405),
        ("GET", "/", 404),
        ("GET", "/v1/embeddings", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "/v1/models/none", 404),
        ("GET", "/v1/deliberations/..%2f..%2fetc", 404),
        ("GET", "/%00", 404),
        ("GET", "/v1/deliberations/%ff%fe", 404),
    ],
)
def test_what_is_not_there_is_not_found(plain, method, path, status):
    """Unknown paths and methods are named as such, in JSON."""
    with plain.http() as http:
        response = http.request(method, path)

    assert response.status_code == status
    assert response.json()


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["model", "messages", "stream", "n", "stream_options", "magi", "question", "council", "label", "space",
     "options", "history", "idempotency_key", "role", "content", "type", "text", "temperature"]
)  # fmt: skip
FORMS = st.dictionaries(FIELDS, JSON_VALUES | st.dictionaries(FIELDS, JSON_VALUES, max_size=3), max_size=6)
EXTENSIONS = st.fixed_dictionaries(
    {},
    optional={
        "label": JSON_VALUES,
        "space": JSON_VALUES,
        "options": JSON_VALUES,
        "idempotency_key": JSON_VALUES,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS, extension=EXTENSIONS)
def test_no_json_makes_a_server_error(plain, form, extension):
    """Any JSON in any field is a 4xx or a reply, never a 5xx, on both routes."""
    with plain.http() as http:
        statuses = [
            http.post(path, content=json.dumps(body).encode(), headers=JSON).status_code
            for path, body in (
                (CHAT, form),
                (NATIVE, form),
                (CHAT, GOOD | {"model": "none", "magi": extension}),
                (NATIVE, {"question": "?", "council": "none"} | extension),
            )
        ]

    assert all(400 <= status < 500 for status in statuses)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(alphabet=string.printable, max_size=200).map(str.encode))
def test_no_bytes_make_a_server_error(plain, body):
    """Any bytes as a body are a 4xx."""
    with plain.http() as http:
        response = http.post(CHAT, content=body, headers=JSON)

    assert 400 <= response.status_code < 500


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_no_bytes_on_the_wire_stop_the_service(plain, raw):
    """Any bytes on a connection end at worst that connection."""
    with socket.create_connection(("127.0.0.1", plain.port)) as wire:
        wire.sendall(raw)
    with plain.http() as http:
        assert http.get("/healthz").status_code == 200


@given(value=st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_good_json_is_read_as_it_is(value):
    """What is proper JSON within the depth is parsed to the very same value."""
    assert parse_json(json.dumps(value).encode(), 64) == value


@pytest.mark.parametrize("depth", [64, 65])
def test_the_depth_is_exact_and_brackets_in_strings_do_not_count(depth):
    """64 levels pass, 65 do not; brackets inside strings, escaped quotes included, are text."""
    nested = b'{"a":' * depth + rb'"[[[\"{{{\\"' + b"}" * depth
    try:
        parse_json(nested, 64)
    except RequestRefusedError as error:
        refused = error.reason
    else:
        refused = None

    assert refused == (None if depth == 64 else "too_deep")


def test_the_service_still_answers_after_all_that(plain):
    """After every bad request of this module, a good one is served, and nothing failed unforeseen."""
    with plain.http() as http:
        response = http.post(CHAT, json=GOOD)

    assert response.status_code == 200
    assert [line for line in plain.logged if line["event"] == "request.failed"] == []
