"""The rehearsal script's lists: each option once, an abstention alone, rarely a grave concern."""

import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from magi.standin.rehearsal import plausible
from magi.standin.script import Reply, Request

IDS = ["ア", "イ", "ウ", "エ"]


def fill(schema, text="質問"):
    """Give the value that the script answers for the schema."""
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    reply = plausible("s")(Request("m", (("user", text),), response_format=wanted))
    assert isinstance(reply, Reply)
    return json.loads(reply.content)


def listed(**more):
    """A list over the options and the abstention."""
    return {"type": "array", "items": {"type": "string", "enum": [*IDS, "棄権"]}, **more}


def test_an_open_list_names_each_option_once_or_abstains():
    """Without bounds a list has one to all options, each once, or is the abstention alone."""
    lists = [fill(listed(), f"質問{number}") for number in range(200)]

    assert all(len(set(one)) == len(one) for one in lists)
    assert all(one == ["棄権"] or set(one) <= set(IDS) for one in lists)
    assert {len(one) for one in lists} == {1, 2, 3, 4}
    assert 10 < lists.count(["棄権"]) < 50


def test_a_list_of_a_stated_length_keeps_to_it():
    """Bounds on a list of options are met, the abstention among them where it is needed to fill it."""
    lists = [fill(listed(minItems=4, maxItems=4, uniqueItems=True), f"質問{number}") for number in range(30)]

    assert all(sorted(one) == IDS for one in lists)
    assert len(fill(listed(minItems=5, maxItems=5, uniqueItems=True))) == 5
    assert len(fill(listed(maxItems=2))) <= 2
    assert fill(listed(maxItems=0)) == []


def test_items_that_must_differ_differ():
    """Items that must be unique are, objects too."""
    vote = {"properties": {"claim": {"enum": ["甲1", "甲2"]}, "vote": {"enum": ["賛成", "反対"]}}}
    for number in range(30):
        votes = fill(
            {"type": "array", "items": vote, "minItems": 3, "uniqueItems": True}, text=f"質問{number}"
        )

        assert len({json.dumps(one, sort_keys=True) for one in votes}) == 3


def test_a_grave_concern_is_rare():
    """Where なし is offered about seven of eight answers are なし, and each other word comes up."""
    schema = {"type": "string", "enum": ["なし", "違法性", "安全性", "個人情報"]}
    drawn = Counter(fill(schema, f"質問{number}") for number in range(400))

    assert 0.8 < drawn["なし"] / 400 < 0.95
    assert len(drawn) == 4


@given(st.text(max_size=20), st.integers(0, 4), st.integers(0, 6))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_every_bound_on_a_list_is_honoured(text, least, more):
    """A list is never shorter than minItems nor longer than maxItems."""
    got = fill(listed(minItems=least, maxItems=least + more), text)

    assert least <= len(got) <= max(least + more, least)
