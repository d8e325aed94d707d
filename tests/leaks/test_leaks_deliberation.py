"""Leak paths 22 to 30: what derives from a sensitive text, labels that rise, labels that are claimed, and mosaics.

Controls: a labeller that hears nothing or forgets what a text derives from, a guard without detectors, a policy that
says yes; with them the same canary is seen abroad.
"""

import re

import pytest

from magi.core.errors import UnknownNameError
from magi.core.record import Cancelled, LabelRaised, Ticketed
from magi.residency.label import Label
from magi.residency.labelling import Finding, label_texts
from magi.service.question import Turn

PUBLIC = "庁舎の花壇に何を植えるとよいか"
NEXT = "では次はどうするとよいか"


# 22-24: rounds, critiques, judges, as prompts by themselves; the rounds of the service are in `test_leaks_rounds`.

ROUNDS = {
    22: "他の席の回答は次のとおりです。「{}」この回答に反論はありますか。",
    23: '{{"review":{{"seat":"s1","vote":"reject","rationale":"{}"}}}}',
    24: "次の三つの回答を裁定してください。A:「{}」 B:「賛成」 C:「反対」",
}


@pytest.mark.parametrize("path", sorted(ROUNDS))
def test_leak_22_23_24_words_of_a_labelled_answer_are_not_quoted_abroad(scene, kit, path):
    """A debate, critique or judge prompt takes the label of what it quotes; without that label it would be sent."""
    play = scene()
    quoted = ROUNDS[path].format(kit.WORD)
    told = play.say(quoted, "far", label=Label.INTERNAL, derived_from=("question", "a1"))
    quiet = (play.leaks(kit.WORD), play.abroad.connections)
    # The rules alone: the manner of wording, which may take any quotation for a case, would keep it at home too.
    control = scene(detect=kit.Deaf("manner").rescan)
    control.say(quoted, "far", label=Label.PUBLIC)

    assert (told.failure, quiet) == ("egress_not_admitted", ([], 0))
    assert control.seen_abroad(kit.WORD)


@pytest.mark.parametrize("path", sorted(ROUNDS))
def test_leak_22_23_24_words_that_nobody_labelled_are_read_again(scene, kit, path):
    """Where a round forgot the label, the guard's own detectors find the person; without them the prompt is sent."""
    play, control = scene(), scene(detect=kit.Deaf().rescan)
    quoted = ROUNDS[path].format(kit.PERSON)
    told = play.say(quoted, "far", label=Label.PUBLIC)
    control.say(quoted, "far", label=Label.PUBLIC)

    assert (told.failure, play.leaks(kit.PERSON), play.abroad.connections) == ("egress_detected", [], 0)
    assert control.seen_abroad(kit.PERSON)


@pytest.mark.parametrize("path", sorted(ROUNDS))
def test_leak_22_23_24_a_label_that_rose_while_the_prompt_waited(scene, kit, path):
    """A round that was public when it was made is not sent after the deliberation's label has risen."""
    play = scene()
    quoted = ROUNDS[path].format(kit.WORD)
    told = play.say(quoted, "far", label=Label.PUBLIC, risen=lambda: Label.PERSONAL)

    assert (told.failure, play.leaks(kit.WORD), play.abroad.connections) == ("egress_not_admitted", [], 0)


def places_of(text):
    """The names of a template's places."""
    return set(re.findall(r"\{\{(\w+)\}\}", text))


def test_leak_22_23_24_only_later_rounds_have_a_place_for_what_a_seat_said(stage):
    """A first answer's template holds the question and what came with it; what seats said has its place after that."""
    later: set[str] = set()
    first: set[str] = set()
    for name, text in stage.assets.templates.texts.items():
        (later if name.split("/")[0] in ("rebuttal", "review", "write") else first).update(places_of(text))

    assert first == {"question", "options", "unit", "turns"}
    assert later - first == {"statements", "claims"}


def test_leak_22_an_answer_at_home_is_in_no_request(scene, kit):
    """What seats at home say to a public question reaches nobody, at home or abroad; the question itself does."""
    play = scene()
    play.home.play = kit.answering(answer=kit.WORD, reason=kit.PERSON)
    play.ask(PUBLIC)

    assert play.leaks(kit.WORD) == play.leaks(kit.PERSON) == []
    assert play.seen_at_home(kit.WORD) == play.seen_at_home(kit.PERSON) == []
    assert play.seen_abroad(PUBLIC)


# 25: rewrites.


def said(text):
    """A reply that is worded as given."""
    return lambda *_: text


@pytest.mark.parametrize("edited", ["", "(要約)"])
def test_leak_25_a_summary_keeps_the_label_of_what_it_sums_up(scene, kit, edited):
    """A reply to personal text, sent back as a turn or rewritten by the client, keeps its conversation at home."""
    for labeller in (None, kit.Forgetful("none")):
        play = scene(labeller=labeller)
        play.ask("この届を短くしてよいか", label="personal", render=said(kit.WORD))
        play.abroad.forget()
        play.ask(NEXT, history=(Turn("user", "要約して"), Turn("assistant", edited + kit.WORD)))

        assert bool(play.seen_abroad(kit.WORD)) is (labeller is not None)
        assert labeller is not None or play.leaks(kit.WORD) == []


def test_leak_25_masked_text_stays_at_home(scene, stage, kit):
    """Pseudonyms are for third parties at home: masked text goes nowhere abroad, whatever the policy admits."""
    masking = stage.profile().model_copy(update={"masking": True})
    text = f"{kit.PERSON}{kit.WORD}の区画を貸してよいか"

    def cards(_home, abroad):
        return {"far": stage.foreign_card(abroad.base_url, zone="mynumber")}

    for profile in (masking, kit.open_door(masking)):
        play = scene(profile=profile, cards=cards)
        done = play.ask(text, label=None)

        assert done.opened.masked > 0
        assert (play.leaks(kit.PERSON), play.leaks(kit.WORD), play.abroad.connections) == ([], [], 0)
        assert play.seen_at_home(kit.WORD)
        assert play.seen_at_home(kit.PERSON) == []
    control = scene(profile=kit.open_door(stage.profile()), cards=cards)
    control.ask(text, label=None)

    assert control.seen_abroad(kit.PERSON)


# 26-28: conversations.


def test_leak_26_a_turn_after_the_label_rose_stays_at_home(scene, kit):
    """Turn 1 public and abroad, turn 2 personal, turn 3 declared public: nothing after turn 1 is sent abroad."""
    for labeller in (None, kit.Forgetful("none")):
        play = scene(labeller=labeller)
        first = (Turn("user", PUBLIC), Turn("assistant", "花がよい"))
        play.ask(PUBLIC, render=said("花がよい"))
        sent = len(play.abroad.requests)
        play.ask(f"{kit.WORD}ではどうか", history=first, label="personal", render=said("それもよい"))
        second = (*first, Turn("user", f"{kit.WORD}ではどうか"), Turn("assistant", "それもよい"))
        play.ask(NEXT, history=second)

        assert sent == 1
        assert bool(play.seen_abroad(kit.WORD)) is (labeller is not None)
        assert labeller is not None or (play.leaks(kit.WORD) == [] and len(play.abroad.requests) == 1)
        assert play.seen_abroad(PUBLIC)


def test_leak_26_a_person_found_in_an_earlier_turn_stays_at_home(scene, kit):
    """Detectors read every turn: a number in turn 1 keeps turn 2 at home, although its own words are harmless."""
    for deaf in (False, True):
        play = scene(labeller=kit.Deaf() if deaf else None)
        play.ask(NEXT, history=(Turn("user", kit.PERSON),))

        assert bool(play.seen_abroad(kit.PERSON)) is deaf
        assert deaf or play.leaks(kit.PERSON) == []


def test_leak_27_a_label_that_rises_in_mid_flight_cancels_the_call_abroad(scene, kit):
    """An answer at home shows a person: the call abroad is cancelled, what was sent is on record, no more is sent."""
    play = scene(abroad=kit.Recorder(play=kit.hanging))
    play.home.play = kit.answering(reason=kit.PERSON)
    done = play.ask(PUBLIC, render=said(f"{kit.WORD}。"))
    cancelled = [r.data.asks for r in done.records if isinstance(r.data, Cancelled)]
    tickets = [r.data for r in done.records if isinstance(r.data, Ticketed) and r.data.card == "far"]
    before = len(play.abroad.requests)
    # The reply has the risen label: the next turn, which holds it, stays at home.
    play.ask(NEXT, history=(Turn("user", PUBLIC), Turn("assistant", f"{kit.WORD}。")))

    assert cancelled == [("a4",)]
    assert [r.data.after for r in done.records if isinstance(r.data, LabelRaised)] == [4]
    assert ([ticket.label for ticket in tickets], before) == ([0], 1)
    assert len(play.abroad.requests) == 1
    assert play.leaks(kit.PERSON) == play.leaks(kit.WORD) == []
    assert play.seen_abroad(PUBLIC)


def test_leak_27_control_without_detectors_the_call_goes_on(scene, stage, kit):
    """With a deaf labeller nothing rises: the call abroad runs on, and the next turn carries the reply there."""
    play = scene(labeller=kit.Deaf(), council=stage.council(seconds=2))
    play.home.play = kit.answering(reason=kit.PERSON)
    done = play.ask(PUBLIC, render=said(f"{kit.WORD}。"))
    play.ask(NEXT, history=(Turn("user", PUBLIC), Turn("assistant", f"{kit.WORD}。")))

    assert not [r for r in done.records if isinstance(r.data, LabelRaised)]
    assert play.seen_abroad(kit.WORD)


@pytest.mark.parametrize("deaf", [False, True])
def test_leak_27_no_retry_abroad_after_the_rise(scene, stage, kit, deaf):
    """A call abroad that failed before the rise is not tried again after it; without detectors it is."""
    play = scene(
        council=stage.council(attempts=2), labeller=kit.Deaf() if deaf else None,
        abroad=kit.Recorder(play=kit.failing(503, b"{}", "Retry-After: 1")),
    )  # fmt: skip
    play.home.play = kit.answering(reason=kit.PERSON)
    play.ask(PUBLIC)

    assert len(play.abroad.requests) == 1 + deaf
    assert play.leaks(kit.PERSON) == []


@pytest.mark.parametrize("spelling", ["{}", " {}\n", "{}\u200b"])
def test_leak_28_an_edited_or_branched_conversation_keeps_its_mark(scene, kit, spelling):
    """White space around an old turn, a branch from it, or a regenerated answer: what was personal stays personal.

    A user's turn that was changed beyond white space is a new text; there the reply that stays in the branch holds it.
    """
    for labeller in (None, kit.Forgetful("none")):
        play = scene(labeller=labeller)
        play.ask(f"公園で{kit.WORD}を貸し出すのはよい考えですか", label="personal", render=said("貸してよい"))
        play.abroad.forget()
        old = spelling.format(f"公園で{kit.WORD}を貸し出すのはよい考えですか")
        branches = [
            (Turn("user", old), Turn("assistant", "貸してよい")),
            (Turn("user", f"{kit.WORD}を売ってよいか"), Turn("assistant", "貸してよい")),
            (Turn("user", old), Turn("assistant", "売ってもよい")),
        ]
        for branch in branches:
            play.ask(NEXT, history=branch)

        assert bool(play.seen_abroad(kit.WORD)) is (labeller is not None)
        assert labeller is not None or (play.leaks(kit.WORD) == [] and play.abroad.connections == 0)


# 29: claims.

MARKED = ("【機密性2】", "機密性２情報", "取扱注意", "取 扱 注 意", "部内限り", "部外秘", "㊙", "厳　秘")


@pytest.mark.parametrize("marking", MARKED)
def test_leak_29_a_marking_overrules_the_word_public(scene, kit, marking):
    """Text that is marked stays at home (or is refused) although the user declares it public."""
    text = f"{marking}\n{kit.WORD}を貸してよいか"
    play, control = scene(), scene(labeller=kit.Deaf("markings"))
    play.tried(text)
    control.ask(text)

    assert (play.leaks(kit.WORD), play.abroad.connections) == ([], 0)
    assert control.seen_abroad(kit.WORD)


NEAR = [
    "Public",
    "PUBLIC",
    " public",
    "public ",
    "ｐｕｂｌｉｃ",
    "рublic",
    "public\u200b",
    "機密性１",
    "機密性 1",
    "0",
    "",
]


@pytest.mark.parametrize("word", NEAR)
def test_leak_29_a_forged_or_misspelt_label_is_refused(scene, kit, word):
    """A label that is not one of the words to the letter is refused, and nobody is asked; the exact word sends."""
    play = scene()
    with pytest.raises(UnknownNameError):
        play.ask(f"公園で{kit.WORD}を貸し出すのはよい考えですか", label=word)
    quiet = (play.leaks(kit.WORD), play.abroad.connections, play.home.connections)
    play.ask(f"公園で{kit.WORD}を貸し出すのはよい考えですか", label="public")

    assert quiet == ([], 0, 0)
    assert play.seen_abroad(kit.WORD)


@pytest.mark.parametrize(
    "word", ["internal", "機密性2", "personal", "sensitive-personal", "specific-personal"]
)
def test_leak_29_a_declared_label_is_kept(scene, kit, word):
    """Neutral words with a declared label stay at home; that nobody declared anything is internal."""
    play = scene()
    play.ask(f"公園で{kit.WORD}を貸し出すのはよい考えですか", label=word)
    play.ask(f"公園で{kit.WORD}を貸し出すのはよい考えですか", label=None)

    assert (play.leaks(kit.WORD), play.abroad.connections) == ([], 0)
    assert play.seen_at_home(kit.WORD)


# 30: mosaics.


class Apart:
    """A labeller that looks at each part alone, and reads nothing again at the guard."""

    dictionary = None

    def __init__(self, detectors):
        """Look with these detectors."""
        self.detectors, self.version = detectors, detectors.version

    async def label(self, texts, declared, ancestors=(), cleared=()):
        """The highest of the parts' own labels."""
        alone = [label_texts(self.detectors, [text], declared, ancestors, cleared).label for text in texts]
        return Finding(max(alone))


MOSAICS = {
    "number in two turns": (("個人番号は123456",), "789018です。どうするとよいか"),
    "number in three turns": (("個人番号は1234", "5678"), "9018です。どうするとよいか"),
    "hardship in two turns": (("その方は生活保",), "護を受けています。どうするとよいか"),
    "telephone in two turns": (("連絡先は 090-1234",), "-5678 です。どうするとよいか"),
    "address in two turns": (("メールは taro.yamada@",), "example.lg.jp です。どうするとよいか"),
    "account in two turns": (("口座は1234",), "567です。どうするとよいか"),
    "name in two turns": (("担当は山田太",), "郎さんです。どうするとよいか"),
    "marking in two turns": (("取扱",), "注意の文書です。どうするとよいか"),
}


@pytest.mark.parametrize("name", MOSAICS)
def test_leak_30_parts_that_only_mean_something_together_stay_at_home(scene, stage, kit, name):
    """Turns that are harmless one by one and name a person together stay at home; looked at apart they are sent."""
    turns, question = MOSAICS[name]
    history = tuple(Turn("user", turn) for turn in turns)
    rules = kit.Deaf("manner")  # what the rules find; how a text is worded is another matter
    alone = [rules.detectors.find(text) for text in (*turns, question)]
    play = scene(labeller=rules)
    control = scene(labeller=None, detect=kit.Deaf().rescan)
    control.tools = stage.tools_with(control.tools, residency=Apart(rules.detectors))
    play.ask(question, history=history)
    control.ask(question, history=history)

    assert alone == [()] * len(alone)
    assert play.leaks(turns[0]) == play.leaks(question) == []
    assert play.abroad.connections == 0
    assert control.seen_abroad(question)


SEAMS = [
    ("個人番号は123456", "789018です。どうするとよいか"),
    ("担当は山田太", "郎さんです。どうするとよいか"),
]


@pytest.mark.parametrize(("system", "user"), SEAMS)
def test_leak_30_the_guard_reads_what_two_messages_make_together(scene, kit, system, user):
    """Half in the system text and half in the user's, a number or a name: the border of two messages is read whole."""
    play, control = scene(), scene(detect=kit.Deaf().rescan)
    for each in (play, control):
        each.say(user, "far", system=system)

    assert [report.failure for report in play.reports] == ["egress_detected"]
    assert (play.leaks(system), play.abroad.connections) == ([], 0)
    assert control.seen_abroad(system)
