"""Exercises, courses and publications speak of nobody; the same people in an office's day are a case."""

import pytest

from magi.residency.detect.content import CONTENT
from magi.residency.detect.engine import Detectors
from magi.residency.detect.markings import MARKINGS, MAX_TRIES
from magi.residency.detect.sensitive import SENSITIVE
from magi.residency.detect.subjects import SUBJECTS
from magi.residency.label import Label

D = Detectors([SENSITIVE, CONTENT, SUBJECTS, MARKINGS])


@pytest.mark.parametrize(
    ("supposed", "at_hand"),
    [
        (
            "仮の事例で考えます。70歳のBさんは物忘れが進んでいる。支援の種類を述べよ。",
            "70歳のBさんは物忘れが進んでいると娘から架電。支援の種類を整理して。",
        ),
        (
            "30歳の患者が発疹で受診した。最も考えられる疾患はどれか。",
            "30歳の患者が発疹で受診した。職場への連絡文を作って。",
        ),
        (
            "刑法の演習問題。Aは店で財布を盗んだ。Aの罪責を論ぜよ。",
            "先週、Aさんは店で財布を盗んだとして逮捕された。家族への説明文を。",
        ),
        (
            "住民向けの講座で話します。うつ病の人に家族ができる気遣いを三つ挙げて。",
            "母はうつ病で通院中と本人が話した。家族への返事を三つ挙げて。",
        ),
    ],
)
def test_what_is_supposed_is_no_case(supposed: str, at_hand: str) -> None:
    """An exercise or a course does not raise; the same matter of somebody at hand does."""
    assert ({hit.rule for hit in D.find(supposed)}, bool(D.find(at_hand))) == (set(), True)


def test_an_exercise_about_business_is_no_business() -> None:
    """An exam question on tenders does not raise, as long as nothing at hand stands beside it."""
    asked = "予定価格を上回る入札しかない場合の扱いとして正しいものはどれか。"

    assert (D.find(asked), bool(D.find(f"{asked}\nうちの予定価格は9,800万円、明日が開札。"))) == ((), True)


def test_a_number_in_brackets_is_no_age() -> None:
    """Items are numbered in brackets; ages stand after names."""
    numbered = "意見(1) 記載の場所を変える。理由(2) 読みにくいため。"

    assert (D.find(numbered), bool(D.find("太田くん(7)が腕にやけど。学校から連絡があった。"))) == ((), True)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("機密性1 " * (MAX_TRIES + 1), "marking.secret"),
        ("TLP:CLEAR " * (MAX_TRIES + 1), "marking.tlp_red"),
        ("映画の題名の「極秘」の意味\n" * (MAX_TRIES + 1), "marking.secret"),
        ("尖閣諸島の面積の一覧\n" * (MAX_TRIES + 1), "subject.territory"),
        ("査定案とは何か、用語の解説\n" * (MAX_TRIES + 1), "content.too_many"),
    ],
)
def test_a_cap_that_is_hit_raises(text: str, rule: str) -> None:
    """More words of one kind than are weighed count as the strictest; as many as are weighed do not."""
    fewer = text[: len(text) // (MAX_TRIES + 1) * 10]
    rules = {hit.rule for hit in D.find(text)}

    assert {hit.rule for hit in D.find(fewer)} == set()
    assert rule in rules


def test_secret_content_is_what_a_cap_yields() -> None:
    """The rule of a cap is the strictest of its detector."""
    cut = next(rule for rule in CONTENT.rules if rule.id == "content.too_many")

    assert cut.label is CONTENT.ceiling is Label.SECRET
