"""What `identifiers` finds and what it leaves: one near neighbour for every rule, odd spellings, spans, linear cost."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.engine import Detectors
from magi.residency.detect.identifiers import IDENTIFIERS, luhn
from magi.residency.detect.my_number import is_my_number
from magi.residency.label import Label

RIGHT = "481209375620"
"""Twelve digits with a right check digit, and the same with a wrong one; `check_digit` below agrees."""
WRONG = "481209375621"


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    """The detector alone."""
    return Detectors([IDENTIFIERS])


def rules_of(detectors: Detectors, text: str) -> set[str]:
    """The rules that fire on a text."""
    return {hit.rule for hit in detectors.find(text)}


def check_digit(eleven: str) -> int:
    """The check digit by the table of weights, from the left."""
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(d) * w for d, w in zip(eleven, weights, strict=True)) % 11
    return 0 if rest <= 1 else 11 - rest


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_one_check_digit_is_right(eleven: str) -> None:
    """Of the ten last digits just the one that the regulation computes is right."""
    right = [digit for digit in range(10) if is_my_number(f"{eleven}{digit}")]

    assert right == [check_digit(eleven)]


def test_the_examples_are_what_they_say() -> None:
    """The numbers of this file have the check digits that they claim."""
    assert (is_my_number(RIGHT), is_my_number(WRONG)) == (True, False)


def test_luhn() -> None:
    """The example of the standard passes and its neighbour does not."""
    assert (luhn("79927398713"), luhn("79927398714")) == (True, False)


FIRES = [
    ("my_number.check_digit", RIGHT, RIGHT),
    ("my_number.check_digit", f"{RIGHT[:4]} {RIGHT[4:8]} {RIGHT[8:]} を写した", "4812 0937 5620"),
    ("my_number.beside_word", f"マイナンバー {WRONG} で照会した", WRONG),
    ("my_number.beside_word", f"No,番号,世帯\n1,{WRONG},A-03\n2,283746501929,A-03", WRONG),
    ("my_number.beside_word", "Her My Number is 4812-0937-5621.", "4812-0937-5621"),
    ("my_number.in_parts", "個人番号の前半は 481209、後半は 375621 です", "481209、後半は 375621"),
    ("my_number.in_parts", "個人番号 4812****5621 の写し", "4812****5621"),
    ("my_number.in_parts", "個人番号は 48120937562 で1桁足りない", "48120937562"),
    ("my_number.in_parts", '{"k":"退職","ban1":"4812","ban2":"0937","ban3":"5621"}', "4812"),
    ("my_number.in_parts", "番号を読み上げます、4812の、はい、0937の、5621です", "4812"),
    (
        "my_number.derived_code",
        "個人番号のハッシュ 5f2a9c81d7e04b6612af をキーにした",
        "5f2a9c81d7e04b6612af",
    ),
    ("identifier.pension", "基礎年金番号 4312-876540 の裁定", "4312-876540"),
    ("identifier.insured", "資格確認書の写し:記号 2170 番号 145(枝番02)", "2170"),
    ("identifier.insured", "介護保険 被保険者番号0003184427、更新申請", "0003184427"),
    ("identifier.resident_code", "住民票コード 4081 2739 516 の重複", "4081 2739 516"),
    ("identifier.licence", "運転免許証 第301704926580号の失効", "301704926580"),
    ("identifier.passport", "旅券 TZ4918203、発給地 大阪", "TZ4918203"),
    ("identifier.residence_card", "在留カード UH47190382ER の期限", "UH47190382ER"),
    ("identifier.account", "青葉銀行 西支店 普通 4471903 の組戻し", "4471903"),
    ("identifier.account", "ゆうちょ 記号14180 番号30572941", "30572941"),
    ("identifier.payment_card", "カード4532017488293013 6/9の2件", "4532017488293013"),
    ("identifier.vehicle", "軽自動車 青峰 580 す 41-07 の課税", "580 す 41-07"),
    ("identifier.file_of_person", "学籍番号 B1900233 の休学", "1900233"),
    ("identifier.file_number", "整理番号 4412 の申請者から電話", "4412"),
]

STAYS = [
    "整理した値 481209375621 を丸める",
    "ダミー 123456789012 を使う",
    "個人番号のダミーは 000000000000 とする",
    "個人番号は12桁で、検査用数字が付きます",
    "法人番号 7000012050002 と登録番号 T7000012050002",
    "UUID 550e8400-e29b-41d4-a716-446655440000",
    f"550e8400-e29b-41d4-a716-{RIGHT}",
    f"commit 3f{RIGHT}ab",
    f"0.{RIGHT} 円",
    "開始 202604010930",
    "製造品出荷額 128456789012 円",
    "個人番号カードの交付枚数 2021 2022 2023 の推移",
    "統計表の 128 4567 8901 2345 という並び",
    "追跡番号 4321-8765-2109 が届かない",
    "ISBN 978-4-00-310101-8 と JAN 4901234567894",
    "基礎年金番号は10桁です",
    "健康保険の記号・番号の見方",
    "被保険者数は 3540000 人",
    "図面の記号 3 番号 12",
    "住民票コードは11桁",
    "運転免許証の自主返納者数 2024年 427914 人",
    "旅券の発行数 3820000 冊",
    "在留カード番号 AB12345678CD の書式",
    "義援金口座 青葉銀行 本店 普通 4471903",
    "普通 1234567 人",
    "テスト用カード番号 4111-1111-1111-1111",
    "第3の12-34ページ",
    "学籍番号の付け方",
    "整理番号 00001 から連番を振る",
    "〒100-8916 東京都千代田区霞が関1-2-2",
    "平成25年法律第27号",
]


@pytest.mark.parametrize(("rule", "text", "covered"), FIRES)
def test_fires_and_covers(detectors: Detectors, rule: str, text: str, covered: str) -> None:
    """A concrete number fires its rule, and the span covers its characters in the text as it came."""
    spans = [text[hit.start : hit.end] for hit in detectors.find(text) if hit.rule == rule]

    assert any(covered in span for span in spans)


def test_every_rule_is_tried() -> None:
    """No rule is without a text that fires it, and each says why in both languages."""
    assert {rule for rule, _, _ in FIRES} == {rule.id for rule in IDENTIFIERS.rules}
    assert all("。" in rule.ja and rule.en.endswith(".") for rule in IDENTIFIERS.rules)


@pytest.mark.parametrize("text", STAYS)
def test_stays_public(detectors: Detectors, text: str) -> None:
    """General talk, numbers of bodies and things, amounts and dates do not fire."""
    assert rules_of(detectors, text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "個人番号は「４８１２０９３７５６２１」",
        "個人番号は四八一二〇九三七五六二一です",
        "個人番号 ④⑧①②⓪⑨③⑦⑤⑥②①",
        "個人番号 ٤٨١٢٠٩٣٧٥٦٢١",
        "個\n人\n番\n号\n4\n8\n1\n2\n0\n9\n3\n7\n5\n6\n2\n1\n",
        "個人番号:4\u200b8\u200b1\u200b2\u200b0\u200b9\u200b3\u200b7\u200b5\u200b6\u200b2\u200b1",
        "ﾏｲﾅﾝﾊﾞｰ ﾊ 481209375621 ﾃﾞｽ",
        "mai nanbaa wa 481209375621 desu",
        '{"my_number":"481209375621"}',
        "個人番号 |4|8|1|2|0|9|3|7|5|6|2|1|",
        "個人番号:48120\n9375\n621",
        "%E5%80%8B%E4%BA%BA%E7%95%AA%E5%8F%B7=4812%200937%205621",
        "&#20491;&#20154;&#30058;&#21495;481209375621",
    ],
)
def test_odd_spellings(detectors: Detectors, text: str) -> None:
    """A 個人番号 is found however it is written, and gives the label of its kind."""
    assert max((hit.label for hit in detectors.find(text)), default=0) == Label.SPECIFIC_PERSONAL


@given(
    st.text(
        alphabet=st.sampled_from("個人番号口座普通記号-/. \n\"':{},0123456789６①年円様ABab●*"), max_size=120
    )
)
@settings(max_examples=150, deadline=None)
def test_never_errs(text: str) -> None:
    """No text makes the detector fail: a failure would count every text as a 個人番号."""
    assert not any(hit.rule.startswith("error.") for hit in _SHARED.find(text))


@pytest.mark.parametrize(
    "piece",
    [
        "かなカナー",
        "1 2-3.4 ",
        "個人番号",
        "個人番号*",
        "1234 5678 9012 ",
        "口座 1234567 ",
        "記号1番号",
        "a1:22,",
    ],
)
def test_linear(piece: str) -> None:
    """Eight times the text costs far less than the sixty-four times that a quadratic rule would take."""
    small, large = (_seconds((piece * 4000)[:size]) for size in (8_000, 64_000))

    assert large < 40 * small + 0.3


def _seconds(text: str) -> float:
    best = 9.0
    for _ in range(3):
        began = time.process_time()
        _SHARED.find(text)
        best = min(best, time.process_time() - began)
    return best


_SHARED = Detectors([IDENTIFIERS])
