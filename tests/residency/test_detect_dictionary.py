"""An organisation's own dictionary: its words are found in every spelling, it can only raise, mistakes are named."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.errors import MalformedFileError
from magi.residency.detect.build import shipped
from magi.residency.detect.dictionary import own_dictionary
from magi.residency.detect.engine import Detectors
from magi.residency.label import Label

EXAMPLE = Path(__file__).parents[2] / "deploy" / "dictionary.example.toml"


def entry(**changes):
    """A valid entry with some of its keys changed."""
    return {
        "id": "plan",
        "words": ["あおぞら計画"],
        "label": "internal",
        "ja": "理由。",
        "en": "Why.",
    } | changes


def own(*entries):
    """Detectors of a dictionary with these entries."""
    return Detectors([own_dictionary({"entry": list(entries)}, "own.toml")])


@pytest.mark.parametrize(
    "text",
    [
        "あおぞら計画の要旨",
        "あ お ぞ ら 計 画 の要旨",
        "あおぞら・計画の要旨",
        "あお\u200bぞら計画の要旨",
        "%E3%81%82%E3%81%8A%E3%81%9E%E3%82%89%E8%A8%88%E7%94%BB の要旨",
        "44GC44GK44Ge44KJ6KiI55S7 を読んで",
    ],
)
def test_a_word_is_found_in_every_spelling(text):
    """A listed word raises also spaced out, with marks or invisible characters between, and encoded."""
    assert [hit.rule for hit in own(entry()).find(text)][:1] == ["own.plan"]


def test_a_hit_covers_the_word():
    """The hit spans the word in the text as it came."""
    text = "次の文を直して。あおぞら計画の要旨"
    hit = own(entry()).find(text)[0]

    assert text[hit.start : hit.end] == "あおぞら計画"


def test_a_latin_word_matches_whole_words_only():
    """A Latin code name is found in any case and width, and not inside another word."""
    detectors = own(entry(words=["ORION"]))

    assert detectors.find("Ｏｒｉｏｎ の日程")
    assert detectors.find("ORION計画")
    assert not detectors.find("a championorion b")


def test_a_word_written_full_width_is_the_same_word():
    """How the dictionary spells a word does not matter."""
    assert own(entry(words=["ＭＩＮＡＴＯ－ＮＥＴ"])).find("minato-net の構成")


@pytest.mark.parametrize("label", ["public", "機密性1", "公開"])
def test_a_dictionary_may_only_raise(label):
    """A label that is public is refused."""
    with pytest.raises(MalformedFileError) as caught:
        own_dictionary({"entry": [entry(label=label)]}, "own.toml")

    assert any("public" in problem for problem in caught.value.facts["problems"])


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"entry": []},
        {"entry": [entry(words=[])]},
        {"entry": [entry(words=["秘"])]},
        {"entry": [entry(words=["--- ・・"])]},
        {"entry": [entry(words=["あ" * 101])]},
        {"entry": [entry(label="top")]},
        {"entry": [entry(id="Plan A")]},
        {"entry": [entry(), entry()]},
        {"entry": [entry(pattern=".*")]},
        {"entry": [entry(ja="")]},
        {"entry": "x"},
    ],
)
def test_a_malformed_dictionary_is_refused(table):
    """Missing, unknown, empty, too short or doubled values are refused with the file's name."""
    with pytest.raises(MalformedFileError) as caught:
        own_dictionary(table, "own.toml")

    assert caught.value.facts["file"] == "own.toml"
    assert caught.value.facts["problems"]


def test_every_problem_is_named_at_once():
    """Two broken entries give at least two problems, and none quotes a word."""
    with pytest.raises(MalformedFileError) as caught:
        own_dictionary({"entry": [entry(label="public"), entry(id="b", words=["x"])]}, "own.toml")
    problems = caught.value.facts["problems"]

    assert len(problems) >= 2
    assert not any("あおぞら" in problem for problem in problems)


def test_the_example_file_is_valid_and_joins_the_shipped_detectors():
    """The documented example parses, and its words raise to its labels beside the shipped rules."""
    detectors = shipped(own_dictionary(tomllib.loads(EXAMPLE.read_text("utf-8")), EXAMPLE.name))
    labels = {hit.rule: hit.label for hit in detectors.find("あおぞら計画とみなと監視網の名称の由来")}

    assert labels["own.renewal_project"] == Label.INTERNAL
    assert labels["own.monitoring_system"] == Label.SECRET


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=2, max_size=12), min_size=1, max_size=4), st.text(max_size=60))
def test_any_words_either_work_or_are_refused(words, text):
    """No list of words makes the detectors raise on any text."""
    try:
        detectors = own(entry(words=words))
    except MalformedFileError:
        return

    assert not [hit for hit in detectors.find(text + words[0]) if hit.rule.startswith("error.")]
