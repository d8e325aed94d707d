"""The label of texts: it only rises, whatever is added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.residency.detect.engine import Detectors
from magi.residency.detect.rule import Detector, Rule
from magi.residency.label import Label
from magi.residency.labelling import CUT_CHARS, JOINED, SEAM_CHARS, label_texts


def _number(look):
    return [("number.twelve", run.start, run.end) for run in look.runs if len(run.digits) == 12]


def _word(name):
    return lambda look: [(f"{name}.word", word.start, word.end) for word in look.words(name)]


def _detector(name: str, label: Label, word: str, topic: str | None = None) -> Detector:
    rule = Rule(f"{name}.word", label, "理由です。", "A reason.", topic)
    return Detector(name, (rule,), ("plain",), _word(name), {name: (word,)})


NUMBER = Detector(
    "number",
    (Rule("number.twelve", Label.SPECIFIC_PERSONAL, "番号です。", "A number."),),
    ("plain", "tight"),
    _number,
)
NOTICE = _detector("notice", Label.INTERNAL, "取扱注意")
TREATY = _detector("treaty", Label.INTERNAL, "領土", "territory")
SECRET = _detector("secret", Label.SECRET, "極秘")
ALL = Detectors([NUMBER, NOTICE, TREATY, SECRET])

PART = st.text(alphabet=st.sampled_from("取扱注意極秘領土文。 "), max_size=12)
LABELS = st.sampled_from(list(Label))


def test_label_is_the_strictest_of_all_three():
    """Declaration, detectors and ancestors each raise, and the highest counts."""
    texts = [("question", "取扱注意の文書")]

    assert label_texts(ALL, [("question", "公開の文書")], Label.PUBLIC).label == Label.PUBLIC
    assert label_texts(ALL, texts, Label.PUBLIC).label == Label.INTERNAL
    assert label_texts(ALL, texts, Label.PERSONAL).label == Label.PERSONAL
    assert label_texts(ALL, texts, Label.PUBLIC, [2, 3]).label == Label.SENSITIVE_PERSONAL


def test_number_split_over_two_parts_is_found_joined():
    """Six digits and six more, harmless alone, are one number together; the hit says so."""
    finding = label_texts(ALL, [("turn.1", "246801"), ("turn.2", "357910")], Label.PUBLIC)

    assert finding.label == Label.SPECIFIC_PERSONAL
    assert [(hit.text, hit.start, hit.end) for hit in finding.hits] == [(JOINED, 0, 13)]
    assert label_texts(ALL, [("turn.1", "246801")], Label.PUBLIC).hits == ()


@given(st.integers(0, 12), st.integers(0, 3 * SEAM_CHARS), st.integers(0, 3 * SEAM_CHARS))
def test_number_split_over_long_parts_is_found_wherever_the_seam_is(cut, before, after):
    """Twelve digits cut anywhere at the end of one part and the start of the next, with pages around them."""
    digits = "246801357910"
    texts = [
        ("a", "公開。" + "文" * before + digits[:cut]),
        ("b", digits[cut:] + "文" * after),
        ("c", "文" * 900),
    ]
    finding = label_texts(ALL, texts, Label.PUBLIC)
    joined = "\n".join(text for _, text in texts)

    assert finding.label == Label.SPECIFIC_PERSONAL
    assert all(
        "".join(filter(str.isdigit, joined[hit.start : hit.end])) == digits
        for hit in finding.hits
        if hit.text == JOINED
    )


@pytest.mark.parametrize(("before", "after"), [(0, 0), (500, 0), (0, 500), (300, 300), (600, 600)])
def test_words_on_either_side_of_a_seam_are_seen_together(before, after):
    """A word and what makes it a find stand in two long parts, each some hundred letters from the seam."""

    def with_word(look):
        return [("secret.word", w.start, w.end) for w in look.words("secret") if "領土" in look.text]

    detectors = Detectors([Detector(SECRET.name, SECRET.rules, SECRET.views, with_word, SECRET.words)])
    left, right = "文" * 2000 + "領土" + "文" * before, "文" * after + "極秘" + "文" * 2000
    finding = label_texts(detectors, [("a", left), ("b", right)], Label.PUBLIC)

    assert [(hit.rule, hit.text) for hit in finding.hits] == [("secret.word", JOINED)]
    assert (left + "\n" + right)[finding.hits[0].start : finding.hits[0].end] == "極秘"


def test_number_split_over_three_parts_is_found():
    """Parts as short as a few digits are looked at together with what stands on both of their sides."""
    texts = [("a", "文" * 2000 + "2468"), ("b", "0135"), ("c", "7910" + "文" * 2000)]

    assert label_texts(ALL, texts, Label.PUBLIC).label == Label.SPECIFIC_PERSONAL
    assert label_texts(ALL, [texts[0], texts[2]], Label.PUBLIC).label == Label.PUBLIC


def test_what_excuses_a_part_excuses_its_end():
    """A word that counts only without another one far before it is no find where the part's end is read again."""

    def unless_public(look):
        return [] if "公開" in look.text else [("secret.word", w.start, w.end) for w in look.words("secret")]

    detectors = Detectors([Detector(SECRET.name, SECRET.rules, SECRET.views, unless_public, SECRET.words)])
    texts = [("a", "公開" + "文" * 2000 + "極秘"), ("b", "文" * 2000)]

    assert label_texts(detectors, texts, Label.PUBLIC).hits == ()
    assert label_texts(detectors, [("a", texts[0][1][2:]), texts[1]], Label.PUBLIC).label == Label.SECRET


def test_a_word_that_a_seam_cuts_is_found_where_it_lies():
    """A word of which each of two parts has half is a hit across their seam, in the text of the parts joined."""
    finding = label_texts(ALL, [("a", "はじめに極"), ("b", "秘です")], Label.PUBLIC)
    (hit,) = finding.hits

    assert (hit.text, "はじめに極\n秘です"[hit.start : hit.end]) == (JOINED, "極\n秘")


def test_only_the_surroundings_of_a_seam_are_read_again():
    """Two long parts cost their own length and a bounded stretch more."""
    seen = []

    def count(look):
        seen.append(len(look.text))
        return ()

    parts = [("a", "あ" * 9000), ("b", "い" * 9000)]
    label_texts(Detectors([Detector("count", SECRET.rules, ("raw",), count)]), parts, Label.PUBLIC)

    assert 18_000 < sum(seen) <= 18_000 + 2 * SEAM_CHARS + 1 + 2 * CUT_CHARS


def test_what_a_part_says_alone_is_not_said_again():
    """A rule that fired in a part is reported there and not once more in the joined text."""
    finding = label_texts(ALL, [("a", "極秘"), ("b", "極秘です"), ("c", "文")], Label.PUBLIC)

    assert [hit.text for hit in finding.hits] == ["a", "b"]


def test_cleared_rules_are_kept_and_do_not_count():
    """What a named person overruled stays on record; other rules, ancestors and the declaration still count."""
    texts = [("question", "極秘、取扱注意")]
    finding = label_texts(ALL, texts, Label.PUBLIC, cleared=["secret.word"])

    assert finding.label == Label.INTERNAL
    assert {hit.rule for hit in finding.hits} == {"secret.word", "notice.word"}
    assert label_texts(ALL, texts, Label.PUBLIC, [6], ["secret.word"]).label == Label.CLASSIFIED


def test_topics_come_with_the_hits():
    """The topics of all rules that fired, cleared or not, reach the bias gate."""
    texts = [("question", "領土")]

    assert label_texts(ALL, texts, Label.PUBLIC).topics == {"territory"}
    assert label_texts(ALL, texts, Label.PUBLIC, cleared=["treaty.word"]).topics == {"territory"}
    assert label_texts(ALL, [("question", "文")], Label.PUBLIC).topics == frozenset()


@given(st.lists(PART, max_size=4), PART, LABELS, st.lists(LABELS, max_size=3), LABELS)
def test_nothing_added_lowers_the_label(parts, more, declared, ancestors, ancestor):
    """Another text, ancestor, detector or a stricter declaration never lowers the label."""
    texts = [(f"part.{number}", part) for number, part in enumerate(parts)]
    label = label_texts(ALL, texts, declared, ancestors).label
    fewer = label_texts(Detectors([NOTICE]), texts, declared, ancestors).label

    assert label >= max([declared, *ancestors])
    assert label >= fewer
    assert label_texts(ALL, [*texts, ("more", more)], declared, ancestors).label >= label
    assert label_texts(ALL, texts, declared, [*ancestors, ancestor]).label >= label
    assert label_texts(ALL, texts, max(declared, ancestor), ancestors).label >= label


def test_failing_detector_raises_the_label():
    """Where a detector fails the texts count as its strictest rule; with it mended they do not."""

    def broken(look):  # noqa: ARG001  # the shape is the engine's
        raise OverflowError

    failing = Detectors([Detector(SECRET.name, SECRET.rules, SECRET.views, broken)])

    assert label_texts(failing, [("question", "公開の文書")], Label.PUBLIC).label == Label.SECRET
    assert label_texts(ALL, [("question", "公開の文書")], Label.PUBLIC).label == Label.PUBLIC


def test_many_turns_are_looked_at_four_times_each():
    """Two hundred turns cost their own length, the joined one and each twice at its seams, not the square."""
    seen = []

    def count(look):
        seen.append(len(look.text))
        return ()

    turns = [(f"turn.{number}", "あいう、えお。") for number in range(200)]
    label_texts(Detectors([Detector("count", SECRET.rules, ("raw",), count)]), turns, Label.PUBLIC)

    assert sum(seen) <= 4 * sum(len(text) + 1 for _, text in turns)
