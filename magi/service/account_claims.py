"""The rest of an account: the reply to an open question, its claims, and the materials and models it rests on.

Where a writer drafted the reply, each sentence stands with the claims it rests on and the seats behind them, and is
marked where all of these claims are unverified; without a draft the accepted claims are the reply, and without these
the statement that leads. The mark is mechanical: nobody may leave it out.

Promises: as `account`; the sentences are those that were counted, read again from the writer's recorded text.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from magi.core.claims import StatedClaim, named
from magi.core.decided import Arbitrated, ClaimLine
from magi.core.draft import Draft, labelled, read_draft, support
from magi.core.material import warnings as material_warnings
from magi.core.terms import Terms
from magi.service.account import Matter, Part, class_words, comma, seat_of, seats_words, topic_words
from magi.service.sources import texts as material_texts
from magi.service.stages import opens_of
from magi.words import say

ACCEPTED = ("accepted", "unverified")


@dataclass(frozen=True)
class Line:
    """One sentence or claim of a reply, the claims it rests on, and the seats that hold any of them, in their order."""

    text: str
    claims: tuple[str, ...] = ()
    seats: tuple[str, ...] = ()
    unverified: bool = False


@dataclass(frozen=True)
class Reply:
    """The answer: a `class`, a `draft`, accepted `claims`, or one seat's `statement`; `ask` is whose words it is.

    `lines` are empty where the words are closed, or nothing was decided.
    """

    kind: Literal["class", "draft", "claims", "statement"]
    lines: tuple[Line, ...]
    ask: str | None = None


def reply(matter: Matter, lang: str) -> Reply:
    """The answer of a verdict."""
    verdict = matter.verdict
    found = verdict.arbitration
    if found is not None and found.draft is not None:
        return Reply("draft", _sentences(matter, found, found.draft), found.draft)
    accepted = [] if found is None else [line for line in found.claims if line.status in ACCEPTED]
    if found is not None and accepted:
        texts = claim_texts(matter)
        said = (_line(matter, texts[line.id].text, (line.id,)) for line in accepted if line.id in texts)
        return Reply("claims", tuple(said))
    if verdict.attributed is not None:
        words = matter.statements.get(verdict.attributed)
        return Reply("statement", () if words is None else (Line(words.answer),), verdict.attributed)
    return Reply("class", (Line(class_words(matter, verdict.answer_class, lang)),))


def reply_title(matter: Matter, shown: Reply, lang: str) -> str:
    """What stands above a reply: whose words they are, and whether they are the council's decision."""
    undecided = matter.verdict.answer_class is None
    if shown.kind == "class":
        return say("ask.answer", lang)
    if shown.kind != "statement":
        return say(f"account.reply.{shown.kind}{'_undecided' if undecided else ''}", lang)
    seat = seat_of(matter, shown.ask)
    if undecided:
        return say("ask.shown", lang, seat=seat)
    ranked = matter.verdict.arbitration is not None and matter.verdict.arbitration.ranking
    return say("account.reply.ranked" if ranked else "ask.shown_agreed", lang, seat=seat)


def dissent_title(matter: Matter, lang: str) -> str:
    """What stands above the statements that do not lead: no minority opposes where nothing was decided."""
    undecided = matter.is_open and matter.verdict.answer_class is None and matter.verdict.arbitration
    return say("account.others" if undecided else "ask.dissent", lang)


def line_marks(line: Line, lang: str) -> str:
    """What stands behind a line: the mark of the unverified, its claims and its seats; empty for a plain answer."""
    if not line.claims:
        return ""
    mark = say("account.unverified", lang) if line.unverified else ""
    return f"{mark} [{comma(lang).join(line.claims)}: {seats_words(line.seats, lang)}]"


def claim_texts(matter: Matter) -> dict[str, StatedClaim]:
    """Every claim of the opened statements by its id."""
    opens = opens_of(matter.statements)
    return {name: claim for ask, said in opens.items() for name, claim in named(ask, said).items()}


def _sentences(matter: Matter, found: Arbitrated, ask: str) -> tuple[Line, ...]:
    """The draft's sentences, read as they were when they were counted; in one piece where some claim is closed."""
    said, texts = matter.statements.get(ask), claim_texts(matter)
    if said is None:
        return ()
    accepted = [line.id for line in found.claims if line.status in ACCEPTED]
    if not set(accepted) <= texts.keys():
        return (Line(said.answer),)
    allowed = labelled(accepted)
    read = read_draft(said.text, allowed, {claim: support(texts[claim]) for claim in accepted})
    if not isinstance(read, Draft):
        return (Line(said.answer),)
    return tuple(_line(matter, sentence.text, sentence.claims) for sentence in read.sentences)


def _line(matter: Matter, text: str, claims: tuple[str, ...]) -> Line:
    found = matter.verdict.arbitration
    lines = [line for line in found.claims if line.id in claims] if found else []
    behind = {seat for line in lines for seat in line.supporters}
    return Line(
        text,
        claims,
        tuple(report.seat for report in matter.verdict.seats if report.seat in behind),
        bool(lines) and all(line.status == "unverified" for line in lines),
    )


# Claims.


def claim_parts(matter: Matter, lang: str) -> tuple[Part, ...]:
    """Every claim with its votes and what the verifier found, how many are borne out, and those not accepted."""
    found = matter.verdict.arbitration
    if found is None or not found.claims:
        return ()
    held = [line for line in found.claims if line.status in ACCEPTED]
    rest = [line for line in found.claims if line.status not in ACCEPTED]
    covered = () if found.coverage is None else (coverage_words(found.coverage, lang),)
    parts = (
        _claims(matter, "claims", held, lang, covered),
        _claims(matter, "dissent_claims", rest, lang),
    )
    return tuple(part for part in parts if part.rows or part.lines)


def coverage_words(coverage: tuple[int, int], lang: str) -> str:
    """How many of the accepted claims the materials bear, or that none was accepted."""
    supported, accepted = coverage
    if not accepted:
        return say("account.coverage_none", lang)
    return say("account.coverage", lang, supported=supported, accepted=accepted)


def _claims(matter: Matter, key: str, lines: list[ClaimLine], lang: str, said: tuple[str, ...] = ()) -> Part:
    texts = claim_texts(matter)
    rows = (_claim(texts.get(line.id), line, lang) for line in lines)
    keys = ("claim", "text", "status", "for", "against", "basis", "found")
    columns = tuple(say(f"account.column.{each}", lang) for each in keys)
    return Part(key, say(f"account.{key}", lang), said, columns, tuple(rows))


def _claim(claim: StatedClaim | None, line: ClaimLine, lang: str) -> tuple[str, ...]:
    return (
        line.id,
        say("account.closed", lang) if claim is None else claim.text,
        say(f"account.claim.{line.status}", lang),
        seats_words(line.supporters, lang),
        seats_words(line.opposers, lang),
        _basis(claim, line, lang),
        say(f"account.support.{line.support}", lang),
    )


def _basis(claim: StatedClaim | None, line: ClaimLine, lang: str) -> str:
    if line.basis == "none":
        return say("ask.no_basis", lang)
    if claim is None:
        return say("account.closed", lang)
    return f"{claim.source} 「{claim.quote}」" if claim.quote else claim.source


# What it rests on.


def ground_parts(matter: Matter, lang: str) -> tuple[Part, ...]:
    """The day and topic it was asked for, how far each model's knowledge goes, and the materials."""
    terms = matter.terms
    if terms is None:
        return ()
    lines = [say("account.as_of", lang, day=terms.as_of)]
    if terms.subject is not None:
        lines.append(say("account.subject", lang, topic=topic_words(terms.subject, lang)))
    lines += _cutoffs(matter, terms, lang)
    parts = [Part("ground", say("account.ground", lang), tuple(lines))]
    if terms.sources:
        parts.append(_materials(matter, terms, lang))
    return tuple(parts)


def _cutoffs(matter: Matter, terms: Terms, lang: str) -> Iterator[str]:
    """How far the models' knowledge goes, the seats of one day together."""
    seats: dict[str, list[str]] = {}
    for report in matter.verdict.seats:
        if report.card is not None:
            facts = terms.cards.get(report.card)
            day = facts.cutoff if facts is not None and facts.cutoff else say("account.cutoff_unknown", lang)
            seats.setdefault(day, []).append(report.seat)
    for day, held in seats.items():
        yield say("account.cutoff", lang, day=day, seats=seats_words(tuple(held), lang))


def _materials(matter: Matter, terms: Terms, lang: str) -> Part:
    """Every material with what is stated of it, and what a reader has to know before relying on it."""
    titles = {
        name: text.split("\n", 1)[0].strip("〔〕") for name, text in material_texts(matter.question).items()
    }
    day = datetime.date.fromisoformat(terms.as_of)
    rows = []
    for source in terms.sources:
        rank = say(f"account.rank.{source.rank}", lang)
        told = [say(f"account.material.{code}", lang) for code in material_warnings(source, day)]
        if source.personal:
            told.append(say("account.material.personal", lang))
        rows.append(
            (
                source.id,
                titles.get(source.id, "-"),
                source.date or say("account.undated", lang),
                f"{rank}・{say('account.position', lang)}" if source.position else rank,
                source.licence,
                comma(lang).join(told) or "-",
            )
        )
    keys = ("material", "title", "date", "rank", "licence", "warning")
    columns = tuple(say(f"account.column.{each}", lang) for each in keys)
    return Part("materials", say("account.materials", lang), (), columns, tuple(rows))
