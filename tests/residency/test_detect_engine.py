"""The engine: every detector, every view, and nothing that goes wrong clears a text."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.residency.detect.decode import MAX_LAYERS
from magi.residency.detect.engine import MAX_HITS_A_RULE, OVERLAP_CHARS, PIECE_CHARS, UNSPELT, Detectors
from magi.residency.detect.look import Look, Word
from magi.residency.detect.rule import Detector, Rule
from magi.residency.label import Label

VIEWS = ("raw", "plain", "tight", "bare", "values", "untagged", "kana", "romaji")
WORD = "特定秘密"


def _words(look):
    return [("word.secret", word.start, word.end) for word in look.words("word")]


def _numbers(look):
    return [("number.twelve", run.start, run.end) for run in look.runs if len(run.digits) == 12]


WORDS = Detector(
    "word",
    (Rule("word.secret", Label.SECRET, "秘密です。", "It is secret.", "security"),),
    VIEWS,
    _words,
    {"word": (WORD, "Secret")},
    {"word": ("トクテイヒミツ",)},
)
NUMBERS = Detector(
    "number",
    (Rule("number.twelve", Label.SPECIFIC_PERSONAL, "番号です。", "A number."),),
    ("plain",),
    _numbers,
)
BOTH = Detectors([WORDS, NUMBERS])


def _rules(detectors: Detectors, text: str) -> set[str]:
    return {hit.rule for hit in detectors.find(text)}


@given(st.integers(-40, 40), st.sampled_from([PIECE_CHARS, PIECE_CHARS - OVERLAP_CHARS, 2 * PIECE_CHARS]))
def test_no_hit_is_lost_between_pieces(offset, boundary):
    """A word or number at any place around a piece's edge is found, on its own characters."""
    for planted, rule in ((WORD, "word.secret"), ("246801357910", "number.twelve")):
        start = boundary + offset
        text = "あ" * start + planted + "い" * (PIECE_CHARS + 7)
        spans = {(hit.start, hit.end) for hit in BOTH.find(text) if hit.rule == rule}

        assert spans == {(start, start + len(planted))}


@given(
    st.text(
        alphabet=st.one_of(st.characters(), st.sampled_from("\ud800\udfff\0\u202e<&%=\\\"'特秘０İ")),
        max_size=80,
    )
)
def test_no_text_makes_the_engine_raise(text):
    """Lone surrogates, NUL, overrides, broken tags: hits or none, all inside the text."""
    hits = BOTH.find(text)

    assert all(0 <= hit.start <= hit.end <= len(text) for hit in hits)
    assert UNSPELT not in {hit.rule for hit in hits}
    assert BOTH.find(text) == hits


@pytest.mark.parametrize("text", ["", "a", "特", "\ud800", "\0", "\r", "\u3099", "İ", " "])
def test_the_smallest_texts_have_no_hits(text):
    """Nothing, and single characters of every awkward kind, are no error and no hit."""
    assert BOTH.find(text) == ()


def test_failing_detector_counts_as_its_strictest_rule():
    """A detector that raises, names an unknown rule, or breaks half-way gives its ceiling over the whole text."""

    def broken(look):  # noqa: ARG001  # the shape is the engine's
        yield "number.twelve", 0, 1
        raise RecursionError

    def unknown(look):  # noqa: ARG001  # the shape is the engine's
        return [("no.such_rule", 0, 1)]

    text = "公開の文です。"
    for look in (broken, unknown):
        hits = Detectors([dataclasses.replace(NUMBERS, look=look)]).find(text)
        error = next(hit for hit in hits if hit.rule == "error.number")

        assert (error.label, error.start, error.end) == (Label.SPECIFIC_PERSONAL, 0, len(text))
    assert "error.number" not in _rules(BOTH, text)


def test_text_that_cannot_be_spelt_out_counts_as_the_strictest_of_all():
    """Views that fail, and encodings deeper than is looked at, raise to the highest ceiling."""

    def failing(text, piece, overlap):  # noqa: ARG001  # the shape is the engine's
        raise ValueError

    deep = "あ" * 20
    for _ in range(MAX_LAYERS + 1):
        deep = deep.encode().hex()
    spelt = Detectors([NUMBERS, WORDS], failing).find("公開")

    assert [(hit.rule, hit.label) for hit in spelt] == [(UNSPELT, Label.SECRET)]
    assert UNSPELT in _rules(BOTH, deep)


def test_spans_outside_the_view_are_brought_inside():
    """A detector's wrong arithmetic cannot make a hit that no record takes."""
    wild = dataclasses.replace(NUMBERS, look=lambda _: [("number.twelve", -5, 999)])

    assert [(hit.start, hit.end) for hit in Detectors([wild]).find("公開の文")] == [(0, 4)]


def test_hits_of_one_rule_are_bounded_and_others_are_not_lost():
    """A thousand hits of one rule leave room for the one hit of another."""
    hits = BOTH.find("Secret。" * 1000 + "246801357910")

    assert sum(hit.rule == "word.secret" for hit in hits) == MAX_HITS_A_RULE
    assert sum(hit.rule == "number.twelve" for hit in hits) == 1


def test_words_are_found_in_any_case_and_as_they_sound():
    """Letter case does not matter, and readings are found in kana and romaji."""
    for text in ("SECRET", "secret", "とくていひみつ", "ﾄｸﾃｲﾋﾐﾂ", "tokutei himitsu no ken"):
        assert _rules(BOTH, text) == {"word.secret"}


def test_detector_sees_the_same_letters_once_and_raw_always():
    """Equal views are shown once, under the first name; a detector that reads one view only sees that."""
    seen = []

    def note(name):
        return lambda look: seen.append((name, look.name)) or ()

    Detectors(
        [
            dataclasses.replace(WORDS, look=note("all")),
            dataclasses.replace(NUMBERS, views=("bare",), look=note("bare only")),
        ]
    ).find("特定")

    assert seen == [("all", "raw"), ("all", "plain"), ("bare only", "bare")]


@pytest.mark.parametrize(
    "changed",
    [
        dataclasses.replace(WORDS, words={"word": (WORD,)}),
        dataclasses.replace(WORDS, readings={}),
        dataclasses.replace(WORDS, views=("plain",)),
        dataclasses.replace(WORDS, name="words"),
        dataclasses.replace(WORDS, rules=(dataclasses.replace(WORDS.rules[0], label=Label.INTERNAL),)),
        dataclasses.replace(WORDS, rules=(dataclasses.replace(WORDS.rules[0], id="word.other"),)),
        dataclasses.replace(WORDS, rules=(dataclasses.replace(WORDS.rules[0], ja="別の理由です。"),)),
    ],
)
def test_version_tells_every_change(changed):
    """Another word, reading, view, name, label, rule or reason is another version; the same is the same."""
    assert Detectors([changed]).version != Detectors([WORDS]).version
    assert Detectors([dataclasses.replace(WORDS)]).version == Detectors([WORDS]).version


def test_ambiguous_tables_are_refused():
    """Rules or detectors of one name, and words without letters, are no detectors."""
    again = dataclasses.replace(NUMBERS, rules=WORDS.rules)
    for detectors in ([WORDS, again], [WORDS, WORDS], [dataclasses.replace(WORDS, words={"word": ("",)})]):
        with pytest.raises(ValueError, match="expected"):
            Detectors(detectors)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=12),
    st.integers(0, 60),
    st.integers(0, 9),
    st.integers(0, 25),
)
def test_near_is_the_first_word_within_reach(places, start, size, reach):
    """Searching by place gives what looking at every word gives."""
    words = sorted((Word(at, at + length, "w", "c") for at, length in places), key=lambda word: word.end)
    look = Look("plain", "あ" * 80, {"c": words})
    within = [w for w in words if w.end > start - reach and w.start < start + size + reach]

    assert look.near(start, start + size, "none", "c", before=reach, after=reach) == next(iter(within), None)
