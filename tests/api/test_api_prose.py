"""The prose of a verdict: pure, loud where it must be, harmless, complete in both languages."""

import ast
from pathlib import Path
from string import Formatter

import pytest

from magi.api.prose import plain, prose
from magi.core.decided import Decided, SeatReport, TallyLine
from magi.core.errors import MagiError
from magi.core.space import ChoiceSpace, OpenSpace, YesNoConditionalSpace
from magi.service.question import take_question
from magi.service.reply import Statement
from magi.words import catalogue

API = Path(__file__).parents[2] / "magi" / "api"


def decided(outcome="majority", answer_class="yes", flags=(), attributed=None, classes=("yes", "yes", "no")):
    """A verdict of three seats, who hold these classes (None: failed)."""
    names = ("melchior", "balthasar", "casper")
    tally = {}
    for name, held in zip(names, classes, strict=True):
        if held is not None:
            tally.setdefault(held, []).append(name)
    reports = tuple(
        SeatReport(
            seat=name,
            ask=f"a{number}",
            card="c",
            said="failure" if held is None else "answer",
            answer_class=held,
            failure="timed_out" if held is None else None,
            origin="live",
        )
        for number, (name, held) in enumerate(zip(names, classes, strict=True), start=1)
    )
    dissent = tuple(r.ask for r in reports if answer_class and r.answer_class not in (None, answer_class))
    return Decided(
        outcome=outcome,
        answer_class=answer_class,
        attributed=attributed,
        tally=tuple(TallyLine(answer_class=held, seats=tuple(seats)) for held, seats in tally.items()),
        seats=reports,
        dissent=dissent,
        confidence_bp=None,
        outstanding=(),
        flags=flags,
    )


SAID = {
    f"a{n}": Statement("t", answer, f"理由{n}", ()) for n, answer in enumerate(("はい", "はい", "いいえ"), 1)
}
QUESTION = take_question("白書を出すべきか。", YesNoConditionalSpace())


def test_a_majority_names_answer_tally_reasons_and_dissent():
    """A majority shows its answer, who held what, the reasons of those who hold it, and the dissent apart."""
    text = prose(QUESTION, decided(), SAID, "ja")
    reasons, dissent = text.split("理由:\n")[1].split("少数意見:\n")

    assert "結論: 多数決\n\n答え: はい" in text
    assert "- はい: 2席 (MELCHIOR、BALTHASAR)" in text
    assert "理由1" in reasons
    assert "理由3" not in reasons
    assert "CASPER: いいえ — 理由3 [根拠なし]" in dissent
    assert text.endswith("この結論は助言です。採否は職員が判断してください。")


@pytest.mark.parametrize("flag", ["rehearsal", "recording", "degraded"])
def test_what_lessens_an_answer_stands_first(flag):
    """A rehearsal, a recording and a missing seat are said before anything else, in both languages."""
    for lang in ("ja", "en"):
        text = prose(QUESTION, decided(flags=(flag,)), SAID, lang)

        assert text.startswith(f"※ {catalogue()[f'flag.{flag}'][lang]}\n")


def test_a_failed_seat_is_named_with_its_failure():
    """A seat without an answer is named with the reason, and its silence is in no tally."""
    text = prose(QUESTION, decided(classes=("yes", "yes", None)), SAID, "ja")

    assert "- CASPER: 失敗 (時間切れ)" in text
    assert "CASPER)" not in text


@pytest.mark.parametrize("outcome", ["tied", "no_quorum", "withheld"])
def test_where_nothing_is_decided_no_answer_is_shown(outcome):
    """Without a decision the answer is 結論なし, and every seat's answer stands beside its reason."""
    text = prose(QUESTION, decided(outcome, None), SAID, "ja")

    assert "答え: 結論なし" in text
    assert "- CASPER: いいえ — 理由3" in text


def test_an_attributed_statement_is_no_decision():
    """An open answer that one seat gave is shown as that seat's, not as the council's."""
    said = SAID | {"a1": Statement("t", "一つの意見", "理由1", ("民法1条",))}
    verdict = decided("withheld", None, ("attributed",), attributed="a1", classes=("c1", "c2", "c3"))
    text = prose(take_question("どうするか", OpenSpace()), verdict, said, "ja")

    assert "MELCHIORの意見(合議の結論ではありません):\n一つの意見" in text
    assert "根拠(未検証): 民法1条" in text
    assert "c1" not in text


def test_a_choice_shows_the_options_text():
    """A decided option is shown with its text."""
    question = take_question("どれか", ChoiceSpace(options=("ア", "イ")), {"ア": "対面", "イ": "書面"})
    text = prose(question, decided(answer_class="イ", classes=("イ", "イ", "ア")), SAID, "ja")

    assert "答え: イ 書面" in text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("![x](http://evil/?q=1)", "！[x](http://evil/?q=1)"),
        ("<img src=http://evil>", "＜img src=http://evil>"),
        ("a < b && c > d", "a < b && c > d"),
        ("\x1b[2J\u202e逆", "\ufffd[2J\ufffd逆"),
        ("注意! [根拠]", "注意! [根拠]"),
    ],
)
def test_a_models_words_fetch_nothing(said, shown):
    """Images and tags, which a client would fetch, are defused; control characters are replaced; the rest stays."""
    assert plain(said) == shown


def test_words_are_defused_wherever_they_stand():
    """Answer, reason and basis of every seat are defused in the prose."""
    bad = "![x](http://evil/)"
    said = {ask: Statement(bad, bad, bad, (bad,)) for ask in ("a1", "a2", "a3")}
    verdict = decided("withheld", "c1", ("attributed",), attributed="a1", classes=("c1", "c1", "c2"))
    text = prose(take_question("どうするか", OpenSpace()), verdict, said, "ja")

    assert "http://evil/" in text
    assert "![" not in text


def test_equal_verdicts_have_equal_prose():
    """The prose depends on nothing but the verdict, the statements and the language."""
    assert prose(QUESTION, decided(), SAID, "ja") == prose(QUESTION, decided(), dict(SAID), "ja")
    assert prose(QUESTION, decided(), SAID, "ja") != prose(QUESTION, decided(), SAID, "en")


def calls(name):
    """Every call of a name in the service's modules."""
    for path in sorted(API.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield node


def test_every_word_that_the_service_says_stands_in_the_catalogue():
    """Every literal key that is said, and every reason that a request is refused for, has words with its facts."""
    said = {}
    for call in calls("say"):
        if isinstance(call.args[0], ast.Constant):
            said[call.args[0].value] = {word.arg for word in call.keywords}
    for call in calls("RequestRefusedError"):
        if isinstance(call.args[0], ast.Constant):
            said[f"error.request_refused.{call.args[0].value}"] = {word.arg for word in call.keywords}
    reasons = ("not_found", "method_not_allowed", "label_conflict", "key_conflict", "host_not_loopback")
    said |= {f"error.request_refused.{reason}": set() for reason in (*reasons, "origin_not_loopback")}
    short = [
        key
        for key, facts in said.items()
        if key not in catalogue()
        or {name for _, name, _, _ in Formatter().parse(catalogue()[key]["ja"]) if name} - facts
    ]

    assert len(said) > 40
    assert short == []
    assert issubclass(MagiError, Exception)
