"""Reading yes or no, quantities, dates, and the classes of open text."""

import pytest

from magi.core.answers import CLASSIFY_METHOD, Answer, Failure, canonicalise, classify_open
from magi.core.space import DateSpace, NumberSpace, YesNoConditionalSpace


def told(text, space):
    """The ballot, or `!failure`, or the kind of silence."""
    outcome = canonicalise(text, space)
    match outcome:
        case Answer():
            return outcome.ballot
        case Failure():
            return f"!{outcome.name}"
        case _:
            return type(outcome).__name__


YES_NO_ROWS = [
    *[
        (text, "yes")
        for text in ("はい", "はい。", "「はい」です。", "Yes", "YES.", "ｙｅｓ", "可", "可とする", "**可**")
    ],
    *[(text, "yes") for text in ("答えははい", "結論：可", "はい。法3条による。", "Yes, it is allowed.")],
    *[
        (text, "no")
        for text in ("いいえ", "いいえです", "no", "No.", "不可", "結論：不可", "いいえ。法3条による。")
    ],
    *[(text, "no") for text in ("No, it is not allowed.", "答えはいいえです", '{"answer": "いいえ"}')],
    *[
        (text, "conditional")
        for text in ("条件付き", "条件付きで可", "条件付きはい", "conditional", "場合による")
    ],
    *[
        (text, "conditional")
        for text in ("はい、ただし届出が必要", "はい。ただし、届出が必要です。", "可（条件付き）")
    ],
    *[
        (text, "conditional")
        for text in ("答えははい。ただし、届出が必要です。", "結論：可。\n\nただし許可を要する。")
    ],
    *[(text, "!unparsable") for text in ("はい。法3条による。届出は不要。ただし、例外がある。",)],
    *[(text, "conditional") for text in ("Yes, but only with approval", "はい、許可を受けた場合に限る")],
    *[
        (text, "!unparsable")
        for text in ("いいえとは言えない", "I cannot say no", "No problem", "No.3", "no 3")
    ],
    *[
        (text, "!unparsable")
        for text in ("はいではない", "はい？", "できる", "必要", "可能", "不可能", "不可欠です")
    ],
    *[
        (text, "!unparsable")
        for text in ("可否", "はい、原則として", "はい、できません", "いいえ、可能です", "はいはい")
    ],
    *[
        (text, "!unparsable")
        for text in ("いいえ、ただし例外あり", "いい", "ハイウェイ", '{"answer": false}')
    ],
    *[
        (text, "!several_answers")
        for text in ("はい/いいえ", "yes and no", "可、不可", "結論：可。結論：不可。")
    ],
    *[(text, "Abstention") for text in ("棄権", "判断できません", "I don't know")],
    ("お答えできません。", "Refusal"),
]

NUMBER_ROWS = [
    *[
        (text, "円", "1250000 円")
        for text in ("1,250,000円", "125万円", "１２５万円", "百二十五万円", "壱百弐拾五万円")
    ],
    *[
        (text, "円", "1250000 円")
        for text in ("1250千円", "1,250千円", "1.25百万円", "¥1,250,000", "1250000 yen")
    ],
    *[
        (text, "円", "1250000 円")
        for text in ("125万円です。", "答えは125万円です。", "「125万円」", "**125万円**")
    ],
    *[
        (text, "円", "1250000 円")
        for text in ("125万円（1,250,000円）", "1,250,000.00円", "一二五〇〇〇〇円")
    ],
    ("1億2,500万円", "円", "125000000 円"),
    ("125百万円", "円", "125000000 円"),
    ("1兆円", "円", "1000000000000 円"),
    ("千円", "円", "1000 円"),
    ("2千5百件", "件", "2500 件"),
    ("二千五百件", "件", "2500 件"),
    ("125万円", "万円", "125 万円"),
    ("0円", "円", "0 円"),
    ("-0円", "円", "0 円"),
    ("零人", "人", "0 人"),
    ("12.50%", "%", "12.5 %"),
    ("１２．５％", "%", "12.5 %"),
    ("12.5パーセント", "%", "12.5 %"),
    ("1割", "%", "10 %"),
    ("八割", "%", "80 %"),
    ("▲5%", "%", "-5 %"),
    ("△5%", "%", "-5 %"),
    ("−5%", "%", "-5 %"),
    ("マイナス5%", "%", "-5 %"),
    ("30名", "人", "30 人"),
    ("3か月", "月", "3 月"),
    ("3ヶ月", "月", "3 月"),
    ("３カ月間", "月", "3 月"),
    ("1年", "月", "12 月"),
    ("14日以内", "日", "14 日"),
    ("2週間", "日", "14 日"),
    ("90分", "時間", "1.5 時間"),
    ("1km", "m", "1000 m"),
    ("1500m", "km", "1.5 km"),
    ("10㎡", "m2", "10 m2"),
    ("10m²", "m2", "10 m2"),
    ("1ha", "m2", "10000 m2"),
    ("1.5t", "kg", "1500 kg"),
    ("12票", "票", "12 票"),
    ("5営業日", "営業日", "5 営業日"),
    ("125", None, "125"),
    ("125万", None, "1250000"),
    ("125人", None, "125 人"),
    ("2時間", None, "120 分"),
    ("125", "円", "!unit_missing"),
    ("125万", "円", "!unit_missing"),
    ("125人", "円", "!unit_mismatch"),
    ("$100", "円", "!not_a_number"),
    ("12か月", "年", "!unit_mismatch"),
    ("30日", "月", "!unit_mismatch"),
    ("1月", "日", "!unit_mismatch"),
    ("100分", "時間", "!unit_mismatch"),
    ("5営業日", "日", "!unit_mismatch"),
    ("約125万円", "円", "!approximate"),
    ("およそ10人", "人", "!approximate"),
    ("about 10 days", "日", "!approximate"),
    ("10人程度", "人", "!approximate"),
    ("10人以上", "人", "!approximate"),
    ("10人未満", "人", "!approximate"),
    ("10~20人", "人", "!several_answers"),
    ("10人から20人", "人", "!several_answers"),
    ("20人または30人", "人", "!several_answers"),
    ("答えは20人。答えは30人。", "人", "!several_answers"),
    ("1,25円", "円", "!not_a_number"),
    ("1万20000円", "円", "!not_a_number"),
    ("12千5百円", "円", "!not_a_number"),
    ("百二百件", "件", "!not_a_number"),
    ("千5000件", "件", "!not_a_number"),
    ("10²", None, "!not_a_number"),
    ("½", None, "!not_a_number"),
    ("〇", None, "!not_a_number"),
    ("数十人", "人", "!not_a_number"),
    ("- 5件", "件", "!not_a_number"),
    ("第5条", None, "!not_a_number"),
    ("多い", "人", "!not_a_number"),
    ("2½時間", "時間", "!unit_mismatch"),
    ("125万円（税込）", "円", "!unparsable"),
    ("5日目", "日", "!unparsable"),
    ("5人/日", "人", "!unparsable"),
    ("2割5分", "%", "!unparsable"),
    ("3分の1", None, "!unparsable"),
    ("2026年11月", None, "!unparsable"),
    ("1.25e6", None, "!unparsable"),
    ("棄権", "円", "Abstention"),
]

DATE_ROWS = [
    *[
        (text, "2026-11-22")
        for text in ("2026-11-22", "2026/11/22", "2026.11.22", "2026年11月22日", "２０２６年１１月２２日")
    ],
    *[
        (text, "2026-11-22")
        for text in ("令和8年11月22日", "令和八年十一月二十二日", "R8.11.22", "Ｒ８．１１．２２", "r08/11/22")
    ],
    *[
        (text, "2026-11-22")
        for text in ("㋿8年11月22日", "令和 8 年 11 月 22 日", "二〇二六年十一月二十二日")
    ],
    *[
        (text, "2026-11-22")
        for text in ("令和8年(2026年)11月22日", "2026年（令和8年）11月22日", "2026(令和8)年11月22日")
    ],
    *[
        (text, "2026-11-22")
        for text in ("2026年11月22日（令和8年11月22日）", "2026年11月22日（日）", "2026年11月22日日曜日")
    ],
    *[
        (text, "2026-11-22")
        for text in ("November 22, 2026", "22 Nov 2026", "答えは2026年11月22日です。", "「2026-11-22」")
    ],
    ("2026年11月", "2026-11"),
    ("2026-11", "2026-11"),
    ("令和8年11月", "2026-11"),
    ("2026年", "2026"),
    ("令和元年", "2019"),
    ("11月22日", "--11-22"),
    ("2月29日", "--02-29"),
    ("2024-02-29", "2024-02-29"),
    ("昭和64年1月7日", "1989-01-07"),
    ("S64.1.7", "1989-01-07"),
    ("平成元年1月8日", "1989-01-08"),
    ("平成31年4月30日", "2019-04-30"),
    ("令和元年5月1日", "2019-05-01"),
    ("大正15年12月25日", "1926-12-25"),
    ("昭和元年12月25日", "1926-12-25"),
    ("明治45年7月30日", "1912-07-30"),
    ("大正元年7月30日", "1912-07-30"),
    ("明治6年1月1日", "1873-01-01"),
    *[
        (text, "!not_a_date")
        for text in ("昭和64年1月8日", "昭和64年2月", "平成31年5月1日", "平成31年5月", "令和元年4月30日")
    ],
    *[
        (text, "!not_a_date")
        for text in (
            "平成元年1月7日",
            "大正15年12月26日",
            "明治5年12月2日",
            "令和0年1月1日",
            "平成100年1月1日",
        )
    ],
    *[
        (text, "!not_a_date")
        for text in ("2025-02-29", "2月30日", "2026-13-01", "2026年11月31日", "2026年11月22日（月）")
    ],
    *[
        (text, "!not_a_date")
        for text in ("26/11/22", "11/22/2026", "20261122", "8年11月22日", "2026.11", "来年の春", "①月")
    ],
    *[(text, "!not_a_date") for text in ("令和8年(2025年)11月22日", "2026-11/22", "2026元年1月1日")],
    *[(text, "!approximate") for text in ("2026年11月22日頃", "2026年11月上旬", "遅くとも2026年11月22日")],
    *[(text, "!several_answers") for text in ("2026年11月22日から12月1日", "2026/11/22または2026/11/23")],
    *[(text, "!several_answers") for text in ("2026年11月22日（2026年11月23日）",)],
    *[(text, "!unparsable") for text in ("2026年度", "2026-11-22T00:00:00Z", "2026年11月22日まで")],
    ("わかりません", "Abstention"),
]


@pytest.mark.parametrize(("text", "expected"), YES_NO_ROWS)
def test_yes_no_takes_its_words_and_no_others(text, expected):
    """Each text comes to yes, no, conditional, or its named failure."""
    found = told(text, YesNoConditionalSpace())

    assert found == expected


@pytest.mark.parametrize(("text", "unit", "expected"), NUMBER_ROWS)
def test_quantity_is_exact_and_in_the_unit_asked_for(text, unit, expected):
    """Each notation of a number comes to one exact spelling or to its named failure."""
    found = told(text, NumberSpace(unit=unit))

    assert found == expected


@pytest.mark.parametrize(("text", "expected"), DATE_ROWS)
def test_date_is_a_day_of_the_calendar_and_of_its_era(text, expected):
    """Each notation of a date comes to one ISO spelling or to its named failure."""
    found = told(text, DateSpace())

    assert found == expected


def test_open_classes_follow_seat_order():
    """Classes are numbered by first appearance in seat order, and equal texts share one."""
    classes = classify_open({"a3": "届出が必要。", "a1": "許可が必要", "a2": "「届出が 必要」"})

    assert classes == {"a3": "s1", "a1": "s2", "a2": "s1"}
    assert CLASSIFY_METHOD == "nfkc-folded-equality/1"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("届出が必要", "届出が必要。", True),
        ("ＡＢＣ", "abc", True),
        ("第３条、第４条", "第3条 第4条", True),
        ("ｶﾞｲﾄﾞ", "ガイド", True),
        ("a\nb", "a b", True),
        ("1.5", "15", False),
        ("-5", "5", False),
        ("10%", "10", False),
        ("1 2", "12", False),
        ("10²", "102", False),
        ("not able", "notable", False),
        ("可能?", "可能", False),
        ("必要", "不要", False),
    ],
)
def test_open_texts_are_one_class_only_if_they_say_the_same(one, other, same):
    """Width, case, spacing and punctuation do not split a class; digits, signs and words are never merged."""
    classes = classify_open({"x": one, "y": other})

    assert (classes["x"] == classes["y"]) is same
