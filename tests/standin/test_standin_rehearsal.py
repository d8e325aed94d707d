"""The rehearsal script: answers in the format asked for, the same on every machine, plainly a rehearsal."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.standin.rehearsal import OPENING, plausible
from magi.standin.script import Reply, Request, Status

OPTIONS = ["ア", "イ", "ウ", "エ"]


def asked(schema=None, *, text="窓口の開庁時間を延長すべきか", model="m", kind="json_schema"):
    """Build a request that asks for the schema."""
    wanted = {"type": kind, "json_schema": {"name": "answer", "schema": schema}}
    return Request(model, (("system", "s"), ("user", text)), response_format=wanted)


def fill(schema, seed="s", **more):
    """Give the value that the script answers for the schema."""
    reply = plausible(seed)(asked(schema, **more))
    assert isinstance(reply, Reply)
    return json.loads(reply.content)


def test_without_a_format_the_answer_says_that_it_is_a_rehearsal():
    """Free text opens with the sentence that names the rehearsal."""
    reply = plausible(1)(Request("m", (("user", "x"),)))

    assert reply.content.startswith(OPENING)


def test_json_object_format_gives_a_json_object():
    """The looser JSON format is honoured too."""
    reply = plausible(1)(asked(kind="json_object"))

    assert json.loads(reply.content)["message"].startswith(OPENING)


def test_answer_follows_the_schema_in_order():
    """Each property is filled by its kind, in the order of the schema."""
    schema = {
        "type": "object",
        "properties": {
            "answer": {"type": "string", "enum": OPTIONS},
            "reason": {"type": "string", "maxLength": 40},
            "confidence": {"type": "integer", "minimum": 0, "maximum": 100},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "urgent": {"type": "boolean"},
            "note": {"type": ["string", "null"]},
            "fixed": {"const": "v1"},
            "nothing": {"type": "null"},
            "on": {"type": "string", "format": "date"},
            "claims": {"type": "array", "items": {"$ref": "#/$defs/claim"}, "maxItems": 3},
            "choice": {"anyOf": [{"type": "null"}, {"type": "string", "enum": ["x"]}]},
        },
        "$defs": {"claim": {"type": "object", "properties": {"text": {"type": "string"}}}},
    }
    got = fill(schema)

    assert list(got) == list(schema["properties"])
    assert got["answer"] in OPTIONS
    assert got["reason"].startswith(OPENING)
    assert len(got["reason"]) <= 40
    assert isinstance(got["confidence"], int)
    assert 0 <= got["confidence"] <= 100
    assert 0 <= got["share"] <= 1
    assert isinstance(got["urgent"], bool)
    assert got["note"].startswith(OPENING)
    assert (got["fixed"], got["nothing"], got["choice"]) == ("v1", None, "x")
    assert got["claims"][0]["text"].startswith(OPENING)


def test_ranking_names_every_option_once():
    """An array over an enum with as many places as options is a permutation, not always the same."""
    schema = {"type": "array", "items": {"enum": OPTIONS}, "minItems": 4, "maxItems": 4, "uniqueItems": True}
    rankings = [fill(schema, text=f"質問{number}") for number in range(20)]

    assert all(sorted(ranking) == OPTIONS for ranking in rankings)
    assert len({tuple(ranking) for ranking in rankings}) > 5


def test_choice_depends_on_question_model_and_persona_only():
    """The same three give the same answer; changing any one spreads the answers over the options."""
    schema = {"enum": OPTIONS}

    assert fill(schema) == fill(schema)
    assert {fill(schema, text=f"質問{number}") for number in range(50)} == set(OPTIONS)
    assert {fill(schema, model=f"m{number}") for number in range(50)} == set(OPTIONS)
    assert {fill(schema, seed=number) for number in range(50)} == set(OPTIONS)


def test_properties_are_drawn_apart():
    """Two properties with the same options are not tied to each other."""
    schema = {"properties": {"a": {"enum": OPTIONS}, "b": {"enum": OPTIONS}}}
    drawn = [fill(schema, text=f"質問{number}") for number in range(40)]

    assert any(each["a"] != each["b"] for each in drawn)


_PROGRAM = """
import sys
from magi.standin.rehearsal import plausible
from magi.standin.script import Request
schema = {"properties": {"a": {"enum": list("abcdefgh")}, "n": {"type": "integer"}, "s": {"type": "string"},
  "r": {"type": "array", "items": {"enum": list("abcdefgh")}, "minItems": 8}}}
wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
for number in range(20):
    request = Request("m", (("user", f"q{number}"),), response_format=wanted)
    sys.stdout.write(plausible("p")(request).content + "\\n")
"""


def test_answers_do_not_depend_on_the_hash_seed():
    """Two interpreters with different hash seeds give the same bytes."""
    first, second = (
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", _PROGRAM],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=30,
        ).stdout
        for seed in ("1", "2")
    )

    assert first == second
    assert first.count(b"\n") == 20


@given(st.integers(0, 300), st.integers(0, 300), st.text(max_size=10))
@settings(deadline=None)
def test_string_lengths_are_honoured(shortest, longest, text):
    """A string is never longer than maxLength nor shorter than minLength, in code points."""
    shortest, longest = sorted((shortest, longest))
    got = fill({"type": "string", "minLength": shortest, "maxLength": longest}, text=text)

    assert shortest <= len(got) <= longest
    assert got.startswith(OPENING[:longest])


@given(st.integers(-1000, 1000), st.integers(1, 500), st.text(max_size=10), st.booleans(), st.booleans())
@settings(deadline=None)
def test_number_bounds_are_honoured(lowest, width, text, low_open, high_open):
    """Numbers keep to their bounds, excluded ones too."""
    bounds = {
        "exclusiveMinimum" if low_open else "minimum": lowest,
        "exclusiveMaximum" if high_open else "maximum": lowest + width + 1,
    }
    for kind in ("integer", "number"):
        got = fill({"type": kind, **bounds}, text=text)

        assert lowest + low_open * (kind == "integer") <= got
        assert got <= lowest + width + 1 - high_open * (kind == "integer")
        assert not (low_open and got == lowest)
        assert not (high_open and got == lowest + width + 1)


@pytest.mark.parametrize("bounds", [{"minimum": 500}, {"maximum": -500}, {"minimum": 7, "multipleOf": 5}, {}])
def test_one_sided_bounds_are_honoured(bounds):
    """A missing bound leaves room beside the stated one."""
    got = fill({"type": "integer", **bounds})

    assert bounds.get("minimum", got) <= got <= bounds.get("maximum", got)
    assert got % bounds.get("multipleOf", 1) == 0


def test_pattern_is_met_where_a_usual_value_fits():
    """Digits, days and the sentence itself satisfy the usual patterns."""
    assert fill({"type": "string", "pattern": "^[0-9]+$"}).isdigit()
    assert fill({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}) == "2026-04-01"
    assert fill({"type": "string", "pattern": "予行"}).startswith(OPENING)


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": []},
        {"enum": "ab"},
        {"type": "colour"},
        {"type": 5},
        {"$ref": "#/$defs/missing"},
        {"$ref": "http://example.jp/schema"},
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#"}}},
        {"anyOf": []},
        {"properties": []},
        {"properties": {"a": 5}},
        {"type": "string", "minLength": 5, "maxLength": 4},
        {"type": "string", "minLength": 10**9},
        {"type": "string", "maxLength": "x"},
        {"type": "string", "pattern": "("},
        {"type": "string", "pattern": "^[xyz]{9}$"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "integer", "minimum": 0.1, "maximum": 0.9},
        {"type": "integer", "minimum": float("inf")},
        {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1},
        {"type": "array", "minItems": 65},
        {"type": "array", "minItems": 3, "maxItems": 2},
        {"type": "array", "items": {"enum": ["a"]}, "minItems": 2, "uniqueItems": True},
    ],
)
def test_schema_that_cannot_be_followed_is_a_400(schema):
    """An impossible or unknown schema is answered with an error, never with a wrong answer."""
    got = plausible("s")(asked(schema))

    assert isinstance(got, Status)
    assert (got.code, got.error_code) == (400, "unsupported_schema")


_SCHEMAS = st.recursive(
    st.dictionaries(
        st.sampled_from(["type", "enum", "const", "minimum", "maximum", "maxLength", "minItems", "$ref"]),
        st.sampled_from(["string", "integer", "array", "object", "#", 0, 3, -1, 1.5, None, [], ["a", "b"]]),
        max_size=3,
    ),
    lambda inner: (
        st.fixed_dictionaries({"properties": st.dictionaries(st.text(max_size=3), inner, max_size=3)})
        | st.fixed_dictionaries({"items": inner, "type": st.just("array")})
        | st.fixed_dictionaries({"anyOf": st.lists(inner, max_size=2)})
    ),
    max_leaves=6,
)


@given(_SCHEMAS)
@settings(max_examples=300, deadline=None)
def test_no_schema_breaks_the_script(schema):
    """Any schema is either followed or refused."""
    got = plausible("s")(asked(schema))

    assert isinstance(got, Reply | Status)
