"""The quick way to canonical bytes is the reference's: the same bytes, or the same refusal."""

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.canonical import canonical

EDGES = [
    0,
    -1,
    10**15 - 1,
    10**15,
    -(10**15),
    2**53 - 1,
    1 - 2**53,
    2**53,
    -(2**53),
    10**30,
    0.5,
    1e21,
    -0.0,
    1.0,
]
TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(max_codepoint=0x7F)),
    st.sampled_from(
        [
            "\x00",
            "\x1f",
            "\x7f",
            '"',
            "\\",
            "/",
            "\u2028",
            ":1e5",
            ",-1234567890123456",
            "[1.5",
            "é",
            "€",
            "\U0001f600",
            "\ufb33",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(-9, 9),
        st.sampled_from(EDGES),
        TEXTS,
        st.floats(allow_nan=True),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def _made(make, value):
    try:
        return make(value)
    except ValueError:
        return "refused"


@settings(max_examples=1500, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_any_map_has_the_bytes_of_the_reference(value):
    """Whatever a map holds, its bytes are those of RFC 8785's implementation, or both refuse it."""
    assert _made(canonical, value) == _made(rfc8785.dumps, value)


@pytest.mark.parametrize("number", EDGES)
@pytest.mark.parametrize(
    "shape",
    [lambda n: {"a": n}, lambda n: {"a": [n]}, lambda n: {"a": [0, n]}, lambda n: {"a": {"b": n}, "c": 1}],
)
def test_numbers_at_the_edge(shape, number):
    """Integers around 2**53 and floats are spelled or refused as the reference does, wherever they stand."""
    assert _made(canonical, shape(number)) == _made(rfc8785.dumps, shape(number))


@pytest.mark.parametrize("char", [chr(code) for code in range(0x100)] + ["\ud800", "\U0010ffff", "\uffff"])
def test_every_character_is_escaped_alike(char):
    """Controls, quotes and letters in keys and values have the reference's spelling; a lone surrogate is refused."""
    value = {char: char, "a": 1, "Z": 2}

    assert _made(canonical, value) == _made(rfc8785.dumps, value)
