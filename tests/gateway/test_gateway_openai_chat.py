"""The chat protocol, pure: bytes out, replies and named troubles in."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.errors import QuestionRefusedError
from magi.gateway.exchange import Chunk, Exchange
from magi.gateway.protocols.openai_chat import MAX_RETRY_AFTER_MS, Reply, Trouble, read, render
from magi.gateway.protocols.sse import events

SCHEMA = {
    "type": "object",
    "properties": {"z": {"type": "string"}, "a": {"type": "string"}},
    "required": ["z"],
}
STREAM = ("content-type", "text/event-stream; charset=utf-8")
JSON = ("content-type", "application/json")


def whole(text="答え", finish="stop", **message):
    """A complete, unstreamed answer."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, **message},
        "finish_reason": finish,
    }
    return {"model": "m-1", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}


def came(value, status=200, *headers):
    """An exchange whose body is this JSON or these bytes."""
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return Exchange("yes", status, headers or (JSON,), (Chunk(1, body),))


def sse(*items, end="\n\n"):
    """A stream of events; strings stay as they are."""
    lines = (item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items)
    return "".join(f"data: {line}{end}" for line in lines).encode()


def piece(content=None, finish=None, **delta):
    """One chunk of a streamed answer."""
    return {
        "model": "m-1",
        "choices": [{"index": 0, "delta": delta | {"content": content}, "finish_reason": finish}],
    }


USAGE = {"model": "m-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
GOOD = sse(piece("", role="assistant"), piece("答"), piece("え"), piece(finish="stop"), USAGE, "[DONE]")


class TestRender:
    """A prompt to wire bytes."""

    def test_the_bytes_are_these(self, kit):
        """The whole body of a plain request, to the byte."""
        wire = render(kit.make_card("http://127.0.0.1:9/v1/"), "役", "問", None)

        assert wire.body.decode() == (
            '{"max_tokens":256,"messages":[{"content":"役","role":"system"},{"content":"問","role":"user"}],'
            '"model":"m","seed":0,"temperature":0}'
        )
        assert wire.url == "http://127.0.0.1:9/v1/chat/completions"
        assert wire.headers == (JSON, ("accept", "application/json"), ("accept-encoding", "identity"))

    def test_a_stream_asks_for_its_usage(self, kit):
        """A streaming card asks for events and for the usage chunk."""
        wire = render(kit.make_card(stream=True), "s", "u", None)
        body = json.loads(wire.body)

        assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
        assert ("accept", "text/event-stream") in wire.headers

    @pytest.mark.parametrize(
        ("structured", "form"),
        [
            (
                "json_schema",
                {
                    "type": "json_schema",
                    "json_schema": {"name": "statement", "strict": True, "schema": SCHEMA},
                },
            ),
            ("json_object", {"type": "json_object"}),
            ("none", None),
        ],
    )
    def test_the_form_follows_the_card(self, kit, structured, form):
        """Structured output is asked for in the way that the card's backend knows."""
        body = json.loads(render(kit.make_card(structured=structured), "s", "u", SCHEMA).body)

        assert body.get("response_format") == form

    def test_the_schema_keeps_its_order(self, kit):
        """Properties stay in the order given, which is the order in which a model fills them in."""
        body = render(kit.make_card(), "s", "u", SCHEMA).body

        assert body.index(b'"z"') < body.index(b'"a"')

    def test_nothing_identifies_the_caller(self, kit):
        """The request holds the known fields and no others, in alphabetical order."""
        body = json.loads(render(kit.make_card(stream=True), "s", "u", SCHEMA).body)

        assert list(body) == [
            "max_tokens", "messages", "model", "response_format", "seed", "stream", "stream_options", "temperature",
        ]  # fmt: skip

    def test_half_a_surrogate_pair_is_refused_without_its_text(self, kit):
        """Text that UTF-8 cannot carry is the caller's fault, and is not quoted."""
        with pytest.raises(QuestionRefusedError) as caught:
            render(kit.make_card(), "s", kit.CANARY + "\ud800", None)

        assert caught.value.reason == "not_utf8"
        assert kit.CANARY not in str(caught.value)
        assert caught.value.__cause__ is None


class TestStated:
    """What a response says of itself: model and region, wherever it says it."""

    def test_a_stream_may_state_several_models(self):
        """Every name of every chunk comes through once, and empty names are none."""
        chunks = [piece("答") | {"model": name} for name in ("", "m-1", "other", "m-1")]
        said = read(came(sse(*chunks, piece(finish="stop"), "[DONE]"), 200, STREAM))

        assert said.models == ("m-1", "other")

    def test_regions_come_from_body_and_head(self):
        """The region of a header and that of the usage object both come through."""
        answer = whole()
        answer["usage"]["inference_geo"] = "us"
        said = read(came(answer, 200, JSON, ("x-ms-region", "Japan East"), ("x-region", "no")))

        assert said.regions == ("Japan East", "us")

    def test_a_streams_usage_states_its_region(self):
        """The usage chunk of a stream is read for a region too."""
        usage = {**USAGE, "usage": {**USAGE["usage"], "inference_geo": "us"}}
        said = read(came(sse(piece("答"), piece(finish="stop"), usage, "[DONE]"), 200, STREAM))

        assert said.regions == ("us",)

    @pytest.mark.parametrize("change", [{"model": 3}, {"model": ["m-1"]}, {"usage": {"inference_geo": 1}}])
    def test_a_statement_of_another_type_is_garbage(self, change):
        """A model or region that is no text is not the protocol, whole or streamed."""
        plain = read(came(whole() | change))
        streamed = read(came(sse(piece("答") | change, piece(finish="stop"), "[DONE]"), 200, STREAM))

        assert plain.failure == streamed.failure == "garbage"

    def test_without_a_statement_there_is_none(self):
        """A response without model and region states nothing."""
        answer = whole()
        del answer["model"]
        said = read(came(answer))

        assert (said.model, said.models, said.regions) == ("", (), ())


class TestRead:
    """An exchange to a reply or a named trouble."""

    def test_a_whole_answer_is_a_reply(self):
        """Text, model, finish and token counts come through, and live is the origin."""
        assert read(came(whole())) == Reply("答え", "m-1", "stop", 3, 2, "live", models=("m-1",))

    def test_a_streamed_answer_is_the_same_reply(self):
        """A stream gives what the whole answer would have given."""
        assert read(came(GOOD, 200, STREAM)) == read(came(whole()))

    @given(st.lists(st.integers(0, len(GOOD)), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]))
    def test_chunk_borders_mean_nothing(self, cuts, line_end):
        """Wherever the bytes are cut, inside a character too, and whatever ends a line, the reply is the same."""
        raw = GOOD.replace(b"\n", line_end.encode())
        borders = [0, *sorted(cuts), len(raw)]
        chunks = tuple(Chunk(i, raw[a:b]) for i, (a, b) in enumerate(itertools.pairwise(borders)))

        assert read(Exchange("yes", 200, (STREAM,), chunks)) == read(came(whole()))

    def test_keep_alives_and_other_fields_are_passed_over(self):
        """Comments, event names, ids and a byte order mark are not data."""
        raw = b"\xef\xbb\xbf: ping\n\n:\n" + GOOD.replace(b"data: ", b"event: x\nid: 1\ndata:")

        assert read(came(raw, 200, STREAM)) == read(came(whole()))

    def test_the_data_lines_of_one_event_are_joined(self):
        """JSON over several data lines is one event."""
        raw = GOOD.replace(b'"choices"', b'\ndata: "choices"')

        assert read(came(raw, 200, STREAM)) == read(came(whole()))

    def test_an_unended_event_is_no_event(self):
        """Without its blank line an event is dropped, but for the end mark."""
        assert events(b"data: a\n\ndata: b\n") == ("a",)
        assert events(b"data: a\n\ndata: [DONE]") == ("a", "[DONE]")

    def test_separators_of_other_standards_are_text(self):
        """U+2028, vertical tab and form feed do not end a line."""
        assert events("data: a\u2028b\x0bc\x0cd\x85e\n\n".encode()) == ("a\u2028b\x0bc\x0cd\x85e",)

    @pytest.mark.parametrize("mark", ["scripted", "recorded"])
    def test_a_stand_in_is_never_live(self, mark):
        """The stand-in's mark becomes the origin of the reply."""
        reply = read(came(whole(), 200, JSON, ("magi-standin", mark)))

        assert isinstance(reply, Reply)
        assert reply.origin == mark

    @pytest.mark.parametrize(
        "value",
        [whole(None, refusal="できません"), whole("x", refusal="no"), whole("半", finish="content_filter")],
    )
    def test_a_refusal_is_a_refusal_without_text(self, value):
        """A model's refusal and a filter's are replies that hold no text."""
        reply = read(came(value))

        assert isinstance(reply, Reply)
        assert (reply.refused, reply.text) == (True, "")

    def test_a_streamed_refusal_is_a_refusal(self):
        """A refusal that comes in pieces is one too."""
        reply = read(
            came(sse(piece(refusal="でき"), piece(refusal="ない", finish="stop"), "[DONE]"), 200, STREAM)
        )

        assert isinstance(reply, Reply)
        assert (reply.refused, reply.text) == (True, "")

    def test_missing_usage_is_none(self):
        """A backend that counts no tokens, or counts nonsense, gives none."""
        for usage in (None, {}, {"prompt_tokens": "3"}, {"prompt_tokens": True, "completion_tokens": -1}):
            reply = read(came(whole() | {"usage": usage}))

            assert isinstance(reply, Reply)
            assert (reply.prompt_tokens, reply.completion_tokens) == (None, None)

    @pytest.mark.parametrize(
        ("body", "header", "failure", "retry"),
        [
            (b"", JSON, "garbage", True),
            (b"<html>", JSON, "garbage", True),
            (b"\xff\xfe", JSON, "garbage", True),
            (b"[" * 100_000, JSON, "garbage", True),
            (b"[]", JSON, "garbage", True),
            (b"{}", JSON, "garbage", True),
            (b'{"choices":[]}', JSON, "garbage", True),
            (b'{"choices":[1]}', JSON, "garbage", True),
            (b'{"choices":[{"message":"x"}]}', JSON, "garbage", True),
            (b'{"choices":[{"message":{"content":1},"finish_reason":"stop"}]}', JSON, "garbage", True),
            (b'{"choices":[{"message":{"content":"x"}}]}', JSON, "garbage", True),
            (b'{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}', JSON, "garbage", True),
            (b'{"error":{"message":"x"}}', JSON, "error_chunk", False),
            (json.dumps(whole(finish="length")).encode(), JSON, "truncated", False),
            (GOOD, JSON, "garbage", True),
            (json.dumps(whole()).encode(), STREAM, "cut_stream", True),
            (b"", STREAM, "cut_stream", True),
            (GOOD.replace(b"data: [DONE]\n\n", b""), STREAM, "cut_stream", True),
            (GOOD[:100], STREAM, "cut_stream", True),
            (sse("[DONE]"), STREAM, "garbage", True),
            (sse(USAGE, "[DONE]"), STREAM, "garbage", True),
            (sse(piece("x"), "[DONE]"), STREAM, "garbage", True),
            (sse("{", "[DONE]"), STREAM, "garbage", True),
            (sse("\xff").replace("\xff".encode(), b"\xff"), STREAM, "garbage", True),
            (sse({"choices": 3}, "[DONE]"), STREAM, "garbage", True),
            (sse(piece("x"), {"error": {"message": "x"}}, "[DONE]"), STREAM, "error_chunk", False),
            (sse(piece("x"), {"error": {"message": "x"}}), STREAM, "error_chunk", False),
            (sse(piece("x", "length"), "[DONE]"), STREAM, "truncated", False),
        ],
    )  # fmt: skip
    def test_a_body_that_is_no_answer_has_a_name(self, body, header, failure, retry):
        """Each way in which a 200 is no answer is named, with advice about trying again."""
        assert read(came(body, 200, header)) == Trouble(failure, retry)

    @pytest.mark.parametrize(
        ("status", "failure", "retry"),
        [
            (301, "redirect_refused", False), (302, "redirect_refused", False), (307, "redirect_refused", False),
            (308, "redirect_refused", False), (204, "garbage", True), (400, "http_400", False),
            (401, "http_401", False), (403, "http_403", False), (404, "http_404", False), (408, "http_408", False),
            (413, "http_413", False), (422, "http_422", False), (429, "rate_limited", True),
            (500, "http_500", True), (502, "http_502", True), (503, "overloaded", True), (529, "overloaded", True),
        ],
    )  # fmt: skip
    def test_each_status_has_a_name(self, status, failure, retry):
        """Each class of status has its own name, whatever its body says."""
        assert read(came(whole(), status)) == Trouble(failure, retry)

    @pytest.mark.parametrize(
        ("failure", "retry"),
        [
            ("connect_failed", True), ("resolve_failed", True), ("timed_out", True), ("cut_stream", True),
            ("garbage", True), ("tls_failed", False), ("too_large", False), ("credential_echoed", False),
        ],
    )  # fmt: skip
    def test_a_failed_exchange_keeps_its_name(self, failure, retry):
        """What the transport named stays, even where a complete answer came before the failure."""
        exchange = Exchange("yes", 200, (JSON,), (Chunk(1, json.dumps(whole()).encode()),), failure)

        assert read(exchange) == Trouble(failure, retry)

    @pytest.mark.parametrize(
        ("headers", "wait_ms"),
        [
            ((("retry-after", "7"),), 7_000),
            ((("retry-after", "0"),), 0),
            ((("retry-after", "99999999"),), MAX_RETRY_AFTER_MS),
            ((("retry-after", "9" * 5_000),), None),
            ((("retry-after", "-5"),), None),
            ((("retry-after", "soon"),), None),
            ((("retry-after", "٣"),), None),
            ((), None),
            ((("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),), None),
            (
                (("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", "Sun, 06 Nov 1994 08:49:30 GMT")),
                7_000,
            ),
            (
                (("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", "Sun, 06 Nov 1994 09:00:00 GMT")),
                0,
            ),
            (
                (
                    ("retry-after", "Sun, 06 Nov 1994 08:49:37 -0000"),
                    ("date", "Sun, 06 Nov 1994 09:00:00 GMT"),
                ),
                None,
            ),
        ],
    )
    def test_retry_after_is_read_in_both_forms_and_bounded(self, headers, wait_ms):
        """Seconds, or a date against the response's own Date; anything else is no word."""
        assert read(came(b"", 429, JSON, *headers)) == Trouble(
            "rate_limited", retry=True, retry_after_ms=wait_ms
        )

    @given(st.binary(max_size=200), st.sampled_from([JSON, STREAM]))
    def test_no_bytes_make_it_raise(self, body, header):
        """Whatever a backend sends, reading ends in a reply or a trouble."""
        assert isinstance(read(came(body, 200, header)), Reply | Trouble)

    def test_a_reply_does_not_show_its_text(self):
        """The representation of a reply holds no text."""
        assert "答え" not in repr(read(came(whole())))
