"""Reading a choice: table of what real models write, and what must not become a vote."""

import pytest

from magi.core.answers import Abstention, Answer, Failure, Refusal, canonicalise
from magi.core.space import ChoiceSpace

TEXTS = ("国", "都道府県知事", "市町村長", "内閣総理大臣")
KANA = ChoiceSpace(options=("ア", "イ", "ウ", "エ"))
LATIN = ChoiceSpace(options=("A", "B", "C", "D"))
DIGITS = ChoiceSpace(options=("1", "2", "3", "4"))
LETTERS = ChoiceSpace(options=tuple("ABCDEFGHIJ"))


def told(text, space, texts=TEXTS):
    """The ballot, or `!failure`, or the kind of silence."""
    outcome = canonicalise(text, space, dict(zip(space.options, texts, strict=False)))
    match outcome:
        case Answer():
            return outcome.ballot
        case Failure():
            return f"!{outcome.name}"
        case Refusal() | Abstention():
            return type(outcome).__name__


KANA_ROWS = [
    ("イ", "イ"),
    ("ｲ", "イ"),
    ("い", "イ"),
    ("㋑", "イ"),
    ("「イ」", "イ"),
    ("【イ】", "イ"),
    ("（イ）", "イ"),
    ("**イ**", "イ"),
    ("`イ`", "イ"),
    ("イ。", "イ"),
    ("イです", "イ"),
    ("イです。", "イ"),
    ("イである。", "イ"),
    ("選択肢イ", "イ"),
    ("選択肢：イ", "イ"),
    ("イを選びます。", "イ"),
    ("イだと思います。", "イ"),
    ("答えはイです", "イ"),
    ("答えは、イです。", "イ"),
    ("答え：イ", "イ"),
    ("【答え】イ", "イ"),
    ("## 答え\nイ", "イ"),
    ("正解：ウ", "ウ"),
    ("正解は「ウ」です。", "ウ"),
    ("**正解**：**ウ**", "ウ"),
    ("最終回答：\n\nウ", "ウ"),
    ("したがって、ウ。", "ウ"),
    ("アは国、イは県、ウは市、エは総理。したがって答えはウ", "ウ"),
    ("アは誤り。イは誤り。エも誤り。よって答えはウです。", "ウ"),
    ("不正解はア。正解はイ。", "イ"),
    ("アではなくイ", "イ"),
    ("答えはアではなくイです。", "イ"),
    ("アでなく、イです", "イ"),
    ("イ（アではない）", "イ"),
    ("イ: 都道府県知事", "イ"),
    ("イ 都道府県知事", "イ"),
    ("イ（都道府県知事）", "イ"),
    ("イ．都道府県知事です。", "イ"),
    ("都道府県知事", "イ"),
    ("「都道府県知事」です。", "イ"),
    ("答えは都道府県知事です。", "イ"),
    ("都道府県知事（イ）", "イ"),
    ("市町村長（イ）", "!several_answers"),
    ("イ\n\n理由：アは国の事務だから", "イ"),
    ("答えはイです。アは国の事務であるため誤りです。", "イ"),
    ("答えはイが正しい", "イ"),
    ("<think>アかもしれない</think>イ", "イ"),
    ("アだろう。いやイか。</think>イ", "イ"),
    # not a vote
    ("アまたはイ", "!several_answers"),
    ("ア or イ", "!several_answers"),
    ("ア、イ", "!several_answers"),
    ("ア・イ", "!several_answers"),
    ("アとイ", "!several_answers"),
    ("ア/イ", "!several_answers"),
    ("ア\nイ", "!several_answers"),
    ("㋐㋑", "!several_answers"),
    ("答えはアかイのどちらかです", "!several_answers"),
    ("イ: 市町村長", "!several_answers"),
    ("イ（市町村長）", "!several_answers"),
    ("答えはイ。市町村長。いや、アです", "!several_answers"),
    ("答えはアです。よく考えると、答えはイです。", "!several_answers"),
    ("答えはイ。いや、やはりアです", "!several_answers"),
    ("答えはイです。訂正します。アが妥当です。", "!several_answers"),
    ("ア\n\n理由を検討した結果、答えはウ", "!several_answers"),
    ("ア（アではない）", "!several_answers"),
    ("アではない", "!negated_only"),
    ("答えはア以外です", "!negated_only"),
    ("アでもイでもない", "!negated_only"),
    ("答えはア。または、イ。", "!several_answers"),
    ("答えはア。ただし、市町村長です。", "!several_answers"),
    ("都道府県知事。ではなく、市町村長。", "!several_answers"),
    ("アではないとは言えない", "!negated_only"),
    ("いずれでもない", "!not_an_option"),
    ("該当なし", "!not_an_option"),
    ("オ", "!not_an_option"),
    ("アイ", "!not_an_option"),
    ("アメリカ", "!not_an_option"),
    ("アイスクリーム", "!not_an_option"),
    ("ア？", "!unparsable"),
    ("アですか？", "!unparsable"),
    ("アなら正しい", "!unparsable"),
    ("アかもしれない", "!unparsable"),
    ("アですが、確信はありません", "!unparsable"),
    ("ア: 誤り", "!unparsable"),
    ("ア。これは誤りです。", "!unparsable"),
    ("ア：国が定めるため誤り", "!unparsable"),
    ("アが正しい", "!unparsable"),
    ("アは国の事務である。", "!unparsable"),
    ("アだとすると矛盾する。", "!unparsable"),
    ("選択肢アについては判断できない", "!unparsable"),
    ("選択肢アについて検討する。", "!unparsable"),
    ("もし答えはアとすると、矛盾が生じる。", "!unparsable"),
    ("最初の答えはア、最終的な答えはウ", "!unparsable"),
    ("法律の趣旨を踏まえる必要がある。", "!unparsable"),
    ("<think>ア", "!truncated"),
    ("ア<think>いや", "!truncated"),
    ("", "!empty"),
    ("  \n", "!empty"),
    ("**", "!empty"),
    ("<think>ア</think>", "!empty"),
    ("ア" * 70_000, "!too_long"),
    ("\u202eイ", "!unparsable"),
    # silence
    ("棄権", "Abstention"),
    ("棄権します。", "Abstention"),
    ("わかりません", "Abstention"),
    ("判断できません。", "Abstention"),
    ("お答えできません", "Refusal"),
    ("申し訳ありませんが、お答えできません。", "Refusal"),
    ("回答を差し控えます", "Refusal"),
    ("お答えできませんが、イです。", "!unparsable"),
]

LATIN_ROWS = [
    ("B", "B"),
    ("b", "B"),
    ("Ｂ", "B"),
    ("ⓑ", "B"),
    ("(B)", "B"),
    ("B.", "B"),
    ("B)", "B"),
    ("Answer: B", "B"),
    ("**Answer:** B", "B"),
    ("The answer is (C).", "C"),
    ("The correct answer is option D.", "D"),
    ("I choose B.", "B"),
    ("\\boxed{C}", "C"),
    ("\\boxed{\\text{C}}", "C"),
    ("B) 都道府県知事", "B"),
    ("B - 都道府県知事", "B"),
    ("not A but B", "B"),
    ("B, not A", "B"),
    ("B rather than A", "B"),
    ("The answer is B because a governor signs.", "B"),
    ("The answer is not A but B.", "B"),
    ("Answer: B. A is wrong.", "B"),
    ("The wrong answer is A. The answer is B.", "B"),
    ("A or B", "!several_answers"),
    ("A/B", "!several_answers"),
    ("A & B", "!several_answers"),
    ("A, B", "!several_answers"),
    ("a and b", "!several_answers"),
    ("B) 市町村長", "!several_answers"),
    ("The answer is A. Wait, actually B.", "!several_answers"),
    ("The answer is A. The answer is B.", "!several_answers"),
    ("The answer is not A.", "!negated_only"),
    ("Neither A nor B", "!negated_only"),
    ("None of the above", "!not_an_option"),
    ("E", "!not_an_option"),
    ("AB", "!not_an_option"),
    ("The answer is a matter of debate", "!unparsable"),
    ("A matter of debate", "!unparsable"),
    ("A few points first.", "!unparsable"),
    ("I think B", "!unparsable"),
    ("Would it be B?", "!unparsable"),
    ("I cannot answer this question.", "Refusal"),
    ("I'm sorry, but I can't help with that.", "Refusal"),
    ("I don't know", "Abstention"),
    ("abstain", "Abstention"),
]

DIGIT_ROWS = [
    ("2", "2"),
    ("２", "2"),
    ("②", "2"),
    ("⑵", "2"),
    ("2⃣", "2"),
    ("𝟐", "2"),
    ("**2**", "2"),
    ("(2)", "2"),
    ("2番", "2"),
    ("答えは2番目です", "2"),
    ("2. 都道府県知事", "2"),
    ("1, not 2", "1"),
    ("not 2 but 1", "1"),
    ("1ではなく2", "2"),
    ("①②", "!several_answers"),
    ("1,2", "!several_answers"),
    ("1と2", "!several_answers"),
    ("12", "!not_an_option"),
    ("１２", "!not_an_option"),
    ("1\u200b2", "!not_an_option"),
    ("02", "!not_an_option"),
    ("2年", "!not_an_option"),
    ("第2条", "!not_an_option"),
    ("二", "!not_an_option"),
    ("1.5", "!unparsable"),
    ("-1", "!unparsable"),
    ("1-2", "!unparsable"),
    ("2²", "!unparsable"),
    ("1½", "!unparsable"),
    ("1,250", "!unparsable"),
    ("1:30", "!unparsable"),
    ("答えは2つの観点から考えられる", "!unparsable"),
]


@pytest.mark.parametrize(("text", "expected"), KANA_ROWS)
def test_kana_option_is_read_only_where_it_is_the_answer(text, expected):
    """Each Japanese text over ア to エ comes to its ballot or its named failure."""
    found = told(text, KANA)

    assert found == expected


@pytest.mark.parametrize(("text", "expected"), LATIN_ROWS)
def test_latin_option_is_read_only_where_it_is_the_answer(text, expected):
    """Each text over A to D comes to its ballot or its named failure."""
    found = told(text, LATIN)

    assert found == expected


@pytest.mark.parametrize(("text", "expected"), DIGIT_ROWS)
def test_digit_option_is_never_glued_or_cut(text, expected):
    """Each text over 1 to 4 comes to its ballot; digits of other numbers are none."""
    found = told(text, DIGITS)

    assert found == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I", "I"),
        ("The answer is I.", "I"),
        ("I cannot decide between these.", "!unparsable"),
        ("I would say it depends.", "!unparsable"),
        ("A governor, I believe.", "!unparsable"),
        ("Answer: J", "J"),
    ],
)
def test_article_and_pronoun_are_no_options(text, expected):
    """Among ten options the words A and I of a sentence are not ballots."""
    found = told(text, LETTERS, ())

    assert found == expected


def test_number_that_is_an_id_and_another_options_text_is_no_vote():
    """A bare 2 is refused where 2 is an id and the text of option 3."""
    outcome = canonicalise("2", DIGITS, {"1": "3", "2": "1", "3": "2", "4": "4"})

    assert outcome == Failure("several_answers")


def test_option_text_wins_over_words_of_silence():
    """An option that reads いずれでもない or わからない can be chosen."""
    space = ChoiceSpace(options=("1", "2"))
    texts = {"1": "いずれでもない", "2": "わからない"}

    assert canonicalise("いずれでもない", space, texts).ballot == "1"
    assert canonicalise("わからない", space, texts).ballot == "2"


def test_two_options_with_one_text_cannot_be_told_by_it():
    """A text that two options share names neither."""
    outcome = canonicalise("同じ", DIGITS, {"1": "同じ", "2": "同じ"})

    assert outcome == Failure("several_answers")


def test_kana_variant_is_off_when_both_kana_are_options():
    """With ア and あ both on the list, each is only itself."""
    space = ChoiceSpace(options=("ア", "あ", "い"))

    assert [canonicalise(text, space).ballot for text in ("ア", "あ")] == ["ア", "あ"]
    assert canonicalise("イ", space) == Failure("not_an_option")


def test_hiragana_option_is_not_found_inside_words():
    """い as an option is not read out of はい or いいえ."""
    space = ChoiceSpace(options=("あ", "い", "う"))

    found = [canonicalise(text, space) for text in ("はい", "いいえ", "あいうえお", "うーん")]
    assert not any(isinstance(outcome, Answer) for outcome in found)
    assert canonicalise("答えはいです", space).ballot == "い"


def test_texts_of_unknown_options_are_the_callers_mistake():
    """Option texts outside the space raise, without quoting them."""
    with pytest.raises(ValueError, match="not in the space") as caught:
        canonicalise("ア", KANA, {"カ": "秘密"})

    assert "秘密" not in str(caught.value)
