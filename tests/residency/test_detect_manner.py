"""The manner of a text: integers, whole stretches, and words that count only where the wording lets them."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.errors import MalformedFileError
from magi.core.record import Hit
from magi.residency.detect.build import shipped
from magi.residency.detect.manner import STRETCH_CHARS, Manner, parse_manner, stretches, weighed

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "magi" / "residency" / "detect" / "manner.json"


def fitting():
    """The program that fits the table, which lies beside this file and is no package."""
    spec = importlib.util.spec_from_file_location("fit_manner", HERE / "fit_manner.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def manner():
    """The shipped table."""
    return parse_manner(json.loads(TABLE.read_text(encoding="utf-8")))


def small(**changes):
    """A table of two runs."""
    return Manner(
        **({"weights": {"案件": 2000, "とは": -2000}, "bias": 0, "least": 1000, "doubt": -500} | changes)
    )


def hit(rule="content.note", view="plain", start=0, end=2):
    """A hit of a rule in a view."""
    return Hit(text="question", rule=rule, label=1, view=view, start=start, end=end)


def test_the_score_is_the_weights_over_the_root_of_their_number():
    """One run scores its weight, two that cancel score nothing, and repeats count once."""
    table = small()

    assert table.score("案件") == 2000
    assert table.score("案件とは") == 0
    assert table.score("案件案件案件") == 2000
    assert small(weights={"案件": 2000, "停止": 2000}).score("案件停止") == 4000 * 1000 // 1414


@given(st.text(max_size=2000))
def test_stretches_cover_a_text_in_order_and_in_bounds(text):
    """Stretches follow each other without a gap, none is too long, and only a scrap at the end is left out."""
    spans = list(stretches(text))

    assert all(end - start <= STRETCH_CHARS for start, end in spans)
    assert [start for start, _ in spans[1:]] == [end for _, end in spans[:-1]]
    assert len(text) - (spans[-1][1] if spans else 0) < 8


def test_a_case_in_one_paragraph_of_a_long_text_is_found(manner):
    """A case's paragraph among general ones is a hit whose span lies on that paragraph."""
    general = "図書館の開館時間と貸出しの決まりは、市のウェブサイトで公表しています。" * 40 + "\n"
    case = (
        "先週窓口に来た男性、働いて得た収入を申告していなかった。来月から保護を止める起案を急いで作りたい。\n"
    )
    text = general + case + general
    found = [
        h
        for h in manner.hits(text, "question")
        if h.start < len(general) + len(case) and h.end > len(general)
    ]

    assert not list(manner.hits(general, "question"))
    assert found


def test_a_word_rule_falls_where_the_wording_is_general(manner):
    """A hit that only weighs words is dropped in plainly general talk; any other rule stands, and lets it stand."""
    talk = "生活保護の収入認定とはどのような制度か、条文に沿って一般的な考え方を説明してください。"
    word, strict = hit("sensitive.hardship", end=4), hit("identifier.account", end=4)

    assert weighed(talk, [word], manner) == ()
    assert weighed(talk, [word, strict], manner) == (word, strict)
    assert weighed(talk, [strict], manner) == (strict,)


@pytest.mark.parametrize("view", ["kana", "romaji", "plain.d1", "tight.d2"])
def test_what_the_wording_cannot_show_is_not_judged_by_it(manner, view):
    """A hit in kana, romaji or a decoded layer stands: the text as it came does not show its manner."""
    kept = hit(view=view)

    assert weighed("あいうえおかきくけこ", [kept], manner) == (kept,)


def test_what_fails_to_be_judged_is_not_cleared():
    """A table that fails leaves the hits and adds the strictest rule."""

    class Broken(Manner):
        def score(self, text):
            del text
            raise ZeroDivisionError

    detectors = shipped(None, Broken({"案": 1}, 0, 0, 0))

    assert "error.spelling" in {
        h.rule for h in detectors.find("公園の花壇に何を植えるとよいか教えてください")
    }


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"runs": {}},
        {"runs": {"x": ["案"]}, "bias": 0, "least": 0, "doubt": 0},
        {"runs": {"1": ["案"]}, "bias": 0},
    ],
)
def test_a_table_that_is_none_is_refused(table):
    """Missing runs, weights that are no numbers and missing limits are refused."""
    with pytest.raises(MalformedFileError):
        parse_manner(table)


def test_the_table_is_part_of_the_detectors_version(manner):
    """Another limit is another version."""
    plain = shipped(None, manner).version

    assert plain != shipped(None, small()).version != shipped().version


@pytest.mark.slow
def test_the_shipped_table_is_what_the_cases_give():
    """Fitting the committed cases again gives the committed table."""
    module = fitting()
    shipped_table = json.loads(TABLE.read_text(encoding="utf-8"))
    again = module.table(*module.fit(module.cases()), shipped_table["least"], shipped_table["doubt"])

    assert again == shipped_table
