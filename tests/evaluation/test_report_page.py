"""The scoreboard's page: opens offline, says the right thing first, and shows no figure only as a picture."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from magi.evaluation.answer_sheet import read_sheet
from magi.evaluation.asked_rows import read_rows
from magi.evaluation.axes import Fairness
from magi.evaluation.recorded import evaluate
from magi.evaluation.report_markup import el, visible
from magi.evaluation.report_page import page
from magi.evaluation.report_parts import Setting
from magi.evaluation.report_plots import Dot, Point, accuracy_plot, cost_plot
from magi.evaluation.scoreboard import scoreboard

SETTING = Setting("jmmlu.jsonl.gz", "magi", "2026-11-22", {"classified": 2}, ("casper",))
VOID = {"meta", "br", "line", "rect", "circle", "path"}
HOSTILE = '<script>"\u202e&'


class Reader(HTMLParser):
    """What a browser would make of the page: tags in order, text in order, attributes, and tags left open."""

    def __init__(self):
        """Start empty."""
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.words, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        """Remember a tag; a void one is not left open."""
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Remember a tag that closes itself."""
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]

    def handle_endtag(self, tag):
        """Close the innermost tag, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Remember what is read, style left out."""
        if data.strip() and self.open[-1] != "style":
            self.words.append(data.strip())


def board_of(folder, members=("a", "b", "c"), origin="live", fairness=None, **more):
    """A scoreboard of sixty rows with all that can be measured, seats named as told."""
    path = folder / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for n in range(60):
            gold = "ABCD"[n % 4]
            answers = dict(zip(members, (gold if n % 5 else "A", gold if n % 2 else "B", "C"), strict=True))
            right = {name: answer == gold for name, answer in answers.items()}
            verdict = {"outcome": "majority", "answer": answers[members[0]], "right": right[members[0]]}
            row = {"id": str(n), "category": "k", "gold": gold, "n_options": 4, "answers": answers}
            row |= {"correct": right, "council": verdict, "origin": origin, "calls": 3}
            row |= {"models": {name: f"card-{name} 1" for name in members}}
            file.write(json.dumps(row | more) + "\n")
    return scoreboard(evaluate(read_sheet(path, members), 4, 0.5), read_rows(path), fairness)


def read(content):
    """The page as a browser reads it."""
    reader = Reader()
    reader.feed(content.decode("utf-8"))
    reader.close()
    return reader


def test_the_first_words_are_the_standing(tmp_path):
    """The first text of the body is the first line of the scoreboard, Japanese first, English next."""
    reader = read(page(board_of(tmp_path), SETTING))
    words = reader.words[1:]  # after the title of the window

    assert words[0].startswith("合議と最良の席の差は誤差の範囲です")
    assert words[1].startswith("The council and its best seat cannot be told apart")


def test_a_rehearsal_says_so_before_anything_else(tmp_path):
    """Where answers are scripted the page begins with that, and that the figures mean nothing."""
    reader = read(page(board_of(tmp_path, origin="scripted"), SETTING))

    assert reader.words[1].startswith("予行です")
    assert "意味はありません" in reader.words[1]
    assert reader.words[3].startswith("合議")


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(tmp_path):
    """Every tag is closed; no script, no address, no style attribute; the policy lets in this very style sheet."""
    content = page(board_of(tmp_path), SETTING)
    reader, text = read(content), content.decode()
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert reader.open == []
    assert not {"script", "img", "link", "iframe", "object", "a", "foreignobject"} & set(reader.tags)
    assert not [
        each for each in reader.attributes if each[1] in ("src", "href", "style") or each[1][:2] == "on"
    ]
    assert "default-src 'none'" in text
    assert f"sha256-{digest}" in text
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}


def test_every_plot_is_described_and_has_its_table(tmp_path):
    """Four pictures, each with a title, a description, a role, and a table after it."""
    text = page(board_of(tmp_path), SETTING).decode()
    plots = re.findall(r"<figure><svg (.*?)>(.*?)</svg></figure><table>", text)

    assert len(plots) == 4
    for attributes, inside in plots:
        name = re.search(r'aria-labelledby="(\w+)-title (\w+)-desc"', attributes)
        assert 'role="img"' in attributes
        assert f'<title id="{name[1]}-title">' in inside
        assert f'<desc id="{name[2]}-desc">' in inside


def test_the_tables_hold_what_the_pictures_show(tmp_path):
    """Each accuracy and each pair's agreement stands in a cell, to two decimals."""
    board = board_of(tmp_path)
    text = page(board, SETTING).decode()

    for one in board.accuracies:
        assert f"<td>{one.mean_bp / 100:.2f}</td>" in text
    for share in board.agreement_bp.values():
        assert f"<td>{share / 100:.2f}</td>" in text


def test_what_was_not_measured_says_so(tmp_path):
    """Baseline, order, tokens and three axes say 未測定 where nothing measured them; a measured axis does not."""
    bare = page(board_of(tmp_path), SETTING).decode()
    found = Fairness(("taiwan",), ("senkaku",), ())
    more = page(board_of(tmp_path, fairness={f"card-{name} 1": found for name in "abc"}), SETTING).decode()

    assert bare.count(">未測定<") - more.count(">未測定<") == 3
    assert "信頼せず 1(senkaku)" in more
    assert "--order-check" in bare
    assert "--baseline all" in bare


def test_refusals_and_absent_seats_are_on_the_page(tmp_path):
    """Questions that were not taken and seats that were never asked are told, not dropped in silence."""
    text = page(board_of(tmp_path), SETTING).decode()

    assert "2 (classified 2)" in text
    assert ">casper<" in text


def test_hostile_names_stay_text(tmp_path):
    """A seat's name with markup and a control that turns the order of reading is shown, not obeyed."""
    text = page(board_of(tmp_path, members=(HOSTILE, "b", "c")), SETTING).decode()

    assert "<script" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;&quot;\ufffd&amp;" in text
    assert read(text.encode()).open == []


def test_equal_scoreboards_give_equal_bytes(tmp_path):
    """Nothing on the page comes from the clock or from chance."""
    assert page(board_of(tmp_path), SETTING) == page(board_of(tmp_path), SETTING)


def test_names_that_cannot_be_seen_are_shown_as_such():
    """Controls, direction marks and lone surrogates become U+FFFD; attributes are escaped too."""
    assert visible("a\x00\u200f\ud800\u2028b") == "a\ufffd\ufffd\ufffd\ufffdb"
    assert el("p", '<"', title='"&') == '<p title="&quot;&amp;">&lt;&quot;</p>'


@pytest.mark.parametrize("means", [(0, 0), (10_000, 10_000), (0, 10_000), (9_990, 9_995)])
def test_plots_stay_within_their_frame(means):
    """At the ends of the scale every mark lies inside the picture."""
    dots = [
        Dot("席", "seat", mean, mean, mean, kind) for mean, kind in zip(means, ("given", "seat"), strict=True)
    ]
    marks = [Point(number, 1.0, mean, "seat") for number, mean in enumerate(means)]
    for plot in (accuracy_plot(dots, "t", "d"), cost_plot(marks, "t", "d", ("x", "y"))):
        width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', plot).groups())
        places = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)"', plot)]

        assert places
        assert not re.search(r">-\d|>10[1-9]|>1[1-9]\d", plot)  # no axis goes below 0 or beyond 100
        assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
