"""Scoring: failures stay in the denominator, and chance is what guessing would earn."""

import json

import pytest

from magi.core.deliberation import feed
from magi.core.errors import MalformedFileError
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.evaluation.policy_questions import policy_questions, read_questions
from magi.evaluation.score import chance, score


@pytest.fixture
def verdict(build):
    """The verdict of seats that answered so, None being a failure."""

    def make(*said):
        events = [
            build.answered(n, statement="failure") if word is None else build.answered(n, word)
            for n, word in enumerate(said, start=1)
        ]
        return feed([build.opened(len(said)), *events])[1][-1].verdict

    return make


def test_each_seat_and_the_council_are_scored_over_the_same_questions(verdict):
    """Right, silent and asked are counted for each seat, and for the council by its decided class."""
    found = score(
        [(verdict("A", "A", "B"), "A"), (verdict("B", "A", "C"), "B"), (verdict("B", "B", None), "B")]
    )
    counts = {s.name: (s.right, s.silent, s.asked) for s in (*found.seats, found.council)}

    assert counts == {"s1": (3, 0, 3), "s2": (2, 0, 3), "s3": (0, 1, 3), "council": (2, 1, 3)}


def test_a_council_can_lose_to_its_best_seat(verdict):
    """Where two seats err together, the best seat is ahead of the council, and the score says so."""
    found = score([(verdict("A", "B", "B"), "A"), (verdict("A", "A", "B"), "A")])

    assert (found.best.name, found.best.right, found.council.right) == ("s1", 2, 1)


def test_the_first_of_equals_is_the_best(verdict):
    """Equal seats: the first in council order is named."""
    assert score([(verdict("A", "A", "A"), "A")]).best.name == "s1"


def test_a_failure_is_never_right(verdict):
    """A failed seat and an undecided council are silent and wrong, whatever the gold."""
    found = score([(verdict(None, None, "A"), "A"), (verdict("A", "B", "C"), "A")])

    assert (found.council.right, found.council.silent, found.council.asked) == (0, 2, 2)
    assert (found.seats[0].right, found.seats[0].silent, found.seats[0].asked) == (1, 1, 2)


def test_nothing_to_score_is_an_error():
    """Without a question with gold there is no score, rather than one of zero."""
    with pytest.raises(ValueError, match="gold"):
        score([])


def test_chance_is_the_sum_of_uniform_guesses():
    """A choice of four earns a quarter, yes-no-conditional a third, everything else nothing."""
    spaces = [
        ChoiceSpace(options=tuple("ABCD")),
        YesNoConditionalSpace(),
        NumberSpace(),
        DateSpace(),
        OpenSpace(),
    ]

    assert chance(spaces) == pytest.approx(1 / 4 + 1 / 3)
    assert chance([]) == 0


def test_the_shipped_questions_are_taken_with_their_golds():
    """All forty are taken; a gold is a class of its question's space, and none stands in what seats are shown."""
    questions = policy_questions()

    assert [q.id for q in questions] == [f"pq-{n:02d}" for n in range(1, 41)]
    for question in questions:
        assert question.question.decision.source == "declared"
        if question.question.space.kind == "choice" and question.gold:
            assert question.gold in question.question.space.options
        assert (question.source is None) == (question.gold is None)
        assert "gold" not in json.loads(question.question.to_bytes())


GOOD = {"id": "q1", "question": "いつですか。", "space": {"kind": "date"}, "gold": "2026-04-01"}


def lines(path, *rows):
    """A JSON Lines file of these rows; text stands as it is."""
    texts = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_a_question_file_of_ones_own_is_read(tmp_path):
    """A file of the same fields is read; category, gold and source may be absent."""
    row = {"id": 2, "question": "どれ。", "space": {"kind": "choice"}, "options": {"A": "甲", "B": "乙"}}
    first, second = read_questions(lines(tmp_path / "q.jsonl", GOOD, row))

    assert (first.gold, first.source, first.category) == ("2026-04-01", None, "")
    assert (second.id, second.question.space, second.gold) == ("2", ChoiceSpace(options=("A", "B")), None)


def test_every_bad_line_is_named_and_none_quoted(tmp_path):
    """All bad lines are reported at once, by number, without their text."""
    bad = ("{ひみつ", '"ひみつ"', "[]", "1", "null", {"id": "ひみつ"}, GOOD | {"space": {"kind": "ひみつ"}})
    more = (GOOD | {"question": ""}, GOOD | {"space": "ひみつ"}, GOOD | {"options": {"A": "ひみつ"}}, "")
    with pytest.raises(MalformedFileError) as caught:
        read_questions(lines(tmp_path / "q.jsonl", GOOD, *bad, *more, GOOD))

    assert caught.value.facts["problems"] == tuple(f"line {n}" for n in range(2, 13))
    assert "ひみつ" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "unreadable"), (b"\xff\xfe", "not_utf8"), (b"", "questions")]
)
def test_a_file_that_is_none_is_refused(tmp_path, content, reason):
    """A missing file, one that is not UTF-8, and an empty one are refused, each by its reason."""
    path = tmp_path / "q.jsonl"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(MalformedFileError) as caught:
        read_questions(path)

    assert caught.value.reason == reason
