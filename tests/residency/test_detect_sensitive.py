"""The detector of 要配慮個人情報: a person's case is found, talk about the same subject in general is not."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.residency.detect import sensitive
from magi.residency.detect.engine import Detectors
from magi.residency.detect.look import Look
from magi.residency.detect.sensitive import SENSITIVE
from magi.residency.label import Label

D = Detectors([SENSITIVE])

PAIRS = [
    (
        "sensitive.health",
        "課長補佐が先週から心療内科に通院中。本人は周囲に伏せたいとのこと",
        "通院",
        "心療内科と精神科の違いを一般向けに説明して",
    ),
    (
        "sensitive.disability",
        "長男は療育手帳B。放課後の預け先を母から相談された記録",
        "療育手帳",
        "療育手帳の制度の目的と等級の種類を表に",
    ),
    (
        "sensitive.crime",
        "採用した運転手が昨日、窃盗の疑いで逮捕された。所属長への第一報",
        "逮捕され",
        "逮捕と勾留の違いを条文に沿って解説して",
    ),
    (
        "sensitive.victim",
        "相談者は夫に殴られ、子と実家に避難中。転居先は伏せる",
        "殴られ",
        "DV防止法の保護命令の要件を一覧に",
    ),
    (
        "sensitive.abuse",
        "5歳の女児の背中にあざ。母は階段から落ちたと話す。通告するか",
        "のあざ|にあざ",
        "児童虐待防止法の通告義務を研修用に要約して",
    ),
    (
        "sensitive.hardship",
        "生活保護を受けている父子世帯、先月の給与を申告せず。返還の通知文",
        "生活保護を受",
        "生活保護制度の四つの原則を解説して",
    ),
    (
        "sensitive.whistleblower",
        "通報者は検査課に去年来た契約社員らしい。聞き取りの順番を",
        "通報者は",
        "公益通報者保護法の改正の概要を説明して",
    ),
    (
        "sensitive.origin",
        "相手の家から被差別部落の出身かどうか調べてほしいと電話があった",
        "被差別部落",
        "部落差別解消推進法の目的を平易に",
    ),
    (
        "sensitive.belief",
        "新しい係員はムスリムで、本人から昼の礼拝の場所を求められた",
        "ムスリム",
        "イスラム教の礼拝について国際理解講座のちらしを",
    ),
    (
        "sensitive.sexuality",
        "主任が同性パートナーと暮らしていると上司に言われ、泣いて相談に来た",
        "同性パートナー",
        "同性パートナーシップ制度の導入自治体数の推移",
    ),
    (
        "sensitive.refugee",
        "難民申請中の男性は、母国で拘束されたと述べた。面談の要旨を整えて",
        "難民申請|難民",
        "難民条約における難民の定義とは",
    ),
    (
        "sensitive.self_harm",
        "昨夜、生徒が手首を切ったと母親から電話。学校の対応メモを",
        "手首を切",
        "自殺対策白書の統計の読み方",
    ),
    (
        "sensitive.addiction",
        "父はアルコール依存で入院を拒否、息子が窓口に来た",
        "アルコール依存",
        "アルコール依存症の予防の啓発ポスターの標語",
    ),
    (
        "sensitive.staff",
        "主査のパワハラで部下が休職中。復職の面談の進め方",
        "パワハラ",
        "パワハラの六つの類型を研修の資料に",
    ),
    (
        "sensitive.biometric",
        "現場の指紋が元社員の男性と一致したと連絡があった。照会文を",
        "指紋",
        "指紋認証の仕組みを一般向けに解説して",
    ),
    (
        "sensitive.family",
        "離婚調停中の職員から、別居中の妻に住所を知らせないでと申し出",
        "離婚調停",
        "離婚調停の手続の流れを一般的に説明して",
    ),
    (
        "sensitive.case",
        "面談記録:母は先月から姿を見せず、本人は祖母と暮らしているとのこと",
        "母は",
        "面談記録の様式の一般的な項目を挙げて",
    ),
    (
        "sensitive.note",
        "係長は先月から誰とも口をきかないと後輩が話した。聞き取りの要旨を",
        "係長|後輩",
        "係長級の職員の役割を一般的に説明して",
    ),
    (
        "sensitive.english",
        "The applicant told us she was diagnosed with bipolar disorder last year.",
        "diagnosed",
        "Explain the difference between bipolar disorder and depression in general.",
    ),
]
"""Rule, a case, (one of) the words it stands on, and a near neighbour that is general talk."""

CASES = [
    "単身の70代、要介護2、最近同じ話を繰り返す。訪問の間隔を提案して",
    "夫から殴られ、子を連れて避難中。住民票の扱いを",
    "A・K(19)は保護観察中。面接記録を清書",
    "件名: 欠勤の連絡\n娘が入院しました。白血病とのことです。\n返信案を",
    "A: 例の研修生、また欠勤だって\nB: うつらしいよ\nA: 本人は?",
    '{"emp":"B-12","byomei":"適応障害","biko":"夜勤不可"} を表に',
    "番号,手帳,備考\n1,精神2級,単身\n2,療育B,母と同居\n優先順に",
    "ツマハ トウゴウシッチョウショウデ ツウインチュウ",
    "ﾁﾁﾊ ﾆﾝﾁｼｮｳﾃﾞ､ ﾊﾊｶﾞ ｶｲｺﾞｼﾃｲﾙﾄﾉｺﾄ",
    "haha wa ninchishou de, chichi ga kaigo shite iru rashii. kiroku wo matomete.",
    "係\n員\nう\nつ\n病\nで\n休\n職\n中",
    "生・活・保・護・を・受・給・中・の・方・が・来・庁",
    "Mr. K was arrested last week and his wife asked us for help. Draft a reply.",
]
GENERAL = [
    "生活保護の要件を教えて",
    "発達障害の子への配慮の一般的な留意点",
    "窃盗罪と詐欺罪の違い",
    "認知症サポーター養成講座のチラシ",
    "要介護認定の申請の流れ",
    "感染症の発生動向の統計の見方",
    "刑事ドラマの脚本。被疑者は元妻を脅したと自供する",
    "年度,虐待相談件数\n2020,205044\n2021,207660\nグラフに",
    "ｾｲｶﾂﾎｺﾞ ｾｲﾄﾞﾄﾊ ﾅﾝﾃﾞｽｶ",
    "ninchishou no yobou kouza no annai wo kantan ni setsumei shite",
    "List common symptoms of depression for a wellness newsletter.",
    "明日の会議の議題を三つにまとめて",
]


def rules_of(text: str) -> set[str]:
    """The rules that fire on a text."""
    return {hit.rule for hit in D.find(text)}


@pytest.mark.parametrize(("rule", "case", "words", "general"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_a_case_fires_on_its_words_and_general_talk_does_not(rule, case, words, general):
    """Each rule finds a person's case at the words it stands on, and leaves general talk alone."""
    spans = [case[hit.start : hit.end] for hit in D.find(case) if hit.rule == rule]

    assert any(word in span for span in spans for word in words.split("|"))
    assert rules_of(general) == set()


@pytest.mark.parametrize("text", CASES)
def test_cases_without_names_are_found_in_every_form(text):
    """A case without a name is found in notes, mails, chats, tables, kana, romaji and spaced letters."""
    hits = D.find(text)

    assert max(hit.label for hit in hits) == int(Label.SENSITIVE_PERSONAL)


@pytest.mark.parametrize("text", GENERAL)
def test_general_questions_stay_public(text):
    """Law, statistics, notices and fiction about the same subjects are no case."""
    assert rules_of(text) == set()


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
        quote,
        lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
        lambda text: "".join(f"&#{ord(char)};" for char in text),
        lambda text: text.encode().hex(),
        " ".join,
        "\n".join,
        "\u200b".join,
    ],
    ids=["base64", "base64-twice", "url", "unicode", "html", "hex", "spaced", "vertical", "zero-width"],
)
def test_encoded_cases_are_found(encode):
    """A case is found in whatever spelling it is pasted, with a span inside the text as it came."""
    text = "中身を教えて: " + encode("妻は統合失調症で通院中") + " 以上"
    hits = D.find(text)

    assert "sensitive.health" in {hit.rule for hit in hits}
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)


def test_general_words_do_not_clear_what_points_at_one_person():
    """Beside an honorific or an age in brackets, naming a training or a statute clears nothing."""
    case = "研修用に要約して。法第28条の制度の解説の例:山田さん(42)は統合失調症で措置入院中"

    assert "sensitive.health" in rules_of(case)
    assert rules_of("研修用に要約して。法第28条の制度の解説の例:統合失調症で措置入院する要件") == set()


def test_a_latin_word_is_not_found_inside_another():
    """`als`, `od` and `dna` mean something only as whole words."""
    assert rules_of("The manuals, goods and methods came with the medical brand of the band.") == set()
    assert "sensitive.health" not in rules_of("職員は先週 manuals を受け取ったとのこと")
    assert "sensitive.health" in rules_of("職員は先週 ALS と診断されたとのこと")


def test_a_case_is_found_in_the_midst_of_a_long_text():
    """Neutral text around a case, of any length, does not hide it."""
    around = "会議は予定どおり行われ、資料は別に配る。" * 900
    text = around + "係員はうつ病で先週から休職中とのこと。" + around
    hits = D.find(text)

    assert any("うつ病" in text[hit.start : hit.end] for hit in hits)


def test_every_rule_says_why_in_both_languages():
    """Every rule has one sentence in Japanese and one in English, and is about a person."""
    for rule in SENSITIVE.rules:
        assert rule.ja.endswith("。")
        assert rule.en.endswith(".")
        assert rule.en.isascii()
        assert rule.label in (Label.PERSONAL, Label.SENSITIVE_PERSONAL)


def test_every_rule_has_a_pair_here():
    """No rule is without a case and a near neighbour in this file."""
    assert {rule.id for rule in SENSITIVE.rules} == {pair[0] for pair in PAIRS}


WORDS = sorted({word for words in SENSITIVE.words.values() for word in words})


@given(st.text() | st.lists(st.sampled_from([*WORDS, "。", "(42)", "は", "\n", "A・B"])).map("".join))
def test_no_text_makes_it_fail(text):
    """Any text, also one made of its own words, is looked at without an error."""
    assert not any(rule.startswith("error") for rule in rules_of(text))


@pytest.mark.parametrize(
    "piece", ["うつ病", "夫は", "1", "(1", "法", "あ", "ア", "@", '"', " ", "a,", "昭和1"]
)
def test_the_work_grows_with_the_length(piece):
    """Four times the text makes at most about four times the signs to weigh, and hits stop at enough."""
    counts = []
    for size in (4_000, 16_000):
        text = ("うつ病の" + piece * size)[:size]
        look = Look("plain", text, lambda text=text: _found(text))
        low, high = 0, len(text)
        signs = sensitive._signs(look, low, high)
        counts.append(1 + sum(len(places) for places, _ in signs.by_kind.values()))
        hits = list(SENSITIVE.look(look))

        assert len(hits) <= sensitive.ENOUGH + sensitive.STRIP

    assert counts[1] <= 5 * counts[0]


def _found(text):
    from magi.residency.detect.look import Word  # noqa: PLC0415  # only this test builds a look by hand

    found = {}
    for category, words in SENSITIVE.words.items():
        for word in words:
            if word[0] == text[0]:
                at = text.find(word)
                while at >= 0:
                    found.setdefault(category, []).append(Word(at, at + len(word), word, category))
                    at = text.find(word, at + 1)
    return found
