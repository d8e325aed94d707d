"""The form of a ballot under arbitration: what is asked per space and rule, its templates, and its way back."""

import json
from collections import Counter

import pytest

from magi.assets import load_assets
from magi.core.answers import Abstention, Answer, Failure, canonicalise
from magi.core.answers.concern import CONCERNS, severity
from magi.core.ballot_form import (
    asked,
    places,
    read_ballot,
    rebuttal_template_for,
    schema,
    template_for,
)
from magi.core.canonical import canonical
from magi.core.form import ABSTAIN, YES_NO
from magi.core.form import schema as first_schema
from magi.core.rules.approval import approval
from magi.core.rules.ballots import Poll
from magi.core.rules.count import RANKED, SIMPLE
from magi.core.rules.ranked import RULES, rank
from magi.core.rules.spelled import read_approval, read_ranking
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, YesNoConditionalSpace
from magi.standin.rehearsal import plausible
from magi.standin.script import Reply, Request

CHOICE = ChoiceSpace(options=("ア", "イ", "ウ"))
TEXTS = {"ア": "国", "イ": "県", "ウ": "市"}
SPACES = (CHOICE, YesNoConditionalSpace(), NumberSpace(unit="円"), NumberSpace(), DateSpace())
LISTED = (*sorted(RANKED), "approval")
FORMS = [
    *((space, rule) for space in SPACES for rule in ("majority", *LISTED)),
]
each_form = pytest.mark.parametrize(
    ("space", "rule"),
    FORMS,
    ids=[f"{space.kind}-{getattr(space, 'unit', '')}-{rule}" for space, rule in FORMS],
)


def options_of(space):
    """The texts of a choice's options; no other space has any."""
    return TEXTS if space is CHOICE else {}


def rehearsed(form, question):
    """What the stand-in fills in."""
    wanted = {"type": "json_schema", "json_schema": {"name": "statement", "schema": form}}
    reply = plausible("s")(Request("m", (("user", question),), response_format=wanted))
    assert isinstance(reply, Reply)
    return reply.content


@each_form
def test_the_form_is_four_required_fields_in_order(space, rule):
    """The asked field first, then reason, basis and concern, all required, nothing else; it is plain JSON."""
    form = schema(space, rule, 60)

    assert list(form["properties"]) == form["required"] == [asked(space, rule), "reason", "basis", "concern"]
    assert form["additionalProperties"] is False
    assert form["properties"]["concern"]["enum"] == list(CONCERNS)
    assert canonical(form)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.kind)
@pytest.mark.parametrize("rule", sorted(SIMPLE))
def test_without_concern_the_form_is_that_of_version_1(space, rule):
    """A simple rule asks for the same three fields as a council without arbitration."""
    assert schema(space, rule, 60, concern=False) == first_schema(space, 60)


def test_only_a_choice_is_ranked_or_approved():
    """Ranked rules and approval ask for a list of a choice's options, and for one answer elsewhere."""
    assert {asked(CHOICE, rule) for rule in RANKED} == {"ranking"}
    assert set(RULES) == RANKED
    assert asked(CHOICE, "approval") == "approved"
    assert {asked(space, rule) for space in SPACES[1:] for rule in LISTED} == {"answer"}


@pytest.mark.parametrize("rule", LISTED)
def test_a_list_names_the_options_and_the_abstention(rule):
    """A list is of the option ids and the abstention, in words that strict decoders know."""
    field = schema(CHOICE, rule, 0)["properties"][asked(CHOICE, rule)]

    assert field == {"type": "array", "items": {"type": "string", "enum": [*CHOICE.options, ABSTAIN]}}


def test_yes_or_no_lists_its_answers():
    """A question of yes or no admits its own answers and the abstention under every rule."""
    for rule in ("majority", *LISTED):
        assert schema(SPACES[1], rule, 0)["properties"]["answer"]["enum"] == [*YES_NO, ABSTAIN]


@each_form
@pytest.mark.parametrize("bound", [0, 60])
def test_free_texts_are_bounded_where_the_card_says_so(space, rule, bound):
    """A bound stands on every free text of the form, and on none where it is 0."""
    fields = schema(space, rule, bound)["properties"].values()
    free = [field for field in fields if "enum" not in field and field["type"] == "string"]

    assert {field.get("maxLength", 0) for field in free} == {bound}


def test_templates_are_named_after_what_is_asked():
    """Each form has a template of its own, and each second ballot asks for the form of the first."""
    assert template_for(CHOICE, "majority") == "answer/choice@2"
    assert template_for(CHOICE, "schulze") == "answer/ranking@1"
    assert template_for(CHOICE, "approval") == "answer/approval@1"
    assert template_for(SPACES[1], "schulze") == "answer/yes_no_conditional@2"
    assert rebuttal_template_for(SPACES[4], "approval") == "rebuttal/date@1"
    assert rebuttal_template_for(CHOICE, "borda") == "rebuttal/ranking@1"


@each_form
def test_the_shipped_templates_take_just_these_places(space, rule):
    """Both templates of every form render with the places given, name each field, and leave none open."""
    templates = load_assets().templates
    first = templates.render(template_for(space, rule), places(space, "問いの文", options_of(space)))
    second = templates.render(
        rebuttal_template_for(space, rule),
        places(space, "問いの文", options_of(space), statements="他の回答"),
    )

    for text in (first, second):
        assert "問いの文" in text
        assert "{{" not in text
        assert all(f"- {field}: " in text for field in schema(space, rule, 0)["required"])
        assert all(word in text for word in CONCERNS)
        assert "資料として読むだけ" in text
    assert "他の回答" in second


@each_form
def test_what_the_stand_in_fills_in_is_read(space, rule):
    """Of a rehearsal on a form with listed answers every reply is read, and most are ballots that can be counted."""
    form = schema(space, rule, 60)
    replies = [rehearsed(form, f"質問{number}") for number in range(60)]
    read = [read_ballot(reply, space, rule, options_of(space)) for reply in replies]
    said = Counter(type(one) for one in read)

    if "enum" in json.dumps(form["properties"][asked(space, rule)]):
        assert set(said) <= {Answer, Abstention}
        assert said[Answer] > 40
    else:  # a rehearsal has no number and no date to give; its sentence must not become one
        assert set(said) == {Failure}
    assert 0 < sum(severity(reply) is not None for reply in replies) < 20


@pytest.mark.parametrize("rule", LISTED)
def test_rehearsed_lists_are_counted(rule):
    """The ballots of a rehearsal go through the rule without one being set aside."""
    form = schema(CHOICE, rule, 60)
    replies = {f"s{number}": rehearsed(form, f"質問{number}") for number in range(20)}
    read = {seat: read_ballot(reply, CHOICE, rule, TEXTS) for seat, reply in replies.items()}
    cast = {seat: one.ballot for seat, one in read.items() if isinstance(one, Answer)}
    poll = Poll(CHOICE.options, tuple(replies))
    contest = (
        approval(poll, {seat: read_approval(ballot) for seat, ballot in cast.items()})
        if rule == "approval"
        else rank(rule, poll, {seat: read_ranking(ballot) for seat, ballot in cast.items()})
    )

    assert len(set(cast.values())) > 3
    assert contest.set_aside == ()


def test_every_listed_answer_is_read_as_itself():
    """What the form of a single answer lists canonicalises to a class of its own, with a concern beside it too."""
    for space in SPACES[:2]:
        listed = schema(space, "majority", 0)["properties"]["answer"]["enum"]
        texts = [json.dumps({"answer": word, "concern": "違法性"}, ensure_ascii=False) for word in listed]
        read = [canonicalise(text, space, options_of(space)) for text in texts]

        assert len({one.ballot for one in read[:-1]}) == len(listed) - 1
        assert isinstance(read[-1], Abstention)


NO_ANSWERS = [
    "",
    "null",
    "Error: 504 Gateway Timeout",
    "Internal Server Error",
    "<think>",
    "{",
    '{"error": {"message": "overloaded"}}',
    '{"answer": null, "ranking": null, "approved": null}',
    "お答えできません。",
    "分かりません。",
    "一概には言えません。",
    "No response",
    "なし",
]


@each_form
@pytest.mark.parametrize("text", NO_ANSWERS)
def test_no_answer_is_neither_drawn_nor_counted_as_no(space, rule, text):
    """A crash, a silence and an evasion cast no ballot: no random one, no いいえ, no approval of nothing."""
    assert not isinstance(read_ballot(text, space, rule, options_of(space)), Answer)


SAME = [
    ("majority", SPACES[1], ["はい", "はい。", "Ｙｅｓ", '{"answer": "はい"}', "答えははいです。"], "yes"),
    ("majority", CHOICE, ["イ", "ｲ", "い", "イ: 県", "答えは「イ」です。", "県"], "イ"),
    ("majority", SPACES[2], ["125万円", "1,250,000円", "1250千円", "答え：百二十五万円"], "1250000 円"),
    ("schulze", CHOICE, ["イ>ア", "ｲ ＞ ｱ", "1位 イ、2位 ア", '{"ranking": ["県", "国"]}'], "イ>ア"),
    ("approval", CHOICE, ["アとウを承認します。", "ウ+ア", '{"approved": ["市", "国"]}'], "ア+ウ"),
]


@pytest.mark.parametrize(
    ("rule", "space", "texts", "ballot"), SAME, ids=[f"{row[0]}-{row[3]}" for row in SAME]
)
def test_one_answer_in_many_spellings_is_one_ballot(rule, space, texts, ballot):
    """Ballots are compared by what they say, not by their letters, and Japanese needs no spaces for it."""
    read = {read_ballot(text, space, rule, options_of(space)).ballot for text in texts}

    assert read == {ballot}


def test_alike_words_are_not_one_answer():
    """Two texts that share nearly all their words are two ballots where the answer differs."""
    reason = "窓口の混雑と職員の配置を考え、条例の規定に照らして検討した結果、答えは"
    read = [canonicalise(f"{reason}{answer}です。", CHOICE, TEXTS).ballot for answer in ("ア", "イ")]

    assert read == ["ア", "イ"]
