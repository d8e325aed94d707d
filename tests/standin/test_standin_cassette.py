"""Cassettes: what is written is what is read and what is played; anything else is refused by line."""

import asyncio
import base64
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.standin.cassette import (
    MAX_FILE_BYTES,
    Cassette,
    CassetteError,
    Entry,
    Header,
    RecordedModel,
    key_of,
    load,
    parse,
    render,
    write,
)
from magi.standin.server import StandIn

DIGEST = "0123456789abcdef" * 4
MODEL = RecordedModel("smollm", "smollm2-135m", DIGEST, "Apache-2.0", "llama.cpp")
HEADER = Header("2026-11-22", (MODEL,), "記録の例")
ENTRY = Entry(
    DIGEST,
    "smollm2-135m",
    200,
    (("content-type", "text/event-stream"),),
    (b"data: 1\n\n", b"\xe3\x81"),
    (0, 12),
)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TOKEN = st.text("abcXYZ-09", min_size=1, max_size=10)
_VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
_CHUNKS = st.lists(
    st.tuples(st.binary(max_size=30) | _TEXT.map(str.encode), st.integers(0, 10**6)), max_size=5
)


@st.composite
def _entries(draw):
    bodies = draw(st.lists(st.binary(max_size=10), max_size=4, unique=True))
    entries = []
    for body in bodies:
        chunks = draw(_CHUNKS)
        entries.append(
            Entry(
                key=key_of(body),
                model=draw(_TEXT),
                status=draw(st.integers(200, 599)),
                headers=tuple(draw(st.dictionaries(_TOKEN, _VALUE, max_size=3)).items()),
                chunks=tuple(chunk for chunk, _ in chunks),
                offsets_ms=tuple(sorted(offset for _, offset in chunks)),
            )
        )
    return tuple(entries)


_MODELS = st.lists(
    st.builds(RecordedModel, _TEXT, _TEXT, st.sampled_from(["", DIGEST]), _TEXT, _TEXT), max_size=3
)
_HEADERS = st.builds(Header, st.dates().map(lambda day: day.isoformat()), _MODELS.map(tuple), _TEXT)


@given(_HEADERS, _entries())
@settings(deadline=None)
def test_round_trip_keeps_every_byte(header, entries):
    """Any recording reads back equal, and renders to the same bytes again."""
    content = render(header, entries)
    cassette = parse(content)

    assert (cassette.header, cassette.entries) == (header, entries)
    assert render(cassette.header, cassette.entries) == content
    assert all(cassette.find(b"not recorded by chance") != entry for entry in entries)


@given(_entries())
@settings(deadline=None, max_examples=30)
def test_playback_returns_the_recorded_bytes(entries):
    """Whatever body was recorded is played byte for byte, with its status."""
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'
    played = [
        Entry(
            key_of(body),
            "m",
            entry.status,
            (("content-type", "application/json"),),
            entry.chunks,
            entry.offsets_ms,
        )
        for entry in entries
        if entry.status not in (204, 205, 304)  # these have no body in HTTP
    ]

    async def story(entry):
        async with StandIn(Cassette(HEADER, (entry,))) as stand_in:
            reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
            head = f"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            raw = await reader.read()
            writer.close()
            return raw

    for entry in played:
        head, _, rest = asyncio.run(story(entry)).partition(b"\r\n\r\n")

        assert int(head.split()[1]) == entry.status
        assert rest == b"".join(entry.chunks)


def test_file_round_trip_is_atomic_and_leaves_nothing_behind(tmp_path):
    """Writing replaces the old file whole, and a refused write leaves it as it was."""
    path = tmp_path / "demo.jsonl"
    write(path, HEADER, [ENTRY])
    first = path.read_bytes()
    write(path, HEADER, [])
    write(path, HEADER, [ENTRY])
    with pytest.raises(CassetteError):
        write(path, HEADER, [ENTRY, ENTRY])

    assert path.read_bytes() == first
    assert load(path) == load(str(path)) == Cassette(HEADER, (ENTRY,))
    assert [each.name for each in tmp_path.iterdir()] == ["demo.jsonl"]


def test_failed_write_removes_its_temporary_file(tmp_path):
    """Where the target cannot be replaced, the error is told and no temporary file stays."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"."):
        write(tmp_path / "folder", HEADER, [ENTRY])

    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_file_can_be_read_in_review():
    """Text stands as text, one answer a line; only what is no UTF-8 is base64."""
    head, line, rest = render(HEADER, [ENTRY]).decode().split("\n")

    assert rest == ""
    assert "記録の例" in head
    assert json.loads(line)["chunks"] == ["data: 1\n\n", {"base64": base64.b64encode(b"\xe3\x81").decode()}]


def test_find_goes_by_the_exact_body():
    """One byte more or less is another request."""
    entry = Entry(key_of(b"{}"), "m", 200, (), (b"1",), (0,))
    cassette = Cassette(HEADER, (entry,))

    assert cassette.find(b"{}") == entry
    assert cassette.find(b"{} ") is None


GOOD_HEAD = json.loads(render(HEADER, []))
GOOD_LINE = json.loads(render(HEADER, [ENTRY]).split(b"\n")[1])


def _line(row):
    return row if isinstance(row, bytes) else json.dumps(row).encode()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"", "malformed JSON"),
        (b"{", "malformed JSON"),
        (b"\xff", "malformed JSON"),
        (b"[" * 100_000, "malformed JSON"),
        (b"[]", "expected a JSON object"),
        (b'{"magi_cassette":1,"magi_cassette":1}', "twice"),
        ({"key": DIGEST}, "not a cassette"),
        ({**GOOD_HEAD, "magi_cassette": 2}, "unknown version"),
        ({**GOOD_HEAD, "magi_cassette": True}, "unknown version"),
        ({**GOOD_HEAD, "magi_cassette": "1"}, "unknown version"),
        ({**GOOD_HEAD, "extra": 1}, "unknown fields"),
        ({"magi_cassette": 1}, "missing fields: models, note, recorded_at"),
        ({**GOOD_HEAD, "recorded_at": "2026-11-31"}, "recorded_at"),
        ({**GOOD_HEAD, "recorded_at": "20261122"}, "recorded_at"),
        ({**GOOD_HEAD, "recorded_at": 5}, "recorded_at: expected a string"),
        ({**GOOD_HEAD, "models": {}}, "models"),
        ({**GOOD_HEAD, "models": ["x"]}, "models"),
        ({**GOOD_HEAD, "models": [{**GOOD_HEAD["models"][0], "weights_sha256": "A" * 64}]}, "bad digest"),
        ({**GOOD_HEAD, "models": [{"card": "x"}]}, "missing fields"),
        ({**GOOD_HEAD, "note": "\ud800"}, "note"),
    ],
)
def test_bad_header_is_refused_on_line_one(row, reason):
    """Each fault of the header is named, on line 1."""
    with pytest.raises(CassetteError, match=reason) as caught:
        parse(_line(row) + b"\n")

    assert caught.value.line == 1
    assert str(caught.value).startswith("line 1: ")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"", "malformed JSON"),
        (b'{"status": NaN}', "malformed JSON"),
        (b'"x"', "expected a JSON object"),
        ({**GOOD_LINE, "key": DIGEST[:-1]}, "bad digest"),
        ({**GOOD_LINE, "key": DIGEST.upper()}, "bad digest"),
        ({**GOOD_LINE, "key": DIGEST + "\n"}, "bad digest"),
        ({**GOOD_LINE, "status": 199}, "status"),
        ({**GOOD_LINE, "status": True}, "status"),
        ({**GOOD_LINE, "status": 200.0}, "status"),
        ({**GOOD_LINE, "headers": []}, "headers"),
        ({**GOOD_LINE, "headers": {"a b": "c"}}, "headers"),
        ({**GOOD_LINE, "headers": {"a": "c\r\nd: e"}}, "headers"),
        ({**GOOD_LINE, "headers": {"a": 1}}, "headers"),
        ({**GOOD_LINE, "headers": {"a": "\ud800"}}, "headers"),
        ({**GOOD_LINE, "chunks": "x"}, "chunks: expected an array"),
        ({**GOOD_LINE, "chunks": ["x"]}, "equal lengths"),
        ({**GOOD_LINE, "chunks": ["x", 1]}, "chunks"),
        ({**GOOD_LINE, "chunks": ["x", {"base64": "*"}]}, "bad base64"),
        ({**GOOD_LINE, "chunks": ["x", {"base64": "あ"}]}, "bad base64"),
        ({**GOOD_LINE, "chunks": ["x", {"base64": ""} | {"y": ""}]}, "chunks"),
        ({**GOOD_LINE, "chunks": ["x", "\ud800"]}, "chunks"),
        ({**GOOD_LINE, "offsets_ms": [5, 4]}, "offsets_ms"),
        ({**GOOD_LINE, "offsets_ms": [-1, 4]}, "offsets_ms"),
        ({**GOOD_LINE, "offsets_ms": [0, 4.5]}, "offsets_ms"),
        ({**GOOD_LINE, "model": None}, "model"),
        ({**GOOD_LINE, "more": 1}, "unknown fields"),
        ({"key": DIGEST}, "missing fields"),
        (GOOD_LINE, "earlier line"),
    ],
)
def test_bad_entry_is_refused_on_its_line(row, reason):
    """Each fault of an answer is named, on the line it stands on."""
    lines = [_line(GOOD_HEAD), _line(GOOD_LINE), _line(row)]
    with pytest.raises(CassetteError, match=reason) as caught:
        parse(b"\n".join(lines) + b"\n")

    assert caught.value.line == 3


@pytest.mark.parametrize(
    "entry",
    [
        Entry(DIGEST, "\ud800", 200, (), (), ()),
        Entry(DIGEST, "m", 200, (("a", "1"), ("a", "2")), (), ()),
        Entry(DIGEST, "m", 99, (), (), ()),
        Entry(DIGEST, "m", 200, (), (b"1",), ()),
        Entry("x", "m", 200, (), (), ()),
    ],
)
def test_what_would_not_load_is_not_written(tmp_path, entry):
    """A recording that could not be read back is refused before any file is touched."""
    with pytest.raises(CassetteError):
        write(tmp_path / "x.jsonl", HEADER, [entry])

    assert list(tmp_path.iterdir()) == []


def test_error_quotes_no_content():
    """The reason names the field, never what stood in it, not even through its cause."""
    secret = "秘密の質問"  # noqa: S105  # stands for recorded text
    row = {**GOOD_LINE, "chunks": [secret, {"base64": secret}], secret: 1}
    for bad in (row, {**row, "offsets_ms": secret}, json.dumps(row, ensure_ascii=False).encode()[:-9]):
        with pytest.raises(CassetteError) as caught:
            parse(b"\n".join([_line(GOOD_HEAD), _line(bad)]))
        error, shown = caught.value, ""
        while error is not None:
            shown += repr(error)
            error = error.__cause__

        assert secret not in shown


def test_oversized_file_is_refused_unread(tmp_path):
    """A file past the limit is refused by its size, without a line."""
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(CassetteError) as caught:
        load(path)

    assert caught.value.line is None


def test_miss_is_never_made_up(ask, body_of):
    """A request that was not recorded is a 404 cassette_miss, also with a known model."""
    cassette = Cassette(HEADER, (Entry(key_of(body_of()), "m", 200, (), (b"{}",), (0,)),))

    async def story():
        async with StandIn(cassette) as stand_in:
            return await ask(stand_in, body_of(stream=True))

    raw = asyncio.run(story())

    assert (raw.status, raw.error["code"]) == (404, "cassette_miss")


@pytest.mark.parametrize("chunks", [(b"te", b"apot"), (b"teapot",)])
def test_recorded_error_is_played_for_a_body_that_is_no_chat(ask, chunks):
    """Even a malformed request plays its recording, headers of the connection left out."""
    headers = (("content-type", "text/plain"), ("content-length", "99"), ("transfer-encoding", "chunked"))
    cassette = Cassette(HEADER, (Entry(key_of(b"{"), "m", 418, headers, chunks, tuple(range(len(chunks)))),))

    async def story():
        async with StandIn(cassette) as stand_in:
            return await ask(stand_in, b"{")

    raw = asyncio.run(story())

    assert (raw.status, raw.body, raw.complete) == (418, b"teapot", True)
    assert ("transfer-encoding" in raw.headers) == (len(chunks) > 1)
    assert ("content-length" in raw.headers) == (len(chunks) == 1)


@pytest.mark.parametrize(("pace", "least", "most"), [(0.0, 0.0, 0.35), (0.5, 0.2, 5.0)])
def test_pace_scales_recorded_times(ask, body_of, pace, least, most):
    """Pace 0 plays at once, any other multiplies the recorded times."""
    cassette = Cassette(HEADER, (Entry(key_of(body_of()), "m", 200, (), (b"1", b"2", b"3"), (0, 200, 400)),))

    async def story():
        async with StandIn(cassette, pace=pace) as stand_in:
            began = time.monotonic()
            raw = await ask(stand_in, body_of())
            return raw, time.monotonic() - began

    raw, took = asyncio.run(story())

    assert raw.body == b"123"
    assert least <= took < most


@pytest.mark.parametrize("option", [{"pace": -1.0}, {"pace": float("nan")}, {"delay_seconds": float("inf")}])
def test_endless_or_negative_times_are_refused(option):
    """Times must be finite and not negative."""
    with pytest.raises(ValueError, match="expected a"):
        StandIn(Cassette(HEADER, ()), **option)


def test_models_of_a_cassette_are_listed(ask):
    """The models of the answers are listed once, in order."""
    entries = [Entry(key_of(name.encode()), name[0], 200, (), (), ()) for name in ("b1", "a1", "b2")]

    async def story():
        async with StandIn(Cassette(HEADER, tuple(entries))) as stand_in:
            return (await ask(stand_in, b"", method="GET", path="/v1/models")).json["data"]

    assert [model["id"] for model in asyncio.run(story())] == ["b", "a"]
