"""Masked questions: seats see pseudonyms, people see names, nothing goes abroad, and recovery makes the same table."""

import asyncio
import json

import pytest

from magi.assets import load_assets
from magi.core.card import Ancestor, Proof
from magi.core.errors import CouncilRefusedError, QuestionRefusedError, TamperedError
from magi.core.record import Hit, LabelRaised, Refused
from magi.core.space import ChoiceSpace, NumberSpace, OpenSpace
from magi.replay.rearbitrate import rearbitrate
from magi.residency.detect.engine import Detectors
from magi.residency.detect.rule import Detector, Rule
from magi.residency.label import Label
from magi.residency.labelling import label_texts
from magi.residency.masking import unmasked_label
from magi.service.labelled import parts
from magi.service.masked import MASKED, mask_question, masks_alike, shown_as, unmask_answer
from magi.service.question import Turn, take_question
from magi.service.recover import take_up
from magi.service.run import deliberate

NAME = "椿山かなり"
ANOTHER = "楠原みどり"
NUMBER = "603182749512"
CLINIC = "欅通院長"
"""A name with the word of a topic inside."""
KEY = "hunter2xyz"
RULES = {
    "person.planted": (Label.PERSONAL, (NAME, ANOTHER, CLINIC, "椿山\nかなり", '檜"山')),
    "person.longer": (Label.PERSONAL, (f"秘{ANOTHER}",)),
    "my_number.planted": (Label.SPECIFIC_PERSONAL, (NUMBER,)),
    "credential.planted": (Label.SECRET, (KEY,)),
    "sensitive.planted": (Label.SENSITIVE_PERSONAL, ("通院",)),
    "marking.planted": (Label.SECRET, ("極秘",)),
    "marking.highest": (Label.CLASSIFIED, ("特秘",)),
    "content.planted": (Label.INTERNAL, ("部内限",)),
}


class NamingResidency:
    """The `Residency` port over words of the kinds that masking tells apart."""

    version = "naming/1"
    dictionary = None

    def __init__(self, blind=()):
        """Build the detectors; `blind` are spellings that are found only where a token stands beside them."""
        rules = tuple(
            Rule(rule, label, "植えた語です。", "A planted word.") for rule, (label, _) in RULES.items()
        )

        def look(look):
            for rule in RULES:
                for word in look.words(rule):
                    yield rule, word.start, word.end
            for word in look.words("blind"):
                if "〔" in look.text:
                    yield "person.planted", word.start, word.end

        words = {rule: words for rule, (_, words) in RULES.items()} | {"blind": tuple(blind)}
        self.detectors = Detectors([Detector("planted", rules, ("raw", "plain"), look, words)])

    async def label(self, texts, declared, ancestors=(), cleared=()):
        """The real join over the planted detectors."""
        return label_texts(self.detectors, texts, declared, ancestors, cleared)


@pytest.fixture
def masking(rig):
    """A rig whose profile masks, or does not."""

    def make(script=None, *, on=True, profile="domestic-only", blind=(), **changes):
        run = rig(script, **changes)
        shipped = load_assets().profiles[profile]
        run.changes = {
            "profile": shipped.model_copy(update={"masking": on}),
            "residency": NamingResidency(blind),
        }
        run.tools = run.make_tools(**run.changes)
        return run

    return make


def ask(run, text, space=None, options=None, history=(), **changes):
    """Deliberate on a text."""
    question = take_question(text, space, options, history)
    return asyncio.run(deliberate(run.tools, run.request(question, **changes)))


def orders(run):
    """All that the models were given."""
    return "".join(order.system + order.user + json.dumps(order.schema) for order in run.models.orders)


def bodies(run, *names):
    """The bodies of those names in the one deliberation, decoded."""
    held = run.ledger.entries[run.ledger.only]
    refs = [ref for record in held for ref in record.refs if ref.name in names]
    return [run.ledger.bodies[ref.commitment].decode() for ref in refs]


def test_seats_see_pseudonyms_and_people_see_names(masking, said):
    """No order holds a name or number; the statements and the recorded reply do, under the names' label."""
    run = masking({f"a{n}": said("〔氏名1〕に〔番号1〕を尋ねる", "〔氏名１〕の件") for n in (1, 2, 3)})
    done = ask(
        run,
        f"{NAME}(個人番号{NUMBER})にどう答えるか",
        OpenSpace(),
        render=lambda _, __, s, ___: s["a1"].answer,
    )

    assert not [secret for secret in (NAME, NUMBER) if secret in orders(run)]
    assert "〔氏名1〕(個人番号〔番号1〕)" in orders(run)
    assert done.statements["a1"].answer == f"{NAME}に{NUMBER}を尋ねる"
    assert done.statements["a1"].reason == f"{NAME}の件"
    assert NAME in bodies(run, "reply")[0]
    assert {answer.label for answer in run.answered().values()} == {Label.SPECIFIC_PERSONAL}
    assert (
        run.ledger.ancestry[run.tools.message_digest(done.statements["a1"].answer)] == Label.SPECIFIC_PERSONAL
    )


def test_what_is_recorded_of_a_masked_question(masking, said):
    """Label and plan are those of what is sent; the question's body, hits and mark are those of what was asked."""
    run = masking({f"a{n}": said("〔氏名1〕に聞く") for n in (1, 2, 3)})
    text = f"{NAME}と{NAME}、個人番号{NUMBER}"
    done = ask(run, text, OpenSpace(), label="public")

    assert (done.opened.label, done.opened.masked) == (Label.PERSONAL, 2)
    assert {hit.rule for hit in done.opened.hits} == {"person.planted", "my_number.planted"}
    assert NAME in bodies(run, "question")[0]
    assert len(bodies(run, "request")) == 3
    assert not [body for body in bodies(run, "request") if NAME in body or NUMBER in body]
    assert run.ledger.ancestry[run.tools.message_digest(text)] == Label.SPECIFIC_PERSONAL
    assert done.question.text == text
    assert NAME not in run.ledger.text()
    assert rearbitrate(done.stream, done.records).result == "same"


def test_every_part_is_masked_with_the_same_tokens(masking):
    """Turns before the question and options are shown with the pseudonyms of the question."""
    run = masking()
    history = (Turn("user", f"{NAME}の件"), Turn("user", f"{ANOTHER}の件"))
    options = {"A": f"{NAME}に会う", "B": "会わない"}
    done = ask(run, f"{ANOTHER}はどうする", ChoiceSpace(options=("A", "B")), options, history)
    shown = run.models.orders[0].user

    assert "〔氏名1〕の件" in shown
    assert "〔氏名2〕はどうする" in shown
    assert "A: 〔氏名1〕に会う" in shown
    assert done.verdict.answer_class == "A"
    assert NAME not in orders(run)


def test_an_option_answered_by_its_masked_text_counts(masking, said):
    """A seat that writes the option's text, token and all, has voted for that option."""
    run = masking({f"a{n}": said("〔氏名1〕に会う") for n in (1, 2, 3)})
    done = ask(
        run, f"{NAME}に会うか", ChoiceSpace(options=("A", "B")), {"A": f"{NAME}に会う", "B": "会わない"}
    )

    assert done.verdict.answer_class == "A"


def test_a_number_that_was_masked_is_an_answer(masking, said):
    """A seat that answers with the token of a number has answered with the number."""
    run = masking({f"a{n}": said("〔番号1〕") for n in (1, 2, 3)})
    done = ask(run, f"個人番号{NUMBER}の数はいくつか", NumberSpace())

    assert done.verdict.answer_class == NUMBER


def test_without_masking_nothing_changes(masking):
    """Under a profile that does not mask, seats see the text as it was asked, and nothing is counted as masked."""
    run = masking(on=False)
    done = ask(run, f"{NAME}の件、AかBか", ChoiceSpace(options=("A", "B")), {"A": "甲", "B": "乙"})

    assert NAME in orders(run)
    assert (done.opened.label, done.opened.masked) == (Label.PERSONAL, 0)
    assert {answer.label for answer in run.answered().values()} == {Label.PERSONAL}


def test_a_text_without_identifiers_is_sent_as_it_is(masking):
    """Masking touches neither a public question nor one whose hits are no identifiers."""
    for text, label in (("花壇の花は", 1), ("部内限の花壇", 1), ("通院の手当", 3)):
        run = masking()
        done = ask(run, text, OpenSpace())

        assert (done.opened.label, done.opened.masked) == (label, 0)
        assert text in orders(run)


def test_my_number_alone_keeps_every_seat_out_and_masked_lets_them_in(masking):
    """Outside the number's own zone an unmasked number seats nobody; masked, it is personal text."""
    with pytest.raises(CouncilRefusedError):
        ask(masking(on=False), f"個人番号{NUMBER}の件", OpenSpace())
    run = masking()
    done = ask(run, f"個人番号{NUMBER}の件", OpenSpace())

    assert done.opened.label == Label.PERSONAL
    assert len(run.sends) == 3


def test_a_topic_inside_a_name_goes_on_counting(masking):
    """What is masked inside a name, and so is not found again, still makes the text what it made the question."""
    run = masking()
    done = ask(run, f"{CLINIC}の件", OpenSpace())

    assert "通院" not in orders(run)
    assert (done.opened.label, done.opened.masked) == (Label.SENSITIVE_PERSONAL, 1)


def test_what_is_no_identifier_goes_on_counting(masking):
    """A sensitive topic stays one under pseudonyms, and a marking of secrecy keeps every seat out."""
    run = masking()
    done = ask(run, f"{NAME}は通院中、個人番号{NUMBER}", OpenSpace())
    secret = masking()
    with pytest.raises(CouncilRefusedError):
        ask(secret, f"極秘 {NAME}の件", OpenSpace())

    assert (done.opened.label, done.opened.masked) == (Label.SENSITIVE_PERSONAL, 2)
    assert secret.sends == []


@pytest.mark.parametrize("text", [f"鍵は{KEY}", f"{NAME}の鍵は{KEY}"])
def test_a_key_is_not_made_sendable_by_masking(masking, text):
    """A text with a key is secret; masking the key does not make it anything else."""
    run = masking()
    with pytest.raises(CouncilRefusedError):
        ask(run, text, OpenSpace())

    assert run.sends == []


def test_a_declared_and_an_inherited_label_are_not_lifted(masking):
    """Masked text is no less than what was declared for it or than the turn it follows."""
    declared = masking()
    done = ask(declared, f"{NAME}の件", OpenSpace(), label="sensitive-personal")
    run = masking()
    ask(run, f"{NAME}は通院中", OpenSpace())
    later = ask(run, f"{ANOTHER}はどうか", OpenSpace(), history=(Turn("user", f"{NAME}は通院中"),))

    assert done.opened.label == Label.SENSITIVE_PERSONAL
    assert later.opened.label == Label.SENSITIVE_PERSONAL


def abroad(build):
    """Three cards at home, and one of a foreign operator that the profile gennai admits for personal text."""
    day = "2027-01-10"
    base = (Ancestor(name="base", developer="Maker", country="JP"),)
    known = build.cards("A", "B", "C", checked_on=day)
    far = build.card(
        "far",
        developer="F",
        family="fam-f",
        checked_on=day,
        provider_country="US",
        parent_country="US",
        exposed_law=LAWS,
        closed_network=False,
        contract="negotiated",
        gov_cloud=True,
        recorded={"entrustment": day, "external_environment": day},
        proofs=(Proof(fact="inference_scope", value="JP", day=day, how="attestation", by="x"),),
    )
    return {name: card.model_copy(update={"lineage": base}) for name, card in (known | {"far": far}).items()}


LAWS = ("US CLOUD Act", "US FISA 702")


@pytest.mark.parametrize("on", [False, True])
def test_masking_never_seats_anybody_abroad(masking, build, on):
    """A foreign operator that the profile admits for personal text is asked unmasked only, and told why not masked."""
    run = masking(on=on, profile="gennai", cards=abroad(build))
    done = ask(run, f"{NAME}の件", OpenSpace())

    assert ("a4" in [sent for sent, _ in run.sends]) is not on
    assert [(entry.card, entry.reasons) for entry in done.left_out] == [("far", ("masked_not_abroad",))] * on


def test_a_number_masked_opens_no_way_abroad(masking, build):
    """The number kept the foreign seat out, and its pseudonym does too."""
    run = masking(profile="gennai", cards=abroad(build))
    ask(run, f"個人番号{NUMBER}の件", OpenSpace())

    assert [sent for sent, _ in run.sends] == ["a1", "a2", "a3"]


@pytest.mark.parametrize(
    ("text", "history", "blind"),
    [("かなりの件", (Turn("user", "椿山"),), ()), (f"{NAME}と夕顔", (), ("夕顔",))],
)
def test_what_cannot_be_masked_is_refused_whole(masking, text, history, blind):
    """A name split over two parts, or one that is found in the masked text only, refuses the question on record."""
    run = masking(blind=blind)
    with pytest.raises(QuestionRefusedError, match="unmaskable") as raised:
        ask(run, text, OpenSpace(), history=history)
    (refusal,) = [r.data for held in run.ledger.entries.values() for r in held]

    assert isinstance(refusal, Refused)
    assert (refusal.by, refusal.reason, refusal.label) == ("label", "unmaskable", Label.PERSONAL)
    assert (run.ledger.bodies, run.sends) == ({}, [])
    assert raised.value.facts["rules"] == ("person.planted",)


def test_an_id_that_shows_a_name_is_refused(masking):
    """Option ids are shown as they are, so an id that is a masked name refuses the question."""
    with pytest.raises(QuestionRefusedError, match="unmaskable"):
        ask(masking(), f"{NAME}か", ChoiceSpace(options=(NAME, "B")), {NAME: "会う", "B": "会わない"})


def test_a_rule_overruled_on_record_masks_nothing():
    """What a named person said is no identifier stays in the text."""
    residency, question = NamingResidency(), take_question(f"{NAME}と{NUMBER}", OpenSpace())

    async def masked():
        cleared = ("person.planted",)
        finding = await residency.label(parts(question), Label.PUBLIC, (), cleared)
        return await mask_question(residency, question, finding, Label.PUBLIC, (), cleared=cleared)

    assert asyncio.run(masked()).question.text == f"{NAME}と〔番号1〕"


def test_only_labels_of_persons_are_masked():
    """The labels under which masking acts are the three personal ones."""
    assert MASKED == (Label.PERSONAL, Label.SENSITIVE_PERSONAL, Label.SPECIFIC_PERSONAL)


@pytest.mark.parametrize(
    ("answer", "after"),
    [("〔番号1〕は本人へ", None), ("通院を確かめる", 3), (f"{NUMBER[::-1]}と極秘", 5), ("極〔氏名2〕", 5)],
)
def test_what_rises_is_what_the_seats_said(masking, said, answer, after):
    """Names given back raise nothing for seats that never see them; anything else that an answer shows does."""
    run = masking({"a1": said(answer)})
    done = ask(
        run, f"{NAME}、秘{ANOTHER}、個人番号{NUMBER}", ChoiceSpace(options=("A", "B")), {"A": "甲", "B": "乙"}
    )
    raised = [r.data.after for r in done.records if isinstance(r.data, LabelRaised)]

    assert raised == ([] if after is None else [after])
    assert run.answered()["a1"].label == max(Label.SPECIFIC_PERSONAL, after or 0)


def test_a_classified_answer_to_a_masked_question_is_not_kept(masking, said):
    """An answer with a classified marking is a failure, masked or not."""
    run = masking({"a1": said("特秘〔氏名1〕")})
    ask(run, f"{NAME}の件", OpenSpace())

    assert run.answered()["a1"].failure == "classified"
    assert not [body for body in run.ledger.bodies.values() if "特秘".encode() in body]


def test_the_exchange_keeps_what_came(masking, said):
    """The recorded answer has the name, and nothing that a backend was sent or sent back does."""
    run = masking({"a1": said("〔氏名1〕へ")})
    ask(run, f"{NAME}の件", OpenSpace())

    assert NAME in bodies(run, "answer")[0]
    assert not [body for body in bodies(run, "exchange", "request") if NAME in body]


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("original", ["椿山\nかなり", '檜"山'])
def test_an_original_that_json_must_escape_keeps_an_answer_readable(masking, escaped, original):
    """JSON stays JSON, whether the seat wrote the token as it is or in escapes."""
    said = json.dumps({"answer": "〔氏名1〕へ", "reason": "x", "basis": ""}, ensure_ascii=escaped)
    run = masking({f"a{n}": said for n in (1, 2, 3)})
    done = ask(run, f"{original}の件", OpenSpace())

    assert [done.statements[a].answer for a in ("a1", "a2", "a3")] == [f"{original}へ"] * 3
    assert done.verdict.outcome == "unanimous"


def test_an_answer_without_text_stays_without():
    """A failure has no text to restore."""
    assert unmask_answer(None, ()) is None


def crashed(run, question):
    """Deliberate until a first answer is on record, in a process that dies there; its ledger is what it was."""

    async def main():
        task = asyncio.create_task(deliberate(run.tools, run.request(question)))
        while "answered" not in [kind for what, kind, *_ in run.journal if what == "durable"]:  # noqa: ASYNC110  # the journal wakes nobody
            await asyncio.sleep(0)
        held = {stream: list(records) for stream, records in run.ledger.entries.items()}
        claims = dict(run.ledger.claims)
        task.cancel()
        await asyncio.wait([task])
        return held, claims

    run.ledger.entries, run.ledger.claims = asyncio.run(main())
    run.models.orders.clear()


def test_recovery_shows_the_same_pseudonyms(masking, said, parts):
    """A start that takes the deliberation up makes the table again: the same order, and names in the reply."""
    question = take_question(f"{ANOTHER}と{NAME}の件", OpenSpace())
    run = masking({"a1": said("〔氏名2〕へ"), "a2": parts.HANG, "a3": parts.HANG})
    crashed(run, question)
    run.script |= {"a2": said("〔氏名2〕へ"), "a3": said("〔氏名2〕へ")}
    again = run.make_tools(owner="host:2:2", **run.changes)
    (taken,) = asyncio.run(take_up(again, lambda owner: owner == "host:1:1"))

    assert taken.continued
    assert {order.ask for order in run.models.orders} == {"a2", "a3"}
    assert all("〔氏名1〕と〔氏名2〕の件" in order.user for order in run.models.orders)
    assert {s.answer for s in taken.deliberation.statements.values()} == {f"{NAME}へ"}
    assert taken.deliberation.verdict.outcome == "unanimous"


def test_a_record_whose_table_cannot_be_made_again_is_closed(masking, said, parts):
    """Where the record and this code make another table, nobody is asked on, and what had been said stands."""
    question = take_question(f"{NAME}の件", OpenSpace())
    run = masking({"a1": said("〔氏名1〕へ"), "a2": parts.HANG, "a3": parts.HANG})
    crashed(run, question)
    (stream,) = run.ledger.entries
    head = run.ledger.entries[stream][0]
    opened = head.data.model_copy(update={"masked": 2})
    run.ledger.entries[stream][0] = head.model_copy(update={"data": opened})
    again = run.make_tools(owner="host:2:2", **run.changes)
    (taken,) = asyncio.run(take_up(again, lambda owner: owner == "host:1:1"))

    assert (taken.continued, run.models.orders) == (False, [])
    assert not masks_alike(opened, question)
    with pytest.raises(TamperedError, match="masking_differs"):
        shown_as(opened, question)


def test_a_record_whose_hits_have_no_place_cannot_be_shown(build):
    """Hits that do not fit the question are a named error, not another question."""
    hit = Hit(text="question", rule="person.planted", label=2, view="raw", start=3, end=99)
    opened = build.opened(label=2, hits=(hit,), masked=1)

    with pytest.raises(TamperedError, match="masking_differs"):
        shown_as(opened, take_question("花の件", OpenSpace()))


def test_the_label_of_names_is_that_of_what_was_found(build):
    """With masking the names' label is what the hits say, overruled ones apart; without, it is the one reached."""
    hit = Hit(text="question", rule="my_number.planted", label=4, view="raw", start=0, end=2)
    masked = build.opened(label=2, hits=(hit,), masked=1)

    assert unmasked_label(masked, 2) == Label.SPECIFIC_PERSONAL
    assert unmasked_label(masked, 5) == Label.SECRET
    assert unmasked_label(masked.model_copy(update={"cleared": (hit.rule,)}), 2) == Label.PERSONAL
    assert unmasked_label(masked.model_copy(update={"masked": 0}), 2) == Label.PERSONAL


def test_files_are_masked_where_they_are_shown(masking):
    """A file's turn is masked like any other; a name found in a hidden piece alone is no reason to refuse."""
    from magi.materials.found import Extracted, Piece  # noqa: PLC0415  # the readers are only needed here

    pieces = (Piece("body", f"{NAME}の件"), Piece("metadata", ANOTHER))
    material = Extracted(name="a.txt", media="text/plain", pieces=pieces, unreadable=())
    run = masking()
    history = (Turn("material", f"〔a.txt〕\n{NAME}の件"),)
    done = ask(run, "要約は", OpenSpace(), history=history, materials=(material,))

    assert (done.opened.masked, NAME in orders(run), ANOTHER in orders(run)) == (1, False, False)
    assert "〔氏名1〕の件" in orders(run)


@pytest.mark.parametrize("asked", ["要約は", f"{ANOTHER}の件の要約は"])
def test_a_name_that_only_a_piece_of_a_file_gives_away_is_refused(masking, asked):
    """A name that is found in a file's piece and shown by its turn in another spelling is not sent."""
    from magi.materials.found import Extracted, Piece  # noqa: PLC0415  # the readers are only needed here

    material = Extracted(name="a.txt", media="text/plain", pieces=(Piece("body", NAME),), unreadable=())
    run = masking()
    history = (Turn("material", f"〔a.txt〕\n{NAME[:2]} {NAME[2:]}の件"),)
    with pytest.raises(QuestionRefusedError, match="unmaskable"):
        ask(run, asked, OpenSpace(), history=history, materials=(material,))

    assert run.sends == []


def test_the_label_of_a_finished_deliberation_is_that_of_its_names(masking):
    """What a person is shown as the label is that of the reply, names included."""
    done = ask(masking(), f"個人番号{NUMBER}の件", OpenSpace())

    assert (done.opened.label, done.label) == (Label.PERSONAL, Label.SPECIFIC_PERSONAL)
