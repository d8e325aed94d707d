"""The page: nothing of it comes from elsewhere, every text is inert, and nothing that matters is left out."""

import ast
import re
import sys
import tomllib
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from magi.core.record import Alarm, Hit, LabelRaised, Refused
from magi.export.dossier import Body, Erasure
from magi.export.markup import MAX_SHOWN_CHARS, el, visible
from magi.export.page import Made, page
from magi.words import say

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "closing": "</div></body></html><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "style": "</style><style>body{display:none}</style>",
    "comment": "<!-- --><![CDATA[ ]]>",
    "entity": "&lt;script&gt; &#60;b&#62; &amp;amp;",
    "template": "$body ${style} {lang} %s",
    "link": "<a href='https://example.com/'>x</a><link rel=stylesheet href=//example.com/x>",
    "meta": "<meta http-equiv=refresh content='0;url=https://example.com/'>",
}
VOID = {"meta", "br", "hr", "img", "input", "link"}
LOADING = {"src", "href", "srcset", "action", "background", "poster", "data", "formaction", "ping", "style"}


class Read(HTMLParser):
    """What a reader of the page gets: tags, attributes and text, with every element closed in order."""

    def __init__(self, document):
        """Read a whole document."""
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(document.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        """Keep a tag and its attributes."""
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Elements end in order."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Keep what is shown."""
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        """All that is shown."""
        return "".join(self.texts)


def read(dossier, lang="ja", made=None):
    """The page of a dossier, read."""
    return Read(page(dossier, lang, made))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_adds_no_element(make, said, text):
    """The elements of a page do not depend on what the texts in it say, and the texts stand there whole."""
    plain = make.dossier(said(answer="x", reason="x", basis=("x",)), said("B"), said("B"), question="x")
    hostile = make.dossier(
        said(answer=text, reason=text, basis=(text,), text="{}"), said("B"), said("B"), question=text
    )
    shown = read(hostile)

    assert shown.tags == read(plain).tags
    assert shown.text.count(text) >= 4  # question, answer, reason, basis
    assert shown.open == []


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_nothing_comes_from_elsewhere(make, said, lang):
    """Nothing on the page can load or lead anywhere, and its policy forbids all but its own style."""
    links = HOSTILE["link"]
    shown = read(make.dossier(said(answer=links), said(), said("B"), question=links), lang)
    policy = next(
        value for _, name, value in shown.attributes if name == "content" and "default-src" in (value or "")
    )

    assert not {name for _, name, _ in shown.attributes} & LOADING
    assert not any(name.startswith("on") for _, name, _ in shown.attributes)
    assert not {"script", "img", "iframe", "object", "link", "a", "form", "svg"} & set(shown.tags)
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'; form-action 'none'",
        policy,
    )


def test_style_fetches_nothing(make, said):
    """The style sheet names no address and imports nothing."""
    document = page(make.dossier(said(), said(), said()), "ja").decode()
    style = document.split("<style>")[1].split("</style>")[0]

    assert len(style) > 1000
    assert not re.search(r"url\(|@import|https?:|@font-face", style)


def test_every_unseen_character_is_shown():
    """Every control, format, separator and surrogate character of Unicode becomes its number; a line end stays."""
    seen = []
    for number in range(sys.maxunicode + 1):
        char = chr(number)
        if char not in "\n\t\r" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            seen.append(visible(char) == f'<span class="code">[U+{number:04X}]</span>')

    assert len(seen) > 2000
    assert all(seen)
    assert visible("a\r\nb\rc\n\td") == "a\nb\nc\n\td"


def test_japanese_spelling_is_left_alone():
    """A kanji with one variation selector stays as it is; a second selector, which can only hide, is shown."""
    assert visible("辻\U000e0100さん") == "辻\U000e0100さん"
    assert visible("辻\U000e0100\U000e0101") == '辻\U000e0100<span class="code">[U+E0101]</span>'


def test_turned_text_is_shown_as_written(make, said):
    """A direction character in an answer is on the page by its number and not as itself."""
    shown = read(make.dossier(said(answer="許可\u202eするな\u2066\x00"), said(), said("B")))

    assert "許可[U+202E]するな[U+2066][U+0000]" in shown.text
    assert not set("\u202e\u2066\x00") & set(shown.text)


def test_long_answer_is_cut_and_said(make, said):
    """Of an answer of a million characters the page shows the first and says how many there are."""
    shown = read(make.dossier(said(answer="鬱" * 1_000_000, text="い" * 1_000_000), said(), said("B")))

    assert shown.text.count("鬱") == MAX_SHOWN_CHARS
    assert shown.text.count(say("export.cut", "ja", shown=f"{MAX_SHOWN_CHARS:,}", chars="1,000,000")) == 2


def test_many_bases_are_cut_and_said(make, said):
    """Of a thousand bases the page shows the first fifty and says how many are left."""
    shown = read(make.dossier(said(basis=tuple(f"根拠{n:04d}" for n in range(1000))), said(), said()))

    assert sum(f"根拠{n:04d}" in shown.text for n in range(1000)) == 50
    assert say("export.more", "ja", count=950) in shown.text


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_everything_that_was_said_is_there(make, said, lang):
    """Question, options, every seat with answer, reason and basis, the outcome, the dissent and the proof are on it."""
    seats = [said("A" if n < 3 else "B", f"答え{n}", f"理由{n}", (f"根拠{n}",)) for n in range(1, 5)]
    dossier = make.dossier(*seats, question="庁舎の件")
    shown = read(dossier, lang).text
    dissent = shown[shown.index(say("ask.dissent", lang)) : shown.index(say("export.seats", lang))]
    wanted = [f"{word}{n}" for word in ("答え", "理由", "根拠") for n in range(1, 5)]
    wanted += ["庁舎の件", "option C", "S4", "ab" * 32, "127.0.0.1", say("ask.advice", lang)]
    wanted += [say(f"outcome.{dossier.decided.outcome}", lang), say("ask.confidence", lang), "magi/t sig"]
    wanted += [leaf.hash for leaf in dossier.proof.leaves]
    wanted += [ref.commitment for record in dossier.records for ref in record.refs]

    assert [word for word in wanted if word not in shown] == []
    assert dossier.decided.dissent == () or all(
        f"理由{ask[1:]}" in dissent for ask in dossier.decided.dissent
    )


def test_dissent_stands_with_its_reason(make, said):
    """A seat against the majority is in the part of the dissent, word for word, and nobody else is."""
    dossier = make.dossier(said(reason="多数1"), said(reason="多数2"), said("B", "反対", "少数の理由"))
    shown = read(dossier).text
    dissent = shown[shown.index(say("ask.dissent", "ja")) : shown.index(say("export.seats", "ja"))]

    assert "S3" in dissent
    assert "少数の理由" in dissent
    assert "多数" not in dissent


@pytest.mark.parametrize(("origin", "word"), [("scripted", "予行"), ("recorded", "録音")])
def test_one_answer_that_is_not_live_marks_the_page(make, said, origin, word):
    """A page with any answer of a stand-in begins with the mark; one of live answers alone has none."""
    marked = page(make.dossier(said(), said(origin=origin), said()), "ja").decode()
    live = page(make.dossier(said(), said(), said()), "ja").decode()
    body = marked[marked.index("<body>") :]

    assert body.startswith(f'<body>\n<div class="mark"><strong>{word}</strong>')
    assert 'class="mark"' not in live


def test_erased_bodies_are_said(make, said):
    """An erased answer is named as erased, by whom, why and when, with its commitment; no word of it is there."""
    dossier = make.dossier(said(answer="秘密の答え", reason="秘密の理由"), said("B"), said("B"))
    erasure = Erasure(1_767_193_200_000, "総務課 山田", "request")
    erased = make.with_bodies(dossier, "answer", Body("erased", erasure=erasure))
    shown = read(erased).text
    words = say("export.erased", "ja", when="2026年1月1日 00:00:00", by="総務課 山田", why="request")

    assert shown.count(words) >= 3
    assert "秘密" not in shown
    assert all(record.ref("answer").commitment in shown for record in dossier.answered.values())


def test_closed_bodies_show_no_word(make, said):
    """Without opened bodies the page names outcome and seats and says that no text was opened."""
    dossier = make.dossier(
        said(answer="本文A", reason="本文B"), said(), said("B"), bodies=False, question="本文Q"
    )
    shown = read(dossier).text

    assert "本文A" not in shown
    assert "本文Q" not in shown
    assert shown.count(say("export.closed", "ja")) >= 4
    assert say("outcome.majority", "ja") in shown


def test_the_label_says_why(make, said, build):
    """The part of the label has each rule with its number of hits, what was overruled, and every raise."""
    hits = (
        *(
            Hit(text="question", rule="contacts.phone", label=2, view="plain", start=n, end=n + 1)
            for n in range(3)
        ),
        Hit(text="question", rule="marking.secret", label=5, view="plain", start=0, end=2),
    )
    raised = LabelRaised(text="a1", before=2, after=3, hits=(), plan=build.plan(3))
    dossier = make.dossier(
        said(), said(), said(), hits=hits, cleared=("marking.secret",), label=2, declared=True, more=(raised,)
    )
    shown = read(replace(dossier, lowered_by="課長 佐藤", rules={"contacts.phone": "電話番号のため"})).text

    assert "contacts.phone電話番号のため" in shown
    assert say("audit.cleared", "ja", rules="marking.secret", by="課長 佐藤") in shown
    assert f"1({say('export.overruled', 'ja')})" in shown.replace(" ", "")
    assert say("audit.declared", "ja") in shown
    assert say("label.sensitive-personal", "ja") in shown
    assert dossier.label == 3


def test_who_was_left_out_stands_with_the_reasons(make, said, build):
    """A card that was not admitted stands with every reason of both gates."""
    plan = (
        *build.plan(3)[:2],
        build.plan(3, barred=(3,))[2].model_copy(
            update={"reasons": ("host_not_japan",), "bias": ("bias_diplomacy_developer",)}
        ),
    )
    shown = read(make.dossier(said(), said(), said(), plan=plan)).text

    assert f"S3 (c3): {say('why.host_not_japan', 'ja')}、{say('why.bias_diplomacy_developer', 'ja')}" in shown


def test_refusals_and_alarms_are_there(make, build):
    """A question that was refused makes a page that says so, by whom and why, with no verdict and no seat's answer."""
    refused = Refused(
        by="label",
        reason="classified",
        ask=None,
        attempt=None,
        card=None,
        label=6,
        plan=(),
        hits=(),
        rules=("r.x",),
    )
    alarm = Alarm(reason="model_mismatch", ask="a1", attempt=1, card="c1", stated=None, length=0)
    alone = read(make.of([(refused, {})])).text
    beside = read(make.of([(build.opened(3), {}), (alarm, {})])).text

    assert say("export.refused", "ja") in alone
    assert say("audit.refused.label", "ja") in alone
    assert say("label.classified", "ja") in alone
    assert "model_mismatch" in beside
    assert say("export.undecided", "ja") in beside


def test_a_page_says_who_made_it(make, said):
    """The foot names who opened the texts and for what, and how many were opened."""
    dossier = make.dossier(said(), said(), said())
    shown = read(dossier, made=Made(1_767_193_200_000, "監査<b>", "K-1")).text

    assert "監査<b>" in shown
    assert "K-1" in shown
    assert say("export.counts", "ja", opened=11, erased=0, closed=0) in shown


def test_equal_dossiers_make_equal_pages(make, said):
    """The same dossier twice gives the same bytes: nothing of the machine or the moment is in it."""
    dossier = make.dossier(said(), said(), said("B"))

    assert page(dossier, "ja") == page(dossier, "ja")
    assert page(dossier, "ja") != page(dossier, "en")


def test_plain_children_are_escaped():
    """An element escapes what is not markup already, also where markup was joined to text."""
    assert el("p", "<b>") == "<p>&lt;b&gt;</p>"
    assert el("p", el("b", "x") + "<i>") == "<p>&lt;b&gt;x&lt;/b&gt;&lt;i&gt;</p>"


def test_every_word_of_the_export_is_in_the_catalogue():
    """Every literal key in the package stands in the catalogue."""
    folder = Path(__file__).parents[2] / "magi"
    words = tomllib.loads((folder / "words.toml").read_text(encoding="utf-8"))
    keys = {
        node.value
        for path in (folder / "export").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"(?:export|ask|audit|policy|api)\.[a-z_.]+", node.value)
        if not node.value.endswith(".")
    }

    assert len(keys) > 60
    assert sorted(keys - set(words)) == []


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_no_key_is_shown_instead_of_words(make, said, lang):
    """No page shows a key of the catalogue, so no word is missing for what is built at run time."""
    shown = read(
        make.dossier(said(), said(statement="refusal", ballot=None, text="no", answer=""), said("B")), lang
    )

    assert re.findall(r"\b(?:export|ask|audit|policy|flag|outcome|said|why)\.[a-z_]+", shown.text) == []
