"""Subjects for domestic seats: a stance on a contested subject raises, a look-up does not."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.engine import Detectors
from magi.residency.detect.subjects import SUBJECTS

D = Detectors([SUBJECTS])

ASKED = [
    ("subject.territory", "尖閣への領海侵入が続く場合の対応を3案", "竹島の面積は何平方キロ"),
    ("subject.territory_policy", "領海の警備のあり方について提言を", "領海の12海里の由来"),
    ("subject.security", "台湾有事で自治体に求められる役割は", "日米地位協定は何条まで?"),
    ("subject.security_policy", "防衛費の増額は妥当か", "防衛白書の目次を要約して"),
    ("subject.diplomacy", "拉致問題の解決に向けた働きかけ", "外務省の組織図を説明して"),
    ("subject.diplomacy_policy", "経済制裁を強化すべきか", "中国地方の人口の見通し"),
    ("subject.history", "靖国参拝の是非", "戦後の年表で1951年の条約の名称は"),
    ("subject.history_policy", "戦争責任をどう説明すべきか", "江戸時代の年号の一覧"),
]
PUBLIC = [
    "自衛隊法第76条の条文を示して",
    "パスポートの取り方",
    "食料安全保障の強化策を5つ",
    "エネルギー安全保障の課題",
    "社会保障制度のあり方",
    "ミサイル発射時の避難の放送文",
    "外為法第48条の条文の構造",
    "安全保障貿易管理の該非判定の手順",
    "中国語の案内文を作って",
    "中国運輸局への説明の論点を3つ",
    "中国からの観光客数の見通し",
    "NATOの加盟国は何か国",
]


def test_every_rule_has_a_question():
    """Each rule of the detector is shown to fire by some text of these tests."""
    assert {rule for rule, _, _ in ASKED} == {rule.id for rule in SUBJECTS.rules}


@pytest.mark.parametrize(("rule", "asked", "looked_up"), ASKED)
def test_a_stance_raises_and_a_look_up_does_not(rule, asked, looked_up):
    """The rule fires where a stance or plan is asked for; a near look-up has no hit."""
    assert rule in {hit.rule for hit in D.find(asked)}
    assert D.find(looked_up) == ()


@pytest.mark.parametrize("text", PUBLIC)
def test_other_uses_of_such_words_stay_public(text):
    """Published law, procedures and other senses of the words have no hit."""
    assert D.find(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "How should Japan respond to a Taiwan contingency?",
        "ＳＥＮＫＡＫＵ諸島はどこの国の領土ですか",
        "尖\u200b閣は日本の領土か",
        "%E5%B0%96%E9%96%A3%E3%81%AF日本の領土か",
        "ｾﾝｶｸ ｼｮﾄｳ ﾊ ﾆﾎﾝ ﾉ ﾘｮｳﾄﾞ ｶ",
    ],
)
def test_other_spellings_raise_too(text):
    """English, full width, invisible characters, escapes and kana hide no subject."""
    assert D.find(text)


def test_a_hit_covers_the_subject():
    """The hit spans the subject's name in the text as it came."""
    text = "次の問いに答えて。北方領土の返還交渉の見通しは"
    spans = {text[hit.start : hit.end] for hit in D.find(text)}

    assert "北方領土" in spans


def test_every_rule_names_its_topic():
    """Each rule has a topic of the bias gate, and a sentence in both languages."""
    assert {rule.topic for rule in SUBJECTS.rules} == {"diplomacy", "security", "territory", "history"}
    assert all(rule.ja.endswith("。") and rule.en.endswith(".") for rule in SUBJECTS.rules)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["尖閣", "中国", "防衛費", "べき", "とは", "条文", "taiwan", "\n", "語"]), max_size=40
    ).map("".join)
)
def test_no_text_makes_it_fail(text):
    """No arrangement of the detector's own words raises."""
    assert not [hit for hit in D.find(text) if hit.rule.startswith("error.")]


@pytest.mark.parametrize("unit", ["尖閣の面積 ", "中国", "尖閣", "あ"])
def test_time_is_linear(unit):
    """Eight times the text takes far less than the sixty-four times that a quadratic rule would."""

    def seconds(chars):
        text = (unit * chars)[:chars]
        start = time.process_time()
        D.find(text)
        return time.process_time() - start

    seconds(4_000)
    small = min(seconds(8_000) for _ in range(3))

    assert min(seconds(64_000) for _ in range(3)) < 40 * small + 0.3
