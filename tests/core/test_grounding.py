"""The verifier: what stands in the named material is supported, and nothing else is."""

import pytest

from magi.core.grounding import MAX_CLAIM_CHARS, MAX_FIGURES, ClaimText, Finding, check, check_all, coverage
from magi.core.grounding_articles import places_in
from magi.core.grounding_find import figures, plain

BUDGET = """令和8年度予算の概要
駅前広場の整備に係る事業費は1,000万円とし、工期は令和8年4月1日から令和9年3月31日までとする。
収容人数は50人以内とし、職員5名を置く。補助率は3分の1、負担割合は2割である。
「重要な変更」とは、事業費の三割以上の変更をいう。敷地面積は1.5haである。
申請は30日以内に行う。申請者は「事業計画書及び収支予算書を添付しなければならない」とされている。
第3回検討会は2026年5月31日に開く。前年度比▲3.2%である。型式はAB-120とする。
"""
LAW = """駅前広場の管理に関する条例
(目的)
第一条　この条例は、駅前広場の管理に関し必要な事項を定める。
(使用の許可)
第十二条　駅前広場を使用しようとする者は、市長の許可を受けなければならない。
２　前項の許可の期間は、三十日を超えることができない。
３　市長は、次の各号のいずれかに該当するときは、許可をしない。
一　公の秩序を乱すおそれがあるとき。
二　施設を損傷するおそれがあるとき。
第十二条の二　許可を受けた者は、使用料として一日につき五千円を納付する。
附　則
第一条　この条例は、令和八年四月一日から施行する。
"""
ENGLISH = (
    "Article 12(3) applies from April 1, 2026. The fee is 5,000 yen for 30 days. About 2,000 people came."
)
MATERIALS = {"M1": BUDGET, "M2": LAW, "M3": ENGLISH}
LAWS = ("M2",)


def look(text, quote="", source="M1", materials=None, laws=LAWS):
    """The finding on one claim."""
    claim = ClaimText(id="a1.c1", text=text, source=source, quote=quote)
    return check(claim, MATERIALS if materials is None else materials, laws)


COST = "事業費は1,000万円"
CASES = [
    # Quotes.
    ("事業費が定まっている", "M1", COST, "supported", ()),
    ("事業費が定まっている", "M1", "事業費は１，０００万円", "supported", ()),
    ("事業費が定まっている", "M1", "事業費は 1,000 万円 とし", "supported", ()),
    ("事業費が定まっている", "M1", "「事業費は1,000万円とし」", "supported", ()),
    ("工期がある", "M1", "工期は令和８年４月１日から\n令和９年３月３１日まで", "supported", ()),
    ("事業費が定まっている", "M1", "事業費は1000万円", "unverified", ("quote_absent",)),
    ("事業費が定まっている", "M1", "事業費は1,001万円", "unverified", ("quote_absent",)),
    ("事業費が定まっている", "M1", "総事業費は1,000万円", "unverified", ("quote_absent",)),
    ("事業費が定まっている", "M1", "事業費は…とし", "unverified", ("quote_absent",)),
    ("事業費が定まっている", "M1", "とし", "unverified", ("quote_short",)),
    ("職員がいる", "M1", "5名", "supported", ()),
    ("事業費が定まっている", "M2", COST, "unverified", ("quote_absent",)),
    ("許可が要る", "M2", "市長の許可を受けなければならない。", "supported", ()),
    ("The rule applies", "M3", "Article 12 (3) applies", "supported", ()),
    ("The rule applies", "M3", "Article12(3)applies", "supported", ()),
    ("許可が要る", "M2", "> 第十二条　駅前広場を使用しようとする者は", "supported", ()),
    # Numbers with units, by value.
    ("事業費は1,000万円である", "M1", COST, "supported", ()),
    ("事業費は10,000,000円である", "M1", COST, "supported", ()),
    ("事業費は１０００万円である", "M1", COST, "supported", ()),
    ("事業費は一千万円である", "M1", COST, "supported", ()),
    ("事業費は10百万円である", "M1", COST, "supported", ()),
    ("事業費は10,000千円である", "M1", COST, "supported", ()),
    ("事業費は¥10,000,000である", "M1", COST, "supported", ()),
    ("事業費は1,001万円である", "M1", COST, "contradicted", ("number_differs",)),
    ("事業費は1,000円である", "M1", COST, "contradicted", ("number_differs",)),
    ("事業費は1億円である", "M1", COST, "contradicted", ("number_differs",)),
    ("事業費は1,000万人である", "M1", COST, "unverified", ("number_absent",)),
    ("事業費は1,000万円、職員は5人である", "M1", COST, "supported", ()),
    ("事業費は1,000万円、職員は6人である", "M1", COST, "unverified", ("number_absent",)),
    ("収容人数は50名である", "M1", "収容人数は50人以内", "supported", ()),
    ("収容人数は50人以内である", "M1", "収容人数は50人以内", "supported", ()),
    ("収容人数は50人以上である", "M1", "収容人数は50人以内", "contradicted", ("number_differs",)),
    ("事業費は1,000万円以上である", "M1", COST, "unverified", ("number_absent",)),
    ("収容人数は五十人である", "M1", "収容人数は50人以内", "supported", ()),
    ("職員は5人、収容人数は50人である", "M1", "収容人数は50人以内とし、職員5名", "supported", ()),
    ("職員は6人、収容人数は50人である", "M1", "収容人数は50人以内とし、職員5名", "contradicted", ("number_differs",)),
    ("補助率は3分の1である", "M1", "補助率は3分の1", "supported", ()),
    ("補助率は三分の一である", "M1", "補助率は3分の1", "supported", ()),
    ("補助率は3分の2である", "M1", "補助率は3分の1", "contradicted", ("number_differs",)),
    ("負担割合は20%である", "M1", "負担割合は2割", "supported", ()),
    ("負担割合は20パーセントである", "M1", "負担割合は2割", "supported", ()),
    ("負担割合は25%である", "M1", "負担割合は2割", "contradicted", ("number_differs",)),
    ("敷地面積は15,000平方メートルである", "M1", "敷地面積は1.5ha", "supported", ()),
    ("敷地面積は1.6haである", "M1", "敷地面積は1.5ha", "contradicted", ("number_differs",)),
    ("特別区は二十三区ある", "M1", "50人以内", "unverified", ("number_absent",)),
    ("3. 事業費は1,000万円である", "M1", COST, "supported", ()),
    ("1,000 万円が事業費である", "M1", COST, "supported", ()),
    ("1,001 万円が事業費である", "M1", COST, "contradicted", ("number_differs",)),
    ("三ポイント増である", "M1", COST, "unverified", ("number_absent",)),
    ("前年度比はマイナス3.2%である", "M1", "前年度比▲3.2%", "supported", ()),
    ("前年度比は3.2%である", "M1", "前年度比▲3.2%", "contradicted", ("number_differs",)),
    ("第3回の検討会が開かれる", "M1", "第3回検討会", "supported", ()),
    ("第4回の検討会が開かれる", "M1", "第3回検討会", "contradicted", ("number_differs",)),
    ("検討会は3回開かれる", "M1", "第3回検討会", "unverified", ("number_absent",)),
    ("型式はAB-120である", "M1", "型式はAB-120", "supported", ()),
    ("型式はAB-121である", "M1", "型式はAB-120", "unverified", ("name_absent",)),
    ("数百人が訪れ、十分に一致した", "M1", "収容人数は50人以内", "supported", ()),
    ("The fee is 5000 yen", "M3", "The fee is 5,000 yen", "supported", ()),
    ("The fee is 5,500 yen", "M3", "The fee is 5,000 yen", "contradicted", ("number_differs",)),
    ("2,000 people came", "M3", "About 2,000 people came", "supported", ()),
    # Dates.
    ("工期は2026年4月1日からである", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は2026-04-01から2027-03-31まで", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期はR8.4.1から", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は2026/4/1から", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は令和八年四月一日から", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は令和8年(2026年)4月1日から", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は2026年4月からである", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は4月1日から始まる", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は4月に始まる", "M1", "工期は令和8年4月1日から", "supported", ()),
    ("工期は令和8年4月2日からである", "M1", "工期は令和8年4月1日から", "contradicted", ("date_differs",)),
    ("工期は平成8年4月1日からである", "M1", "工期は令和8年4月1日から", "contradicted", ("date_differs",)),
    ("工期は5月に始まる", "M1", "工期は令和8年4月1日から", "contradicted", ("date_differs",)),
    ("検討会は令和8年5月31日に開く", "M1", "2026年5月31日に開く", "supported", ()),
    ("検討会は令和8年6月1日に開く", "M1", "", "unverified", ("date_absent",)),
    ("2026年度の予算である", "M1", "令和8年度予算", "supported", ()),
    ("2025年度の予算である", "M1", "令和8年度予算", "contradicted", ("date_differs",)),
    ("It applies from 2026-04-01", "M3", "applies from April 1, 2026", "supported", ()),
    ("It applies from 1 April 2027", "M3", "applies from April 1, 2026", "contradicted", ("date_differs",)),
    # Articles.
    ("第12条により許可が要る", "M2", "市長の許可を受けなければならない", "supported", ()),
    ("第12条第1項により許可が要る", "M2", "市長の許可を受けなければならない", "supported", ()),
    ("第12条第2項により許可は30日を超えない", "M2", "三十日を超えることができない", "supported", ()),
    ("12条3項2号の場合は許可しない", "M2", "施設を損傷するおそれがあるとき", "supported", ()),
    ("第12条第3項第3号の場合は許可しない", "M2", "施設を損傷するおそれがあるとき", "unverified", ("article_absent",)),
    ("第12条第4項の場合は許可しない", "M2", "許可をしない", "unverified", ("article_absent",)),
    ("12条の2により1日5,000円を納める", "M2", "一日につき五千円を納付する", "supported", ()),
    ("12条の3により納める", "M2", "一日につき五千円を納付する", "unverified", ("article_absent",)),
    ("附則第1条により2026年4月1日に施行する", "M2", "令和八年四月一日から施行", "supported", ()),
    ("附則第2条により施行する", "M2", "令和八年四月一日から施行", "unverified", ("article_absent",)),
    ("Article 12(2) limits it to 30 days", "M2", "三十日を超えることができない", "supported", ()),
    ("Article 12(2) limits it to 31 days", "M2", "三十日を超えることができない", "contradicted", ("number_differs",)),
    ("第12条第3項が適用される", "M3", "Article 12(3) applies", "supported", ()),
    ("第12条第2項が適用される", "M3", "Article 12(3) applies", "unverified", ("article_absent",)),
    ("許可が要る", "M2 第12条第1項", "市長の許可を受けなければならない", "supported", ()),
    ("許可が要る", "M2 第99条", "市長の許可を受けなければならない", "unverified", ("article_absent",)),
    # Quotations inside the claim.
    ("「重要な変更」の定義がある", "M1", "「重要な変更」とは", "supported", ()),
    ("「事業計画書及び収支予算書を添付しなければならない」と定める", "M1", "申請は30日以内に行う", "supported", ()),
    ("「事業計画書及び収支予算書を提出しなければならない」と定める", "M1", "申請は30日以内に行う", "unverified",
     ("quotation_absent",)),
    ("『市長の許可を 受けなければならない』とする", "M2", "許可の期間は", "supported", ()),
    # Sources.
    ("事業費は1,000万円である", "根拠なし", COST, "uncited", ("no_source",)),
    ("事業費は1,000万円である", "", COST, "uncited", ("no_source",)),
    ("事業費は1,000万円である", " なし。", "", "uncited", ("no_source",)),
    ("事業費は1,000万円である", "Ｍ１", COST, "supported", ()),
    ("事業費は1,000万円である", "【資料M1】", COST, "supported", ()),
    ("事業費は1,000万円である", "M9", COST, "unverified", ("unknown_source",)),
    ("事業費は1,000万円である", "M12", COST, "unverified", ("unknown_source",)),
    ("許可が要る", "駅前広場の管理に関する条例第12条", "市長の許可を受けなければならない", "supported", ()),
    ("許可が要る", "駅前広場の管理に関する条例第13条", "市長の許可を受けなければならない", "unverified",
     ("article_absent",)),
    ("許可が要る", "都市公園法第6条", "許可を受けなければならない", "unverified", ("source_not_given",)),
    ("許可が要る", "条例", "許可を受けなければならない", "unverified", ("source_not_given",)),
    # Without a quote.
    ("事業費は1,000万円である", "M1", "", "supported", ("no_quote",)),
    ("事業費は1,234万円である", "M1", "", "unverified", ("number_absent",)),
    ("事業費は妥当である", "M1", "", "unverified", ("no_quote", "nothing_to_check")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "source", "quote", "status", "problems"), CASES)
def test_hand_written_cases(text, source, quote, status, problems):
    """Each claim gets the status that a careful reader gives it, and the codes of what is wrong."""
    assert look(text, quote, source) == Finding(status=status, problems=problems)


def test_without_materials_nothing_is_verified():
    """A source named where no material was given is unverified, whatever it is; without a source it is uncited."""
    assert look("許可が要る", "許可", "条例第1条", {}) == Finding(
        status="unverified", problems=("no_materials",)
    )
    assert look("許可が要る", "", "", {}).status == "uncited"


def test_a_statute_counts_only_where_its_material_is_a_law():
    """The same text under another rank does not stand for the statute that it names."""
    quote = "市長の許可を受けなければならない"

    assert look("許可が要る", quote, "駅前広場の管理に関する条例").status == "supported"
    assert look("許可が要る", quote, "駅前広場の管理に関する条例", laws=()).problems == ("source_not_given",)


def test_a_statute_named_further_down_is_not_that_statute():
    """A law that cites another one is not the other one."""
    text = (
        "甲に関する法律\n"
        + "第一条　この法律は、必要な事項を定める。\n" * 20
        + "乙に関する法律第五条を準用する。"
    )

    assert look("準用する", "必要な事項を定める", "乙に関する法律", {"M1": text}, ("M1",)).problems == (
        "source_not_given",
    )


def test_a_figure_elsewhere_does_not_outweigh_the_quoted_sentence():
    """80人 stands in the material, but the quoted sentence says 50人: the claim is contradicted."""
    text = "定員は50人である。応募は80人であった。"

    assert look("定員は80人である", "定員は50人である", materials={"M1": text}).status == "contradicted"
    assert look("応募は80人である", "応募は80人", materials={"M1": text}).status == "supported"


def test_a_quote_that_stands_in_two_places_may_mean_either():
    """A quote is taken at the place that agrees with the claim."""
    text = "事業費は次のとおり。甲の事業費は100万円である。\n乙の事業費は200万円である。"

    assert look("事業費は200万円である", "の事業費は", materials={"M1": text}).status == "supported"
    assert look("事業費は300万円である", "の事業費は", materials={"M1": text}).status == "contradicted"


def test_a_line_that_the_page_broke_is_one_sentence():
    """The number on the next line belongs to the sentence that was quoted."""
    text = "駅前広場の整備に係る事業の経費の総額については、\n別に定める場合を除き、1,000万円とする。\n定員\n50人"

    assert (
        look("経費の総額は2,000万円である", "経費の総額については", materials={"M1": text}).status
        == "contradicted"
    )
    assert look("定員がある", "については、別に定める場合", materials={"M1": text}).status == "supported"


DATES = "この条例は令和8年4月1日に公布し、同年10月1日に施行する。期間は令和8年11月1日から12月28日までとする。"


@pytest.mark.parametrize(
    ("text", "quote", "status"),
    [
        ("2026年10月1日に施行する", "同年10月1日に施行する", "supported"),
        ("2027年10月1日に施行する", "同年10月1日に施行する", "contradicted"),
        ("2026年12月28日まで", "令和8年11月1日から12月28日まで", "supported"),
        ("2025年12月28日まで", "令和8年11月1日から12月28日まで", "contradicted"),
        ("同年10月1日に施行する", "同年10月1日に施行する", "supported"),
    ],
)
def test_a_day_has_the_year_that_its_sentence_gives_it(text, quote, status):
    """同年 and a range that goes on in the same year say which year is meant."""
    assert look(text, quote, materials={"M1": DATES}).status == status


def test_a_range_into_the_next_year_is_not_guessed():
    """From April to March the year changes: the day is not of the year before it, and nothing contradicts."""
    text = "期間は令和8年4月1日から3月31日までとする。"

    assert look("2026年3月31日まで", "期間は令和8年", materials={"M1": text}).status == "unverified"
    assert look("2027年3月31日まで", "期間は令和8年", materials={"M1": text}).status == "unverified"
    assert look("3月31日まで", "期間は令和8年", materials={"M1": text}).status == "supported"


def test_rows_of_a_table_are_not_one_sentence():
    """A short line ends at its end: the number of another row does not contradict."""
    text = "職員 5人\n来客 50人\n"

    assert look("来客は50人である", "来客", materials={"M1": text}).status != "contradicted"
    assert look("来客は51人である", "来客 50人", materials={"M1": text}).status == "contradicted"


def test_three_seats_that_share_a_false_claim_are_all_unverified():
    """Agreement is not verification: the same false figure from every seat is found in no material."""
    claims = [ClaimText(id=f"a{n}.c1", text="補助率は2分の1である", source="M1", quote="") for n in (1, 2, 3)]

    assert {finding.status for finding in check_all(claims, MATERIALS)} == {"unverified"}


def test_coverage_counts_the_supported_of_all():
    """Uncited claims stay in the denominator."""
    found = [
        look("事業費がある", COST),
        look("事業費は9円", COST),
        look("妥当である", "", "根拠なし"),
    ]

    assert coverage(found) == (1, 3)
    assert coverage([]) == (0, 0)


def test_order_of_claims_and_of_materials_does_not_matter():
    """Each finding depends on its own claim and material alone."""
    claims = [
        ClaimText(id=f"c{n}", text=text, source=source, quote=quote)
        for n, (text, source, quote, _, _) in enumerate(CASES)
    ]
    back = dict(reversed(MATERIALS.items()))

    assert check_all(reversed(claims), back, LAWS) == tuple(reversed(check_all(claims, MATERIALS, LAWS)))


def test_problems_are_codes_and_quote_nothing():
    """No word of claim or material is in a finding."""
    found = look("「秘密の計画を実施する予定である」は999万円", "存在しない引用")

    assert found.problems == ("quote_absent", "quotation_absent", "number_absent")


def test_a_claim_that_is_too_long_is_not_looked_at():
    """Neither thousands of characters nor a hundred figures make a claim."""
    many = "、".join(f"{n}円" for n in range(MAX_FIGURES + 1))

    assert look("あ" * MAX_CLAIM_CHARS, "あ").problems == ("claim_too_long",)
    assert look(many, COST).problems == ("claim_too_long",)


def test_places_of_a_statute_come_from_its_layout():
    """Articles, paragraphs and items are found where nobody wrote the composite number; sequence decides."""
    found = places_in(plain(LAW))

    assert {"1", "12", "12/2", "12/3/2", "12の2", "12の2/1", "附則1"} <= found
    assert not {"12/4", "12/3/3", "附則2", "2"} & found
    assert places_in("第一条 定める。\n5 人口\n五 年次") == {"1", "1/1"}


@pytest.mark.parametrize(
    "text",
    ["十分に一致", "三重県と千葉県", "数百人", "十数件", "一部", "四国", "第三者", "一般に", "万一", "何人"],
)
def test_words_that_look_like_numbers_are_none(text):
    """Common words with numerals in them are no figures."""
    assert figures(plain(text)) == ()
