"""What arbitration came to, in every form of the export: seen by a reader, inert, and by name for machines."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from magi.core.decided import Arbitrated, ClaimLine, Decided, Independence, Move, SeatReport, TallyLine
from magi.core.material import Source
from magi.core.space import ChoiceSpace, OpenSpace, SpaceDecision
from magi.core.terms import CardFacts, Rested, Terms
from magi.export.page import page
from magi.export.prov import prov_json
from magi.export.tables import COLUMNS, csv_row
from magi.service.question import Question
from magi.service.reply import Statement
from magi.service.turning import Turning, Without
from magi.words import catalogue, say

HOSTILE = "<script>alert(1)</script></td><img src=x>"


class Text(HTMLParser):
    """What a reader of a page sees, and its tags."""

    def __init__(self, document):
        """Read a whole document."""
        super().__init__()
        self.tags, self.seen, self._style = [], [], False
        self.feed(document.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        """Keep a tag."""
        del attrs
        self.tags.append(tag)
        self._style = tag == "style"

    def handle_data(self, data):
        """Keep what is shown."""
        if not self._style:
            self.seen.append(data)

    @property
    def text(self):
        """All that is shown."""
        return "".join(self.seen)


def terms(**changes):
    """Terms of four seats, one of which rests."""
    given = {
        "mode": "parallel", "rebuttal": True, "peer_review": True, "severity_floor": True, "withhold": False,
        "barred_alone": False, "needs_domestic": False, "subject": None, "order": ("s1", "s2", "s3"),
        "rested": (Rested(seat="s4", why="bias", topic="taiwan"),),
        "cards": {f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=None, cutoff="2024-06-01") for n in range(1, 5)},
        "as_of": "2026-11-22",
    }  # fmt: skip
    return Terms(**(given | changes))


def statement(text, *claims):
    """An open statement with its claims."""
    listed = [{"claim": each, "source": "M1", "quote": text} for each in claims]
    form = {"answer": text, "claims": listed, "reason": f"why {text}", "concern": "なし"}
    return Statement(json.dumps(form, ensure_ascii=False), text, f"why {text}", ("M1",)).to_bytes()


@pytest.fixture
def dossier(make, build):
    """A decided deliberation with terms: four seats, one at rest; open text, or a choice after a rebuttal."""

    def made(*, opened=True, text="plain", question="which?", held=None, answered=True, **verdict):
        space = OpenSpace() if opened else ChoiceSpace(options=("A", "B"))
        intent = build.opened(4, space=space, arbitration=held or terms())
        decision = SpaceDecision(space=space, source="declared")
        options = {} if opened else {"A": "option A", "B": "option B"}
        drafts = [(intent, {"question": Question(question, decision, options).to_bytes()})]
        names = ("s1", "s2", "s3") if opened else ("A", "A", "B")
        for number in (1, 2, 3):
            said = build.answered(number, "" if opened else names[number - 1])
            drafts.append((said, {"answer": statement(f"{text} {number}", f"{text} claim {number}")}))
        lines = (
            line("a1.c1", "unverified", "unverified", ("s1", "s2"), ()),
            line("a2.c1", "accepted", "supported", ("s2", "s3"), ("s1",)),
            line("a3.c1", "rejected", "contradicted", ("s3",), ("s1", "s2")),
        )
        found = {
            "review": ("unverified_claims",), "blocked_by": (),
            "independence": Independence(seats=3, voices_milli=2_000, measured=False),
            "claims": lines if opened else (), "coverage": (1, 2) if opened else None,
            "ranking": (("a1",), ("a2", "a3")) if opened else (),
            "moves": () if opened else (Move(seat="s2", before="B", after="A"),),
        }  # fmt: skip
        reports = [
            SeatReport(
                seat=f"s{n}", ask=f"a{n}", card=f"c{n}", said="answer", answer_class=names[n - 1], failure=None,
                origin="live",
            )
            for n in (1, 2, 3)
        ]  # fmt: skip
        reports.append(
            SeatReport(
                seat="s4", ask=None, card=None, said="rested", answer_class=None, failure=None, origin=None
            )
        )
        given = {
            "outcome": "majority", "answer_class": names[0], "attributed": "a1" if opened else None,
            "tally": (TallyLine(answer_class=names[0], seats=("s1",)),), "seats": tuple(reports),
            "dissent": ("a3",), "confidence_bp": None, "outstanding": (), "flags": ("attributed",) if opened else (),
        }  # fmt: skip
        arbitration = Arbitrated(**(found | {k: v for k, v in verdict.items() if k in found}))
        rest = {k: v for k, v in verdict.items() if k not in found}
        drafts.append((Decided(**(given | rest), arbitration=arbitration), {"reply": b"{}"}))
        return make.of(drafts, bodies=answered)

    return made


def line(name, status, support, supporters, opposers):
    """A claim as it was counted."""
    return ClaimLine(
        id=name, status=status, basis="cited", support=support, authors=supporters[:1],
        supporters=supporters, opposers=opposers,
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_page_shows_what_arbitration_came_to(dossier, lang):
    """Independence, reasons for review with how to act, ranking, claims, dissent and what it rests on are on it."""
    shown = Text(page(dossier(), lang)).text
    wanted = [
        say("account.independence.bound", lang, seats=3, votes="2"),
        say("review.unverified_claims", lang),
        "magi adopt 0123456789abcdef",
        say("account.coverage", lang, supported=1, accepted=2),
        say("account.support.contradicted", lang),
        say("account.as_of", lang, day="2026-11-22"),
        "2024-06-01: S1",
        say("account.rested.bias", lang, topic=say("topic.taiwan", lang)),
        *(f"plain claim {n}" for n in (1, 2, 3)),
    ]
    dissent = shown[shown.index(say("account.dissent_claims", lang)) :]

    assert [word for word in wanted if word not in shown] == []
    assert "plain claim 3" in dissent
    assert not re.search(r"(?<![A-Za-z])s[0-9]", shown)


def test_a_reply_of_claims_is_marked_on_the_page(dossier):
    """Each accepted claim of the reply has its number and seats, the unverified one its mark."""
    shown = Text(page(dossier(), "ja")).text
    box = shown[shown.index(say("account.reply.claims", "ja")) : shown.index(say("ask.advice", "ja"))]

    assert "plain claim 1【未検証】 [a1.c1: S1、S2]" in box
    assert "plain claim 2 [a2.c1: S2、S3]" in box
    assert "plain claim 3" not in box


def test_a_foreign_claim_is_the_first_thing_on_the_page(dossier):
    """The warning comes before the title and before every other word."""
    held = terms(contested={"A": ("senkaku",)})
    found = dossier(opened=False, held=held, flags=("foreign_claim",), review=("foreign_claim",))
    shown = Text(page(found, "ja")).text
    body = shown[shown.index(say("export.mark.warning", "ja")) :]

    assert body.startswith(
        f"{say('export.mark.warning', 'ja')}{catalogue()['flag.foreign_claim']['ja']} (尖閣諸島)"
    )
    assert shown.index(say("export.mark.warning", "ja")) < shown.index(say("ask.id", "ja"))


def test_moves_and_blocks_are_on_the_page(dossier):
    """Who moved in the rebuttal and who blocks stand in tables, with the options' texts."""
    found = dossier(
        opened=False, blocked_by=("a3",), review=("severity_safety",), outcome="withheld", answer_class=None
    )
    shown = Text(page(found, "ja")).text

    assert "S2変えたB option BA option Awhy plain 2" in shown
    assert "S3安全性自動の決定を止めたwhy plain 3M1" in shown


def test_hostile_claims_add_no_element(dossier):
    """Claims, quotations and reasons are inert: the page has the same elements whatever they say."""
    plain, hostile = (Text(page(dossier(text=text), "ja")) for text in ("plain", HOSTILE))

    assert hostile.tags == plain.tags
    assert hostile.text.count("<script>alert(1)</script></td><img src=x> claim") >= 3


def test_closed_bodies_leave_the_codes(dossier):
    """Without bodies every claim is named with its votes and status, and no word of it is there."""
    shown = Text(page(dossier(answered=False, text="secret"), "ja")).text

    assert "secret" not in shown
    assert "a3.c1" in shown
    assert say("account.closed", "ja") in shown
    assert say("account.support.contradicted", "ja") in shown


def test_what_would_turn_the_verdict_is_part_of_the_dissent(dossier):
    """Given the counterfactuals, the dissent says for each seat what its absence does, and how far the verdict is."""
    found = dossier(opened=False)
    other = found.decided.model_copy(update={"outcome": "tied", "answer_class": None})
    turning = Turning(
        (
            Without("s1", other, turns=True),
            Without(
                "s2",
                None,
                None,
                (("s1", "derived_from"), ("s3", "derived_from")),
                "first_round",
                other,
                estimate_turns=True,
            ),
            Without("s3", found.decided, turns=False),
        ),
        1,
        3,
    )
    shown = Text(page(replace(found, turning=turning), "ja")).text
    part = shown[shown.index(say("export.dissent", "ja")) : shown.index(say("export.seats", "ja"))]

    assert say("account.turning.pivotal", "ja", seats="S1") in part
    assert say("account.turning.unknown", "ja", seats="S2") in part
    assert say("account.turning.short_of", "ja", count=1) in part
    assert "S1変わる可否同数" in part
    assert "ほかの全席 に問い直す必要がある" in part
    assert "反論前の票だけで数えれば変わる: 可否同数" in part
    assert "S3変わらない多数決 (A option A)" in part


@pytest.mark.parametrize(
    ("ballots", "key"),
    [("more", "short_of_more"), ("never", "short_of_never"), (None, "short_of_unknown")],
)
def test_how_far_a_verdict_is_from_another(dossier, ballots, key):
    """More than three, never, and not to be told are said as such."""
    shown = Text(page(replace(dossier(), turning=Turning((), ballots, 3)), "ja")).text

    assert say(f"account.turning.{key}", "ja", most=3) in shown


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_row_has_what_arbitration_came_to(dossier, lang):
    """The table has independence, confidence, reasons for review, coverage and who rests, and no text of anybody."""
    (cells,) = csv.reader(io.StringIO(csv_row(dossier(text="secret"), lang).decode(), newline=""))
    row = dict(zip(COLUMNS, cells, strict=True))

    assert row["independence"] == say("account.independence.bound", lang, seats=3, votes="2")
    assert row["confidence"] == say("ask.confidence", lang)
    assert row["review"] == say("review.unverified_claims", lang)
    assert row["coverage"] == say("account.coverage", lang, supported=1, accepted=2)
    assert row["rested"] == f"S4: {say('topic.taiwan', lang)}"
    assert row["tally"].startswith(say("account.opinion_of", lang, seat="S1"))
    assert "secret" not in "".join(cells)


def test_the_texts_of_options_stay_out_of_the_table(dossier):
    """A row names an option by its id, although the question was opened."""
    (cells,) = csv.reader(io.StringIO(csv_row(dossier(opened=False), "ja").decode(), newline=""))

    assert dict(zip(COLUMNS, cells, strict=True))["answer_class"] == "A"
    assert "option" not in "".join(cells)


def test_a_council_without_terms_leaves_the_columns_empty(make, said):
    """A verdict of version 1 has nothing to say there."""
    (cells,) = csv.reader(
        io.StringIO(csv_row(make.dossier(said(), said(), said()), "ja").decode(), newline="")
    )
    row = dict(zip(COLUMNS, cells, strict=True))

    assert {row[name] for name in ("independence", "confidence", "review", "coverage", "rested")} == {""}


def test_provenance_names_what_was_counted_beside_the_ballots(dossier):
    """Materials are sources of the question, blocking dissents influence the decision, first ballots were used."""
    source = Source(
        id="M1", title_digest="ab" * 32, date=None, rank="law", licence="PDL1.0", personal=False, label=0,
        stale=True, position=False,
    )  # fmt: skip
    found = dossier(held=terms(sources=(source,)), blocked_by=("a3",))
    graph = json.loads(prov_json(found))
    influences = [(i["prov:influencee"], i["prov:influencer"]) for i in graph["wasInfluencedBy"].values()]
    derived = {(d["prov:generatedEntity"], d["prov:usedEntity"]) for d in graph["wasDerivedFrom"].values()}

    assert influences == [("d:decision", "d:answer/a3")]
    assert ("d:question", "d:material/M1") in derived
    assert graph["entity"]["d:material/M1"]["magi:licence"] == "PDL1.0"
    assert graph["activity"]["d:arbitration"]["magi:independent_voices_milli"]["$"] == "2000"
    assert "plain" not in prov_json(found).decode()


def test_equal_dossiers_give_equal_pages(dossier):
    """A page with an account is a function of its dossier."""
    found = dossier()

    assert page(found, "ja") == page(replace(found), "ja")
