"""Exchanges and their bytes in the ledger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.errors import MalformedFileError
from magi.gateway.exchange import Chunk, Exchange

LATIN = st.text(st.characters(max_codepoint=255), max_size=12)
EXCHANGES = st.builds(
    Exchange,
    sent=st.sampled_from(["no", "maybe", "yes"]),
    status=st.none() | st.integers(100, 599),
    headers=st.lists(st.tuples(LATIN, LATIN), max_size=4).map(tuple),
    chunks=st.lists(st.builds(Chunk, st.integers(0, 10**7), st.binary(max_size=20)), max_size=5).map(tuple),
    failure=st.none() | st.sampled_from(["cut_stream", "timed_out"]),
)


@given(EXCHANGES)
def test_bytes_round_trip(exchange):
    """What was written is read back equal, chunk borders and empty chunks included."""
    assert Exchange.from_bytes(exchange.to_bytes()) == exchange


@given(EXCHANGES)
def test_the_body_stands_raw_after_one_line(exchange):
    """The bytes are one line of JSON, a line feed, and the raw body."""
    _, _, body = exchange.to_bytes().partition(b"\n")

    assert body == b"".join(chunk.data for chunk in exchange.chunks)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}\n",
        b"[1]\n",
        b"\xff\n",
        b'{"v":1}\n',
        b'{"v":2,"sent":"no","status":null,"headers":[],"chunks":[],"failure":null}\n',
        b'{"v":1,"sent":"perhaps","status":null,"headers":[],"chunks":[],"failure":null}\n',
        b'{"v":1,"sent":"no","status":"200","headers":[],"chunks":[],"failure":null}\n',
        b'{"v":1,"sent":"no","status":null,"headers":[],"chunks":[[0,5]],"failure":null}\nabcd',
        b'{"v":1,"sent":"no","status":null,"headers":[],"chunks":[[0,-1],[0,5]],"failure":null}\nabcd',
        b'{"v":1,"sent":"no","status":null,"headers":[["a"]],"chunks":[],"failure":null}\n',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_refused_by_name(raw):
    """Bytes that are no exchange are a malformed file, not a traceback."""
    with pytest.raises(MalformedFileError):
        Exchange.from_bytes(raw)


def test_the_representation_shows_no_text():
    """An exchange does not show what came back."""
    exchange = Exchange("yes", 200, (), (Chunk(1, b"canary"),))

    assert "canary" not in repr(exchange)


@pytest.mark.parametrize(
    ("mark", "origin"),
    [("scripted", "scripted"), ("recorded", "recorded"), ("other", "live"), (None, "live")],
)
def test_a_stand_in_is_known_by_its_mark(mark, origin):
    """The origin is what the stand-in's header says, else live."""
    headers = () if mark is None else (("magi-standin", mark),)

    assert Exchange("yes", 200, headers).origin == origin
