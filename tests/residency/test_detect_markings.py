"""Marks on documents: every spelling of a mark is found, and no mention of one."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.engine import Detectors
from magi.residency.detect.markings import MARKINGS
from magi.residency.label import Label

D = Detectors([MARKINGS])

FIRES = [
    ("marking.handling", "取扱注意\n委員名簿の並びを直して", "取扱注意"),
    ("marking.handling", "取 扱 注 意\n検討メモ", "取 扱 注 意"),
    ("marking.handling", "取\n扱\n注\n意\n\n検討メモ", "取\n扱\n注\n意"),
    ("marking.handling", "(局内限り) 体制の見直し", "局内限"),
    ("marking.handling", "【分科会委員限り】論点", "【分科会委員限り】"),
    ("marking.handling", "件名:〔関係者外秘〕日程", "関係者外秘"),
    ("marking.handling", "部外秘_移転先比較_v2.xlsx の表題を直して", "部外秘"),
    ("marking.handling", "この資料は会議後回収です。見出しを付けて", "会議後回収"),
    ("marking.handling", "親展\n結果の通知", "親展"),
    ("marking.handling", '{"limit": "bunai-gen", "title": "x"}', "bunai-gen"),
    ("marking.confidentiality_2", "【機密性2情報】再編の論点", "機密性2"),
    ("marking.confidentiality_2", "格付:機密性2 素案", "機密性2"),
    ("marking.confidentiality_2", "自治体機密性3C\n更改の日程", "機密性3C"),
    ("marking.confidentiality_3b", "自治体機密性3B\n相談の一覧", "機密性3B"),
    ("marking.secret", "機密性3\n割当表", "機密性3"),
    ("marking.secret", "<極秘>会談の要旨", "極秘"),
    ("marking.secret", "秘\n指定期間:本年末まで", "秘"),
    ("marking.secret", "厳　秘 合意の骨子", "厳　秘"),
    ("marking.secret", "㊙ 配置の案", "㊙"),
    ("marking.secret", "時限秘(公表まで) 合意書", "時限秘"),
    ("marking.tlp", "TLP:AMBER+STRICT\n痕跡の一覧", "TLP:AMBER"),
    ("marking.tlp", "[TLP:GREEN] 共有", "TLP:GREEN"),
    ("marking.tlp_red", "TLP:RED // 名宛人限り", "TLP:RED"),
    ("marking.english", "CONFIDENTIAL\nDraft schedule", "CONFIDENTIAL"),
    ("marking.english", "FOR OFFICIAL USE ONLY - options", "FOR OFFICIAL USE ONLY"),
    ("marking.english_secret", "TOP SECRET\nPlan B", "TOP SECRET"),
    ("marking.english_secret", "[SECRET] Plan B", "SECRET"),
    ("marking.classified", "特 定 秘 密 別表の事項", "特 定 秘 密"),
    ("marking.classified", "重要経済安保情報 依存先の調査結果を表に", "重要経済安保情報"),
    ("marking.classified", "交付を受けた重要経済安保情報のうち、試算の部分を直して", "重要経済安保情報"),
    (
        "marking.classified",
        "Contains Specially Designated Secrets, copy 1 of 3",
        "Specially Designated Secret",
    ),
]
MENTIONS = [
    "「取扱注意」の意味は?",
    "取扱注意ラベルの貼り方の例",
    "機密性1情報だけを使って資料を作るときの注意点は?",
    "機密性2とは何ですか",
    "自治体機密性3Bの定義を教えて",
    "社外秘、部外秘、極秘の違いを説明して",
    "映画「極秘指令」の感想",
    "秘書課の電話の受け方",
    "神秘と便秘の「秘」の由来",
    "㊙ とは何の記号か",
    "封筒の「親展」の位置",
    "TLPのRED、AMBER、GREENの意味",
    "TLP:CLEAR\n公開の注意喚起",
    'What does "confidential" mean?',
    "The Secretary opened the meeting.",
    "CLIENT_SECRET=... を環境変数に置くコード",
    "特定秘密保護法の条文の構成",
    "特定秘密の指定の要件とは",
    "重要経済安保情報保護活用法の適性評価",
    "Specially Designated Secrets Act overview",
    "(お一人様1点限り)",
    "先着順(今回限り)の案内",
]


def test_every_rule_has_a_text_that_fires():
    """Each rule of the detector is shown to fire by some text of these tests."""
    assert {rule for rule, _, _ in FIRES} == {rule.id for rule in MARKINGS.rules}


@pytest.mark.parametrize(("rule", "text", "span"), FIRES)
def test_a_mark_is_found_where_it_stands(rule, text, span):
    """A mark fires its rule, and a hit covers the characters of the mark."""
    at = text.index(span)
    hits = [hit for hit in D.find(text) if hit.rule == rule]

    assert any(hit.start <= at and hit.end >= at + len(span) for hit in hits)


@pytest.mark.parametrize("text", MENTIONS)
def test_a_mention_is_no_mark(text):
    """A text that talks about marks, or only holds their letters, has no hit."""
    assert D.find(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "取扱\u200b注意\u2060\n案",
        "機密性\uff12\n案",
        "%E6%A5%B5%E7%A7%98_%E8%A8%88%E7%94%BB.pdf",
        "5qW156eYIOmFjee9rg== を読んで",
        "\\u53d6\\u6271\\u6ce8\\u610f の表題",
        "&#21462;&#25201;&#27880;&#24847;<br>案",
        "ﾄﾘｱﾂｶｲﾁｭｳｲ\nｱﾝ ﾉ ﾖｳﾔｸ",
        "toriatsukai-chuui desu. youyaku shite kudasai",
    ],
)
def test_odd_encodings_hide_no_mark(text):
    """A mark is found through invisible characters, full width, escapes, Base64, kana and romaji."""
    assert D.find(text)


def test_labels_follow_the_standards():
    """機密性2 and 3C are internal, 3B sensitive, 3 and 3A secret, designations classified."""
    found = {
        text: max(hit.label for hit in D.find(text))
        for text in (
            "機密性2\n",
            "機密性3C\n",
            "機密性3B\n",
            "機密性3A\n",
            "機密性3\n",
            "機密性9\n",
            "特定秘密\n",
        )
    }

    assert list(found.values()) == [
        Label.INTERNAL,
        Label.INTERNAL,
        Label.SENSITIVE_PERSONAL,
        Label.SECRET,
        Label.SECRET,
        Label.SECRET,
        Label.CLASSIFIED,
    ]


def test_rules_say_why_in_both_languages():
    """Every rule has a Japanese and an English sentence."""
    assert all(rule.ja.endswith("。") and rule.en.endswith(".") for rule in MARKINGS.rules)


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        st.sampled_from("取扱注意秘極厳㊙機密性23ABC限り()【】「」\n 　・TLP:REDabc特定保護法とは"),
        max_size=80,
    )
)
def test_no_text_makes_it_fail(text):
    """No arrangement of marks, brackets and gaps raises."""
    assert not [hit for hit in D.find(text) if hit.rule.startswith("error.")]


@pytest.mark.parametrize(
    "unit", ["秘 ", "㊙", "TLP:AMBER ", "取 扱 ", "特定秘密保護法", "限り)", "あ", "機密性2とは"]
)
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
