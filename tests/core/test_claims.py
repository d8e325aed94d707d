"""Claims of an open statement: what a seat stated, on what it says it rests, and which claims are one."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.answers import Abstention, Failure, FailureName, Refusal
from magi.core.claims import (
    MAX_CLAIM_CHARS,
    MAX_CLAIMS,
    OpenStatement,
    StatedClaim,
    in_order,
    merged,
    named,
    read_open,
)
from magi.core.open_form import open_schema
from magi.standin.rehearsal import plausible
from magi.standin.script import Request

LINEAR_SECONDS = 1.0


def told(claims=None, answer="延長すべきである。", **more):
    """A seat's text of the version 2 form."""
    members = {"answer": answer, "reason": "住民の便宜のため", "concern": "なし"} | more
    return json.dumps(members if claims is None else {**members, "claims": claims}, ensure_ascii=False)


def claim(text="手数料は300円である。", source="M1", quote="手数料は三百円"):
    """One claim as the form asks for it."""
    return {"claim": text, "source": source, "quote": quote}


def stated(*texts):
    """A statement that claims these texts, without a source."""
    return OpenStatement("答え", claims=tuple(StatedClaim(text) for text in texts))


def test_claims_are_read_with_their_source_and_quotation():
    """Answer, reason, claims in order and the concern come out of the object as the seat wrote them."""
    got = read_open(told([claim(), claim("期限は10日である。", "地方自治法第1条", "")], concern="個人情報"))

    assert got == OpenStatement(
        "延長すべきである。",
        "住民の便宜のため",
        (
            StatedClaim("手数料は300円である。", "M1", "手数料は三百円"),
            StatedClaim("期限は10日である。", "地方自治法第1条", ""),
        ),
        "personal_data",
    )


@pytest.mark.parametrize(
    ("source", "quote", "basis"),
    [
        ("M1", "手数料は三百円", "cited"),
        ("M1", "", "stated"),
        ("M1", "なし", "stated"),
        ("地方自治法第1条", "", "stated"),
        ("根拠なし", "", "none"),
        ("「根拠なし」", "手数料は三百円", "none"),
        ("None", "", "none"),
        ("", "手数料は三百円", "none"),
        (None, None, "none"),
    ],
)
def test_basis_follows_source_and_quotation(source, quote, basis):
    """Only a named source makes a claim stated, and only a quotation beside it makes it cited."""
    assert read_open(told([claim(source=source, quote=quote)])).claims[0].basis == basis


def test_a_bare_string_is_a_claim_without_a_basis():
    """A list of sentences is a list of claims for which nothing was named."""
    assert read_open(told(["窓口は一つである。"])).claims == (StatedClaim("窓口は一つである。"),)


@pytest.mark.parametrize("claims", [None, [], "null"])
def test_no_claims_are_no_claims(claims):
    """Where claims are missing or none are listed, no sentence of the answer is made into one."""
    got = read_open(told(None if claims == "null" else claims, answer="一つ目である。二つ目である。"))

    assert (got.claims, got.set_aside) == ((), ())


def test_prose_is_an_answer_without_claims():
    """A text without an object is an answer, and nothing in it is a claim, not even where it says so."""
    got = read_open("延長すべきである。主張: 手数料は300円である。")

    assert (got.answer, got.claims) == ("延長すべきである。主張: 手数料は300円である。", ())


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (told([claim()], answer="棄権"), Abstention),
        ("お答えできません。", Refusal),
        ("", FailureName.EMPTY),
        ('{"answer": "延長する", "claims": [', FailureName.TRUNCATED),
        ('{"claims": []}', FailureName.MALFORMED_JSON),
        (told([claim()]) + told([claim()], answer="延長しない。"), FailureName.SEVERAL_ANSWERS),
        ('{"answer": "延長", "claims": ["一"], "claims": ["二"]}', FailureName.SEVERAL_ANSWERS),
    ],
)
def test_what_is_no_answer_has_no_claims(text, outcome):
    """Refusals, abstentions and failures are those of every other question, and two lists of claims are two answers."""
    got = read_open(text)

    assert got.name == outcome if isinstance(got, Failure) else isinstance(got, outcome)


def test_the_last_of_equal_answers_brings_the_claims():
    """A seat that corrects its claims and not its answer is taken at its last word."""
    assert read_open(told(["古い主張"]) + "\n" + told(["新しい主張"])).claims == (StatedClaim("新しい主張"),)


@pytest.mark.parametrize("listed", [MAX_CLAIMS, MAX_CLAIMS + 1, 1_500])
def test_claims_are_bounded(listed):
    """The first eight claims stand; that there were more is said, and costs no time."""
    start = time.perf_counter()
    got = read_open(told([f"主張{number}" for number in range(listed)]))

    assert [one.text for one in got.claims] == [f"主張{number}" for number in range(MAX_CLAIMS)]
    assert got.set_aside == (("more_claims",) if listed > MAX_CLAIMS else ())
    assert time.perf_counter() - start < LINEAR_SECONDS


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        (claim("字" * (MAX_CLAIM_CHARS + 1)), "claim_too_long"),
        (claim(""), "claim_empty"),
        (claim("特になし。"), "claim_empty"),
        (claim(["一", "二"]), "claim_malformed"),
        (claim(source=["M1"]), "claim_malformed"),
        (True, "claim_malformed"),
        ([["手数料"]], "claim_malformed"),
    ],
)
def test_what_is_no_claim_is_set_aside_by_name(bad, name):
    """A claim that cannot be read is named and left out, and the one beside it stands."""
    got = read_open(told([bad, claim()]))

    assert (got.set_aside, got.claims) == (
        (name,),
        (StatedClaim("手数料は300円である。", "M1", "手数料は三百円"),),
    )


@pytest.mark.parametrize("hidden", ["\\ud800", "\\u202e", "\\u2066"])
def test_what_only_json_can_spell_is_no_claim(hidden):
    """Half a character, or a text that reorders itself on screen, is set aside though its escape hides it."""
    text = f'{{"answer": "延長する", "claims": [{{"claim": "手数{hidden}料", "source": "", "quote": ""}}]}}'

    assert read_open(text).set_aside == ("claim_malformed",)


def test_the_longest_claim_stands():
    """Six hundred characters are a claim."""
    assert len(read_open(told([claim("字" * MAX_CLAIM_CHARS)])).claims) == 1


def test_deep_json_is_a_failure():
    """An object nested a thousand deep is a named failure and no crash."""
    deep = '{"answer": "延長する", "claims": ' + '[{"claim": ' * 500 + '""' + "}]" * 500 + "}"

    assert read_open(deep) == Failure(FailureName.MALFORMED_JSON)


@given(st.text(max_size=300) | st.recursive(st.text() | st.none() | st.integers(), st.lists).map(
    lambda value: json.dumps({"answer": "延長する", "claims": value})
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_no_text_raises(text):
    """Whatever a seat writes becomes a statement, a silence or a named failure."""
    assert isinstance(read_open(text), OpenStatement | Refusal | Abstention | Failure)


def test_contradicting_claims_of_one_seat_both_stay():
    """A seat that says both is not repaired: the reviewers see both."""
    got = read_open(told(["手数料は300円である。", "手数料は500円である。"]))

    assert [one.text for one in got.claims] == ["手数料は300円である。", "手数料は500円である。"]


def test_equal_claims_of_two_seats_are_one():
    """Width, spacing and punctuation do not make two claims of one; all who made it are its authors."""
    groups = merged(
        {"a1": stated("手数料は３００円である"), "a2": stated("別の点。", "手数料は 300円である。")}
    )

    assert [(g.id, g.members, g.asks) for g in groups] == [
        ("a1.c1", ("a1.c1", "a2.c2"), ("a1", "a2")),
        ("a2.c1", ("a2.c1",), ("a2",)),
    ]


def test_another_number_is_another_claim():
    """One digit apart is not equal."""
    assert len(merged({"a1": stated("手数料は300円である"), "a2": stated("手数料は301円である")})) == 2


def test_a_group_goes_by_its_best_basis():
    """Where one of the seats cites a material, the claim is that seat's, so that the verifier has something to read."""
    cited = OpenStatement("答え", claims=(StatedClaim("手数料は300円である", "M1", "三百円"),))
    groups = merged({"a1": stated("手数料は300円である"), "a2": cited})

    assert groups[0].id == "a2.c1"
    assert groups[0].members == ("a1.c1", "a2.c1")


def test_a_claim_said_twice_by_one_seat_has_one_author():
    """Repeating oneself makes no second author."""
    assert merged({"a1": stated("点である", "点である。")})[0].asks == ("a1",)


@given(st.permutations([f"a{number}" for number in range(1, 12)]))
def test_arrival_order_does_not_matter(asks):
    """Groups, their ids and their order are the same in whatever order the statements came."""
    texts = {f"a{number}": stated(f"点{number % 3}である", f"点{number}について") for number in range(1, 12)}

    assert merged({ask: texts[ask] for ask in asks}) == merged(texts)


def test_ids_are_ordered_by_number():
    """The tenth seat stands after the second, and so does the tenth claim."""
    assert in_order(["a10.c1", "a2.c10", "a2.c9"]) == ("a2.c9", "a2.c10", "a10.c1")


def test_ids_name_ask_and_place():
    """Claims are named by their ask and counted from one."""
    assert list(named("a2", stated("一である", "二である"))) == ["a2.c1", "a2.c2"]


@pytest.mark.parametrize("most", [0, 60])
def test_a_stand_in_can_fill_the_form(most):
    """The schema is one that the stand-in follows, and what it says is read with a cited claim."""
    schema = open_schema(most)
    reply = plausible(1)(
        Request(
            "m", (("user", "x"),), response_format={"type": "json_schema", "json_schema": {"schema": schema}}
        )
    )
    got = read_open(reply.content)

    assert (len(got.claims), got.claims[0].basis, got.set_aside) == (1, "cited", ())
