"""Fields with names in romaji or English tell of persons and of handling; types and descriptions of fields do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.engine import Detectors
from magi.residency.detect.records import MAX_FIELDS, RECORDS
from magi.residency.label import Label

DETECTORS = Detectors([RECORDS])

FIRES = [
    ("record.person", '{"shimei":"todoroki nagisa","kubun":"tennyu"}', "todoroki nagisa"),
    ("record.person", "shinseisha: kuze tomoaki, mitei", "kuze tomoaki"),
    ("record.person", "applicant=MATSUMOTO_Kenji;status=pending", "MATSUMOTO_Kenji"),
    ("record.person", "seibetsu=F nenrei=67 chiku=3", "nenrei=67"),
    ("record.sensitive", "INFO soudan type=DV victim=30F child=2", "DV"),
    ("record.sensitive", '{"emp":"A-22","byoumei":"F32","nenrei":41}', "F32"),
    ("record.sensitive", "soudan: otto ga mainichi naguru", "otto"),
    ("record.handling", '{"title":"kikou","handling":"kanrishoku_nomi"}', "kanrishoku_nomi"),
    ("record.handling", '{"classification":"internal","subject":"x"}', "internal"),
    ("record.handling", "status: naiji / shubetsu: jinji", "naiji"),
    ("record.handling", '{"doc":"yosan","koukai":"fuka"}', "fuka"),
    ("record.secret", "toriatsukai=gokuhi; bunsho=12", "gokuhi"),
]

PUBLIC = [
    ("record.person", '{"shimei":"string","jusho":"varchar(80)","seinengappi":"date"}'),
    ("record.person", '{"properties":{"shimei":{"type":"string","maxLength":40}}}'),
    ("record.person", "shimei: 全角20文字以内、jusho: 任意"),
    ("record.person", "applicant=required;name=Sample Store"),
    ("record.person", '{"shimei":"kuze tomoaki"} はダミーのテストデータ'),
    ("record.sensitive", "type: DV とは何の略ですか"),
    ("record.sensitive", "status=closed label=bug count=3"),
    ("record.handling", '{"private":true,"visibility":"internal"} の意味'),
    ("record.handling", "<p class='internal'> と公開範囲:一般公開"),
    ("record.secret", "color=red level=3"),
]


@pytest.mark.parametrize(("rule", "text", "covered"), FIRES)
def test_fires(rule: str, text: str, covered: str) -> None:
    """A rule fires on a field with a value, and its span covers the value."""
    hits = [hit for hit in DETECTORS.find(text) if hit.rule == rule]

    assert any(covered in text[hit.start : hit.end] for hit in hits)


@pytest.mark.parametrize(("rule", "text"), PUBLIC)
def test_stays_public(rule: str, text: str) -> None:
    """Near neighbours of each rule without a person's value or a restriction do not fire it."""
    assert rule not in {hit.rule for hit in DETECTORS.find(text)}


def test_more_fields_than_are_weighed_count_as_the_strictest() -> None:
    """A view with more fields than the limit is not passed over but gets the family's highest label."""
    text = "age=1 " * (MAX_FIELDS + 1)

    assert {hit.label for hit in DETECTORS.find(text)} == {int(Label.SECRET)}


def test_every_rule_says_why() -> None:
    """Each rule has a sentence in Japanese and in English."""
    assert all(rule.ja.endswith("。") and rule.en.endswith(".") for rule in RECORDS.rules)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="shimei=: \"'{}[]dvDV氏あ0\n_-", max_size=120) | st.text(max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever the text is, the detector itself does not err."""
    assert not any(hit.rule.startswith("error.") for hit in DETECTORS.find(text))
