"""Private numbers, mailboxes, addresses and plates are found; those of offices and examples stay public."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.contacts import CONTACTS
from magi.residency.detect.engine import Detectors

DETECTORS = Detectors([CONTACTS])

FIRES = [
    ("contact.mobile", "090-4417-2863 から着信", "090-4417-2863"),
    ("contact.mobile", "折り返し先→０９０／６２２１・４０９７", "０９０／６２２１・４０９７"),
    ("contact.telephone", "自宅電話 045-987-6543", "045-987-6543"),
    ("contact.telephone", "母 0956-00-4471(実家)", "0956-00-4471"),
    ("contact.email", "返信先 h.uchiumi1979@mail.example.jp に", "h.uchiumi1979@mail.example.jp"),
    ("contact.email", "直通 tanaka-jiro@city.example.lg.jp へ", "tanaka-jiro@city.example.lg.jp"),
    ("contact.email", "murasaki.tea アットマーク post ドット example ドット jp", "murasaki.tea"),
    ("contact.address", "青峰市緑が丘3丁目14-8の空き家", "青峰市緑が丘3丁目14-8"),
    ("contact.address", "本籍 青峰市大字下鴨井221番地", "221番地"),
    ("contact.address", "青峰市東浜一の六", "東浜一の六"),
    ("contact.plate", "練馬 500 は 12-34 が放置", "練馬 500 は 12-34"),
    ("contact.account", "投稿者のIPアドレスは 203.0.113.77", "203.0.113.77"),
]

PUBLIC = [
    ("contact.mobile", "携帯の番号を検証する正規表現 090-0000-0000"),
    ("contact.telephone", "厚生労働省 代表 03-5253-1111、相談窓口 0120-279-889、0570-064-556"),
    ("contact.telephone", "青峰市役所 市民課 電話 0790-22-1111"),
    ("contact.email", "問い合わせは kouhou@city.example.lg.jp、info@example.go.jp まで"),
    ("contact.email", "@property と user@example.com の違い"),
    ("contact.address", "〒100-8916 東京都千代田区霞が関1-2-2 厚生労働省"),
    ("contact.address", "本町三丁目と緑が丘二丁目の世帯数、令和7年4月1日-2日"),
    ("contact.plate", "第300の12番、約500は12-34頁"),
    ("contact.account", "192.0.2.0/24 と 198.51.100.7 は文書用の範囲"),
]


@pytest.mark.parametrize(("rule", "text", "words"), FIRES)
def test_a_private_contact_is_found_where_it_stands(rule, text, words):
    """The rule fires, and its span covers the number or address in the text as it came."""
    spans = [text[hit.start : hit.end] for hit in DETECTORS.find(text) if hit.rule == rule]

    assert any(words in span for span in spans), spans


@pytest.mark.parametrize(("rule", "text"), PUBLIC)
def test_an_office_or_an_example_stays_public(rule, text):
    """What is an office's, an example's or only looks like a contact raises nothing."""
    assert (rule, DETECTORS.find(text)) == (rule, ())


@pytest.mark.parametrize(
    "text",
    [
        "０ ９ ０ － ４ ４ ７ １ － ８ ８ ２ ６",
        "〇七〇―三八一四―九二五七",
        "09\u200b0-4417\u200b-2863",
        "090\n4417\n2863",
        '{"tel1":"090","tel2":"4417","tel3":"2863"}',
        "&#x30;&#x39;&#x30;-4417-2863",
        "tel=%30%39%30-4417-2863",
        base64.b64encode("電話080-2716-4403です。".encode()).decode(),
        "ｒ．ｍａｒｕｙａｍａ７７＠ｍａｉｌ．ｅｘａｍｐｌｅ．ｊｐ",
        "請求者\n住所\n青\n峰\n市\n緑\n町\n三\nの\n五",
    ],
)
def test_a_contact_is_found_in_odd_spellings(text):
    """Spaced, split, folded, escaped and encoded contacts are found."""
    assert any(hit.rule.startswith("contact.") for hit in DETECTORS.find(text))


def test_every_rule_says_why_in_both_languages_and_has_cases():
    """Each rule has a Japanese and an English sentence, a text that fires it and a neighbour that does not."""
    ids = {rule.id for rule in CONTACTS.rules}

    assert all(rule.ja.endswith("。") and rule.en.endswith(".") for rule in CONTACTS.rules)
    assert {rule for rule, *_ in FIRES} == ids
    assert {rule for rule, _ in PUBLIC} == ids


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('0901-1234 @.ab青峰市町丁目番の一二三+81()\n"あ300'), max_size=80))
def test_no_text_makes_it_fail(text):
    """It raises for no text: an error would show as the error rule."""
    assert not [hit for hit in DETECTORS.find(text) if hit.rule.startswith("error.")]


@pytest.mark.parametrize(
    "piece", ["@", "a@a.", "090-", "一の", "市", "1-", "0 ", "あ", '"', "電話:0", "300 あ "]
)
def test_time_grows_with_the_length_and_no_faster(piece):
    """Eight times the text takes at most some twenty times as long, whatever it is made of."""
    short, long = (_seconds((piece * 64_000)[:size]) for size in (8_000, 64_000))

    assert long <= 40 * short + 0.3


def _seconds(text):
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        DETECTORS.find(text)
        best = min(best, time.process_time() - start)
    return best
