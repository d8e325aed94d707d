"""Unpublished content: a case at hand is found without any mark; general talk and published matter is not."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.content import CONTENT
from magi.residency.detect.engine import Detectors
from magi.residency.label import Label

D = Detectors([CONTENT])

CASES = [
    (
        "content.note",
        "新庁舎は駅前で腹は決まっている。説明会には三案並べて出す。資料の構成を",
        "新庁舎の広さの目安を調べています。算定の考え方を教えてください。",
    ),
    ("content.note", "例の公民館、再来年で畳む線で固まった", "公民館の利用案内を短く"),
    ("content.note", "部会で荒れた。附則の年数を五から三にする", "附則と本則の違いを教えて"),
    ("content.too_many", "査定案 " * 257, "予算書の用語を教えて"),
    ("content.budget", "うちの課は要求9億に対し査定で6億。理屈を組み直したい", "予算編成の流れを図にして"),
    (
        "content.personnel",
        "7月の異動案、後任の局長には官房の課長を充てる。挨拶文を",
        "人事異動の挨拶状の例文を3つ",
    ),
    (
        "content.tender",
        "明日開札の改修工事、予定価格は8,210万円で封をした。検算を",
        "予定価格と最低制限価格の違いは?",
    ),
    ("content.unpublished", "公表前の値なので外に出せない。説明の仕方を", "公表されている値の探し方"),
    ("content.statistics", "来週公表の失業率の速報は3.1%。談話を", "速報と確報はなぜ違うのですか"),
    ("content.bill", "次の国会に出す改正案、罰則は調整中。条文を整えて", "法案が成立するまでの手続とは"),
    ("content.answers", "想定問答の3問目、答弁は踏み込まない線で。文を", "質問主意書の答弁期限は何日?"),
    ("content.internal_talk", "対処方針のたたき台を読みやすく", "対処と対応の使い分け"),
    ("content.examination", "来月の試験の出題案、論文は2問。骨子を", "試験問題の作り方の一般的なコツ"),
    ("content.company", "取引先の社長から、秋に合併すると聞いた。影響を整理", "合併の手続の流れとは"),
    ("content.litigation", "和解は300万円まで出せる。先方への回答書を", "和解と調停の違いは?"),
    ("content.inspection", "来週、抜き打ちで3社に立入検査。資料要求の表を", "立入検査の根拠条文は?"),
    (
        "content.negotiation",
        "関税協議では最終的に枠の拡大まで譲歩してよい。発言要領を",
        "自由貿易協定の原産地規則とは",
    ),
    ("content.guarding", "庁舎の夜間の警備員は1名、2時から5時は巡回なし。改善を", "警備業法の解説"),
    (
        "content.investigation",
        "内偵中の2社は来週水曜の早朝に着手する。広報の準備を",
        "任意捜査と強制捜査の違い",
    ),
    (
        "content.vulnerability",
        "うちの申請システムに脆弱性が残っていて改修は来年。報告を",
        "脆弱性とは何か、対策も",
    ),
    ("content.defence", "哨戒機は3機中1機しか飛べない。部隊の展開は明後日。説明を", "自衛隊の階級の一覧"),
    ("content.facility", "浄水場の裏の扉は無施錠で、夜間は無人。点検表を", "浄水場の仕組みを小学生に"),
    ("content.in_kana", "ﾖﾃｲｶｶｸ ﾊ ｶｲｻﾂ ﾏﾃﾞ ﾋﾐﾂ", "ﾌｶｷｼﾞﾂ ﾊ ｲﾂﾃﾞｽｶ"),
]
PUBLIC = [
    "令和7年度予算(成立済み)の一般会計総額の説明文を作って。",
    "官報に載った人事異動(公表済み)の記事の敬称の付け方は?",
    "開札後に公表した入札結果の表の作り方",
    "映画の脚本で、張り込みの場面を書いて",
    "育児休業の取得率を上げる施策を5つ提案して。",
    "7月から手数料が変わります(条例可決済み)。お知らせ文を",
    "選挙の投票所の入口に貼る案内文",
    "Explain how a sealed-bid auction works.",
]


def test_every_rule_has_a_case():
    """Each rule of the detector is shown to fire by some text of these tests."""
    assert {rule for rule, _, _ in CASES} == {rule.id for rule in CONTENT.rules}


@pytest.mark.parametrize(("rule", "case", "general"), CASES)
def test_a_case_at_hand_fires_and_general_talk_does_not(rule, case, general):
    """The rule fires on a case of its topic; talk about the topic in general has no hit at all."""
    assert rule in {hit.rule for hit in D.find(case)}
    assert D.find(general) == ()


@pytest.mark.parametrize("text", PUBLIC)
def test_published_matter_stays_public(text):
    """What is published, made up, or said to the public has no hit."""
    assert D.find(text) == ()


def test_a_statement_of_what_is_pending_fires_in_a_long_document():
    """A plain statement with a sign of what is not settled is a case, however long the document around it."""
    around = "この頁には前置きだけがあります。" * 40
    text = around + "定員要求は2名で頼むと言われている。" + around

    assert [hit.rule for hit in D.find(text)] == ["content.budget"]
    assert D.find(around + "定員要求とは何かを述べる。" + around) == ()


def test_a_note_with_a_request_fires_without_any_sign():
    """A short note that states something of a guarded matter is a case; a question about it is none."""
    assert {hit.rule for hit in D.find("県警ヘリは日中に飛ぶ。要望書を")} == {"content.investigation"}
    assert D.find("県警ヘリは日中に飛ぶのですか?") == ()


def test_a_hit_covers_its_words():
    """A hit spans the subject and the sign in the text as it came."""
    text = "先週の会議のとおり、\u3000厳重に。落とし所は7年目の撤廃。文を"
    hits = [hit for hit in D.find(text) if hit.rule == "content.negotiation"]

    assert any("落とし所" in text[hit.start : hit.end] for hit in hits)


@pytest.mark.parametrize(
    "text",
    [
        "落と\u200bし所は7年目の撤廃",
        "%E8%90%BD%E3%81%A8%E3%81%97%E6%89%80%E3%81%AF7%E5%B9%B4%E7%9B%AE",
        "6JC944Go44GX5omA44GvN+W5tOebrg== を読んで",
        "\\u843d\\u3068\\u3057\\u6240\\u306f7\\u5e74\\u76ee",
        "otoshidokoro wa nana nen me desu. bun wo naoshite",
    ],
)
def test_odd_encodings_hide_no_case(text):
    """A case is found through invisible characters, escapes, Base64 and romaji."""
    assert D.find(text)


def test_secret_topics_are_secret():
    """Negotiations, guards, inquiries, weaknesses, units, facilities and tender prices are secret; others internal."""
    secret = {rule.id.partition(".")[2] for rule in CONTENT.rules if rule.label is Label.SECRET}

    assert secret == {
        "negotiation",
        "guarding",
        "investigation",
        "vulnerability",
        "defence",
        "facility",
        "tender",
        "too_many",
    }
    assert {rule.label for rule in CONTENT.rules} == {Label.SECRET, Label.INTERNAL}


def test_rules_say_why_in_both_languages():
    """Every rule has a Japanese and an English sentence."""
    assert all(rule.ja.endswith("。") and rule.en.endswith(".") for rule in CONTENT.rules)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "予算",
                "まだ",
                "。",
                "\n",
                "内示",
                "とは",
                "来週",
                "警備",
                "だけ。",
                "脆弱性",
                "公表済み",
                "?",
                "を",
                "「",
                "3億",
                " ",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_no_text_makes_it_fail(text):
    """No arrangement of the detector's own words raises."""
    assert not [hit for hit in D.find(text) if hit.rule.startswith("error.")]


@pytest.mark.parametrize(
    "unit",
    ["予算は。", "予算 まだ", "まだ", "予算案とは一般に検討中。", "未公表", "。", "あ", "警備は無人。"],
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
