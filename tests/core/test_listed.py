"""Reading rankings and approvals: what seats write, what must not become a ballot, and the way back."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.answers import Answer, Canonical, Failure, canonicalise
from magi.core.answers.listed import read_approval, read_ranking
from magi.core.rules.ballots import Approval, Poll, Ranking, ranked_ballots
from magi.core.rules.spelled import read_approval as approval_of
from magi.core.rules.spelled import read_ranking as ranking_of
from magi.core.rules.spelled import spell_approval, spell_ranking
from magi.core.space import ChoiceSpace

TEXTS = ("国", "都道府県知事", "市町村長", "内閣総理大臣")
LATIN = ChoiceSpace(options=("A", "B", "C", "D"))
KANA = ChoiceSpace(options=("ア", "イ", "ウ", "エ"))
DIGITS = ChoiceSpace(options=("1", "2", "3"))
LINEAR_SECONDS = 1.0


def told(read, text, space=LATIN, texts=TEXTS):
    """The ballot, or `!failure`, or the kind of silence."""
    outcome = read(text, space, dict(zip(space.options, texts, strict=False)))
    match outcome:
        case Answer():
            return outcome.ballot
        case Failure():
            return f"!{outcome.name}"
        case _:
            return type(outcome).__name__


def form(field, value, reason="理由", **more):
    """What a seat returns in the form asked for."""
    return json.dumps({field: value, "reason": reason, "basis": "根拠なし", **more}, ensure_ascii=False)


FIELDS = [
    # value, as a ranking, as an approval
    (["B", "A"], "B>A", "A+B"),
    (["D", "C", "B", "A"], "D>C>B>A", "A+B+C+D"),
    (["B"], "B", "B"),
    ("B", "B", "B"),
    (["B", ["C", "A"]], "B>A=C", "A+B+C"),
    (["B", "A=C"], "B>A=C", "A+B+C"),
    ([["A", "B", "C", "D"]], "A=B=C=D", "A+B+C+D"),
    ("A=B=C=D", "A=B=C=D", "!several_answers"),
    ("B>C=A", "B>A=C", "!several_answers"),
    ("Ｂ＞Ａ", "B>A", "!several_answers"),
    ("B → A", "B>A", "!several_answers"),
    ("B、A", "B>A", "A+B"),
    ("B+A", "!several_answers", "A+B"),
    (["Ｂ", "ａ"], "B>A", "A+B"),
    (["「B」", "選択肢A"], "B>A", "A+B"),
    (["都道府県知事", "国"], "B>A", "A+B"),
    (["B: 都道府県知事", "A"], "B>A", "A+B"),
    (["1位 B", "2位 A"], "B>A", "A+B"),
    (["1. B", "2. A"], "B>A", "A+B"),
    (["棄権"], "Abstention", "Abstention"),
    ("棄権", "Abstention", "Abstention"),
    ("お答えできません", "Refusal", "Refusal"),
    ([], "!empty", "-"),
    (["なし"], "!not_an_option", "-"),
    (None, "!empty", "!empty"),
    ("", "!empty", "!empty"),
    ([""], "!empty", "-"),
    # not a ballot
    (["B", "B"], "!several_answers", "!several_answers"),
    (["B", "Ｂ"], "!several_answers", "!several_answers"),
    (["B", "都道府県知事"], "!several_answers", "!several_answers"),
    (["A", "B", "C", "D", "A"], "!several_answers", "!several_answers"),
    (["B", "E"], "!not_an_option", "!not_an_option"),
    (["B", "知事"], "!not_an_option", "!not_an_option"),
    (["B", "棄権"], "!not_an_option", "!not_an_option"),
    (["AかB"], "!several_answers", "!several_answers"),
    (["B: 国"], "!several_answers", "!several_answers"),
    (["Bではない", "A"], "!negated_only", "!negated_only"),
    (["2位 B", "1位 A"], "!unparsable", "!unparsable"),
    ("B>A、C", "!several_answers", "!several_answers"),
    ("B>", "!unparsable", "!unparsable"),
    ("B>>A", "!unparsable", "!several_answers"),
    (True, "!unparsable", "!unparsable"),
    ([1, None], "!malformed_json", "!malformed_json"),
    ([["A", ["B"]]], "!malformed_json", "!malformed_json"),
    ({"1位": "B"}, "!malformed_json", "!malformed_json"),
]


@pytest.mark.parametrize(("value", "ranking", "approval"), FIELDS, ids=[str(row[0])[:30] for row in FIELDS])
def test_a_field_is_read_as_one_list_or_not_at_all(value, ranking, approval):
    """Every way to fill the field comes to one ballot or one named outcome."""
    assert told(read_ranking, form("ranking", value)) == ranking
    assert told(read_approval, form("approved", value)) == approval


RANKINGS = [
    ("1位 B、2位 A", "B>A"),
    ("1位：B\n2位：A\n3位：C", "B>A>C"),
    ("第1位はBです。第2位はAです。", "B>A"),
    ("一位はB、二位はA", "B>A"),
    ("2位 A、1位 B", "B>A"),
    ("1位 B（都道府県知事）。2位 A（国）。Cは不適切です。", "B>A"),
    ("1位 都道府県知事、2位 国", "B>A"),
    ("1位 B、1位 A(同率)、3位 C", "A=B>C"),
    ("1位 A=B、3位 C", "A=B>C"),
    ("1st: B, 2nd: A", "B>A"),
    ("B > A = C", "B>A=C"),
    ("順位は B > A = C です。理由は次のとおり。", "B>A=C"),
    ("答えはBです", "B"),
    ("B", "B"),
    ("全国1位の県が所管します。答えはB。", "B"),
    ("分かりません", "Abstention"),
    ("お答えできません。", "Refusal"),
    # ambiguous
    ("Bが1位、Aが2位", "!several_answers"),
    ("A: 1位、B: 2位", "!unparsable"),
    ("1位 B、2位 B", "!several_answers"),
    ("1位 B、3位 A", "!unparsable"),
    ("2位 A、3位 B", "!unparsable"),
    ("1位 B、1位 A", "!several_answers"),
    ("1位 B、2位 E", "!not_an_option"),
    ("1位 B、2位 AかC", "!several_answers"),
    ("1位 B、2位 A。訂正します。1位はA", "!several_answers"),
    ("1位 B、2位 A\n結論：A", "!several_answers"),
    ("1位 B、2位 A。Dもよい。", "!several_answers"),
    ("B > A\nA > B", "!several_answers"),
    ("B > A\n結論：A", "!several_answers"),
    ("B > A。いや、A > B", "!unparsable"),
    ("B > A > B", "!several_answers"),
    ("A > B ですか？", "!unparsable"),
    ("A > B は誤り", "!negated_only"),
    ("A = B", "!several_answers"),
    ("B>", "!unparsable"),
    ("B≧A", "!several_answers"),
    ("B、A、C", "!several_answers"),
    ("AかB", "!several_answers"),
    ("Aではない", "!negated_only"),
]


@pytest.mark.parametrize(("text", "read"), RANKINGS)
def test_a_ranking_in_prose_is_read_only_where_it_is_plain(text, read):
    """Numbered places and chains are rankings; an order that has to be guessed is a failure."""
    assert told(read_ranking, text) == read


APPROVALS = [
    ("AとCを承認します。", "A+C"),
    ("承認：A、C", "A+C"),
    ("承認する選択肢はC、Aです。", "A+C"),
    ("C+A", "A+C"),
    ("国と市町村長を承認します。", "A+C"),
    ("I approve of A and C.", "A+C"),
    ("答えはA", "A"),
    ("いずれも承認しません。", "-"),
    ("I approve of none of them.", "-"),
    ("わかりません", "Abstention"),
    ("お答えできません", "Refusal"),
    ("AとC", "!several_answers"),
    ("AまたはC", "!several_answers"),
    ("Aは承認しません", "!unparsable"),
    ("AとCを承認し、Bは承認しません。", "!unparsable"),
    ("A以外を承認します", "!negated_only"),
    ("AとAを承認します", "!several_answers"),
    ("AとEを承認します", "!not_an_option"),
    ("AとCを承認します。訂正、Aだけです。", "!several_answers"),
    ("AとCを承認します。いずれも承認しません。", "!several_answers"),
    ("賛成意見もあります。", "!unparsable"),
]


@pytest.mark.parametrize(("text", "read"), APPROVALS)
def test_an_approval_in_prose_is_read_only_where_it_is_plain(text, read):
    """A sentence that approves of a list is an approval; other mentions of options are none."""
    assert told(read_approval, text) == read


ENVELOPES = [
    ('```json\n{"ranking": ["B", "A"]}\n```', "B>A"),
    ('検討しました。\n{"ranking": ["B", "A"], "reason": "x"}\n以上です。', "B>A"),
    ('<think>{"ranking": ["A"]}</think>{"ranking": ["B", "A"]}', "B>A"),
    ('{"順位": ["B", "A"]}', "B>A"),
    ('{"answer": "B"}', "B"),
    ('{"answer": "B>A"}', "B>A"),
    ('{"answer": "B", "ranking": ["B", "A"]}', "B>A"),
    ('{"ranking": ["B", "A"]}\n{"ranking": ["B", "A"]}', "B>A"),
    ('{"answer": "A", "ranking": ["B", "A"]}', "!several_answers"),
    ('{"ranking": ["B", "A"], "ranking": ["A", "B"]}', "!several_answers"),
    ('{"ranking": ["B", "A"]}\n{"ranking": ["A", "B"]}', "!several_answers"),
    ('A > B\n{"ranking": ["B", "A"]}', "!several_answers"),
    ('答えはA。{"ranking": ["B", "A"]}', "!several_answers"),
    ('{"ranking": ["B", "A"]} いや、Aが1位です。', "!several_answers"),
    ('{"ranking": ["B", "A"', "!truncated"),
    ('{"ranking": ["B", "A"],}', "!malformed_json"),
    ('{"order": ["B", "A"]}', "!malformed_json"),
    ("{'ranking': ['B', 'A']}", "!malformed_json"),
    ("", "!empty"),
    ("x" * 70_000, "!too_long"),
    ("\u202eA > B", "!unparsable"),
]


@pytest.mark.parametrize(("text", "read"), ENVELOPES, ids=[row[0][:40] for row in ENVELOPES])
def test_the_envelope_is_opened_with_the_care_of_a_single_answer(text, read):
    """Fences, thoughts and prose around an object are read; a contradiction or half an object is a failure."""
    assert told(read_ranking, text) == read


@pytest.mark.parametrize(
    ("prose", "read"),
    [
        ("以上です。", "-"),
        ("訂正します。", "!several_answers"),
        ("答えはA。", "!several_answers"),
        ("Aを承認します。", "!several_answers"),
    ],
)
def test_an_approval_of_nothing_is_taken_back_like_any_other(prose, read):
    """Prose that approves, answers or corrects itself beside an empty list is a contradiction."""
    assert told(read_approval, form("approved", []) + prose) == read


@pytest.mark.parametrize(
    ("reason", "ranking", "approval"),
    [
        ("棄権。情報が足りない。", "Abstention", "Abstention"),
        ("判断できません。", "Abstention", "Abstention"),
        ("お答えできません。", "Refusal", "Refusal"),
        ("どれも要件を満たさない。", "!empty", "-"),
        ("", "!empty", "-"),
    ],
)
def test_an_empty_list_is_silent_only_where_its_reason_says_so(reason, ranking, approval):
    """An empty ranking is no abstention by itself, and an empty approval is a ballot unless it abstains."""
    assert told(read_ranking, form("ranking", [], reason)) == ranking
    assert told(read_approval, form("approved", [], reason)) == approval


def test_digits_of_two_options_are_never_joined():
    """`1, not 2` ranks 1 alone, `12` is nothing, and `1. 3` may be two options: the peers' 12 cannot come back."""
    rows = {"1, not 2": "1", "12": "!not_an_option", "1位 2、2位 1": "2>1"}

    assert {text: told(read_ranking, text, DIGITS, ()) for text in rows} == rows
    assert told(read_ranking, form("ranking", [2, 1]), DIGITS, ()) == "2>1"
    assert told(read_ranking, form("ranking", ["1. 3", "2. 1"]), DIGITS, ()) == "!several_answers"
    assert told(read_ranking, form("ranking", "12"), DIGITS, ()) == "!not_an_option"


def test_either_kana_and_every_width_name_an_option():
    """Options in kana are named in any of their spellings, as in a single answer."""
    assert told(read_ranking, form("ranking", ["ｲ", "㋐"]), KANA) == "イ>ア"
    assert told(read_ranking, "１位　い、２位　ア", KANA) == "イ>ア"


def test_unknown_option_texts_are_a_fault_of_the_caller():
    """Texts for options that are not there are refused, as in a single answer."""
    for read in (read_ranking, read_approval):
        with pytest.raises(ValueError, match="not in the space"):
            read("A", LATIN, {"E": "x"})


def test_reason_basis_and_words_are_kept():
    """What a seat wrote beside its list goes with the answer."""
    outcome = read_ranking('{"ranking": ["B", "A"], "reason": "理", "basis": ["民法1条", "なし"]}', LATIN)

    assert outcome == Answer("B>A", "理", ("民法1条",), "B, A")


def tiers_of(order, cuts):
    """An order of options cut into tiers."""
    tiers = [[order[0]]]
    for option, cut in zip(order[1:], cuts, strict=False):
        if cut:
            tiers.append([option])
        else:
            tiers[-1].append(option)
    return tiers


RANKED = st.builds(
    lambda order, length, cuts: tiers_of(order[:length], cuts),
    st.permutations(list("ABCDEFGH")),
    st.integers(1, 8),
    st.lists(st.booleans(), min_size=7, max_size=7),
)
EIGHT = ChoiceSpace(options=tuple("ABCDEFGH"))


@given(RANKED)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_ranking_comes_back_as_it_was_cast(tiers):
    """A ranking in the form, as a chain and in tiers of lists is one ballot, and the ballot is the ranking."""
    ballot = spell_ranking([sorted(tier) for tier in tiers])
    chain = " > ".join("=".join(tier) for tier in tiers)
    texts = [form("ranking", tiers), form("ranking", chain), f"```\n{form('ranking', chain)}\n```"]
    if len(tiers) > 1:
        texts += [
            chain,
            "、".join(f"{place}位 {'='.join(tier)}" for place, tier in enumerate(tiers, start=1)),
        ]

    assert {told(read_ranking, text, EIGHT, ()) for text in texts} == {ballot}
    assert ranking_of(ballot) == Ranking(tuple(tuple(sorted(tier)) for tier in tiers))


@given(st.lists(st.sampled_from("ABCDEFGH"), unique=True, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_approval_comes_back_as_it_was_cast(approved, chance):
    """An approval in any order is one ballot, and the ballot is the approval."""
    shuffled = chance.sample(approved, len(approved))
    ballot = spell_approval(sorted(approved))

    assert told(read_approval, form("approved", shuffled), EIGHT, ()) == ballot
    assert approval_of(ballot) == Approval(tuple(sorted(approved)))


def test_a_single_answer_counts_as_a_ranking_of_one_tier():
    """The ballot of one option, as `canonicalise` spells it, is a live ranking for the rules."""
    outcome = canonicalise("答えはB", LATIN)
    taken = ranked_ballots(Poll(LATIN.options, ("s",)), {"s": ranking_of(outcome.ballot)})

    assert taken.live == (("s", Ranking((("B",),))),)


@pytest.mark.parametrize("ballot", ["B>E", "B>B", "", "B>>A", "B=", ">"])
def test_a_ballot_that_nobody_could_cast_is_set_aside(ballot):
    """A forged ballot string is set aside by name when it is counted."""
    taken = ranked_ballots(Poll(LATIN.options, ("s",)), {"s": ranking_of(ballot)})

    assert not taken.live
    assert len(taken.set_aside) == 1


PIECES = st.lists(
    st.sampled_from(
        [
            *"ABCDEabcd>=、,+。\n 「」[]{}",
            *(
                "1位 ",
                "2位 ",
                "3位",
                "位",
                "ではない",
                "です",
                "承認",
                "します",
                "順位は",
                "と",
                "棄権",
                "いや、",
            ),
            *('{"ranking": [', '"]}', '"', '{"approved": ["', "都道府県知事", "国", "\n答えは", "<think>"),
        ]
    ),
    max_size=14,
).map("".join)


@given(PIECES)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_no_ballot_names_what_the_text_does_not(text):
    """Any text comes to an outcome, always the same, and a ballot names known options once, all of them said."""
    for read, split in ((read_ranking, ">"), (read_approval, "+")):
        outcome = read(text, LATIN, dict(zip(LATIN.options, TEXTS, strict=True)))

        assert isinstance(outcome, Canonical)
        assert read(text, LATIN, dict(zip(LATIN.options, TEXTS, strict=True))) == outcome
        if isinstance(outcome, Answer) and outcome.ballot != "-":
            ids = outcome.ballot.replace("=", split).split(split)
            assert len(set(ids)) == len(ids)
            assert all(
                one in text or one.lower() in text or TEXTS[LATIN.options.index(one)] in text for one in ids
            )


@pytest.mark.parametrize(
    "unit", ["1位 A、", "A > ", "B>A\n", "AとBを承認します。", "=", "A", "1位", '{"ranking": ']
)
def test_long_texts_are_read_in_linear_time(unit):
    """Sixty thousand characters of one thing are read without a pause."""
    text = unit * (60_000 // len(unit))
    begin = time.process_time()
    read_ranking(text, LATIN)
    read_approval(text, LATIN)
    read_ranking(form("ranking", [unit] * 8_000), LATIN)

    assert time.process_time() - begin < LINEAR_SECONDS
