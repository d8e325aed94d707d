"""The body as the guard reads it: a closed list of fields, one reading, and every text in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.form import schema
from magi.core.space import ChoiceSpace, OpenSpace
from magi.gateway.body import MAX_DEPTH, MAX_REQUEST_BYTES, SEAM_CHARS, read_body
from magi.gateway.protocols.openai_chat import render

MESSAGES = [{"role": "system", "content": "役"}, {"role": "user", "content": "問"}]
PLAIN = {"model": "m", "messages": MESSAGES, "temperature": 0, "seed": 0, "max_tokens": 9}
FORM = {
    "type": "json_schema",
    "json_schema": {"name": "statement", "schema": {"a": ["b", 7]}, "strict": True},
}


def read(value, model="m"):
    """Read this JSON value, or these bytes."""
    raw = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return read_body(raw, model)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("structured", ["none", "json_object", "json_schema"])
@pytest.mark.parametrize("space", [None, ChoiceSpace(options=("A", "B")), OpenSpace()])
def test_whatever_is_rendered_passes(kit, stream, structured, space):
    """The control: every request that the protocol renders holds listed fields only."""
    card = kit.make_card(stream=stream, structured=structured)
    wire = render(card, "役", "問", None if space is None else schema(space, 200))
    body = read(wire.body)

    assert body.problem is None
    assert {"役", "問", "m"} <= set(body.texts)


@pytest.mark.parametrize(
    "extra",
    [
        {"user": "taro"},
        {"metadata": {"ministry": "x"}},
        {"store": False},
        {"store": True},
        {"previous_response_id": "r"},
        {"tools": []},
        {"tool_choice": "none"},
        {"functions": []},
        {"files": []},
        {"fallbacks": ["gpt"]},
        {"safety_identifier": "x"},
        {"prompt_cache_key": "x"},
        {"service_tier": "auto"},
        {"n": 2},
        {"Messages": MESSAGES},
        {"": 1},
    ],
)
def test_a_field_beyond_the_list_is_refused(extra):
    """User ids, stored history, tools, files and whatever else there is do not pass, whatever their value."""
    assert read(PLAIN | extra).problem == "body_field"


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": "問"},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "developer", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
        {"messages": [{"role": "user", "content": "x", "name": "taro"}]},
        {"messages": [*MESSAGES, "x"]},
        {"model": 3},
        {"temperature": "0"},
        {"temperature": True},
        {"seed": 0.5},
        {"seed": "x"},
        {"max_tokens": False},
        {"stream": "yes"},
        {"stream_options": {"include_usage": True, "x": 1}},
        {"stream_options": {"include_usage": "x"}},
        {"response_format": "json"},
        {"response_format": {"type": "text"}},
        {"response_format": {"type": "json_object", "x": 1}},
        {"response_format": FORM | {"x": 1}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "statement"}}},
        {"response_format": {"type": "json_schema", "json_schema": FORM["json_schema"] | {"name": "x"}}},
        {"response_format": {"type": "json_schema", "json_schema": FORM["json_schema"] | {"strict": "x"}}},
        {"response_format": {"type": "json_schema", "json_schema": FORM["json_schema"] | {"schema": "x"}}},
    ],
)
def test_a_listed_field_of_another_form_is_refused(change):
    """Each field passes in its own form only, so that none can carry something else."""
    assert read(PLAIN | {"response_format": FORM}).problem is None
    assert read(PLAIN | change).problem == "body_field"


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_model_and_messages_must_be_there(missing):
    """A body without them is not a chat request."""
    assert read({name: item for name, item in PLAIN.items() if name != missing}).problem == "body_field"


def test_another_model_than_the_cards_is_refused():
    """The body may ask for the card's model only: no alias, no router, no profile of another region."""
    problems = {name: read(PLAIN | {"model": name}).problem for name in ("M", "auto", "global.m", "m ", "")}

    assert set(problems.values()) == {"body_model"}
    assert read(PLAIN).problem is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"model=m&messages=x",
        b"--boundary\r\nContent-Disposition: form-data\r\n",
        b"\x1f\x8b\x08\x00",
        json.dumps(PLAIN).encode("utf-16"),
        json.dumps(PLAIN).encode("utf-32-le"),
        b"\xef\xbb\xbf" + json.dumps(PLAIN).encode(),
        json.dumps(PLAIN).encode() + b"{}",
        json.dumps(PLAIN).encode()[:-1] + b',"seed":1}',
        json.dumps(PLAIN).encode().replace(b'"role": "user"', b'"role": "user", "role": "user"'),
        json.dumps(PLAIN | {"temperature": float("nan")}).encode(),
        json.dumps(PLAIN | {"temperature": float("inf")}).encode(),
        json.dumps(PLAIN | {"messages": [{"role": "user", "content": "\ud800"}]}).encode(),
        json.dumps(PLAIN).encode().replace(b'"seed": 0', b'"seed": ' + b"9" * 5_000),
        b"[" * 100_000,
        b'{"model":' + b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1) + b"}",
        "予算".encode("cp932"),
    ],
)  # fmt: skip
def test_what_is_not_one_plain_json_object_is_refused(raw):
    """Other encodings, repeated keys, half characters and endless nesting have no one reading: refused by form."""
    assert read(raw).problem == "body_form"


def test_a_body_past_its_limit_is_refused_unread():
    """One byte too many is refused by size, the last byte allowed is not."""
    empty = len(json.dumps(PLAIN | {"messages": [{"role": "user", "content": ""}]}).encode())
    full = PLAIN | {"messages": [{"role": "user", "content": "a" * (MAX_REQUEST_BYTES - empty)}]}

    assert read(full).problem is None
    assert read(json.dumps(full).encode() + b" ").problem == "body_size"


SCALARS = st.text(st.characters(codec="utf-8"), max_size=6) | st.integers() | st.booleans() | st.none()
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), inner, max_size=3)
    ),
    max_leaves=12,
)


def leaves(value):
    """Every key, text and number, by a way of its own: an explicit stack."""
    stack, found = [value], set()
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            found |= set(item)
            stack += item.values()
        elif isinstance(item, list):
            stack += item
        elif item is not None and not isinstance(item, bool):
            found.add(str(item))
    return found


@given(TREES)
def test_every_text_of_a_schema_is_read(tree):
    """No key, string or number of a schema goes unread, however deep it lies."""
    named = {"name": "statement", "schema": {"x": tree}, "strict": True}
    body = read(PLAIN | {"response_format": {"type": "json_schema", "json_schema": named}})

    assert body.problem is None
    assert leaves(tree) <= set(body.texts)


def test_numbers_are_read_as_text():
    """A number in a listed field is read too: twelve digits fit into a seed."""
    assert "123456789018" in read(PLAIN | {"seed": 123456789018}).texts


def test_what_two_messages_split_is_read_whole():
    """The border of neighbouring messages is read as one text, to a bounded width."""
    halves = [
        {"role": "user", "content": "あ" * 500 + "123456"},
        {"role": "user", "content": "789018" + "い" * 500},
    ]
    texts = read(PLAIN | {"messages": halves}).texts

    assert any("123456789018" in text for text in texts)
    assert min(len(text) for text in texts if "123456789018" in text) == 2 * SEAM_CHARS


def test_a_body_does_not_show_its_texts(kit):
    """The representation holds no text."""
    body = read(PLAIN | {"messages": [{"role": "user", "content": kit.CANARY}]})

    assert kit.CANARY in body.texts
    assert kit.CANARY not in repr(body)
