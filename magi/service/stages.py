"""What each stage of a deliberation asks a seat for, and how what comes back is read.

- answer: the form of the council; without terms, or where no grave concern is asked for, version 1 of it;
- rebuttal: the same form again, under the other positions without names and numbers;
- review: the other statements under labels, in an order of the reviewer's own;
- write: the accepted claims, under labels, to draft the reply from.

Promises: pure; prompt and reading depend only on the intent, the question as it is shown, the ask and what was said
before, so that crash recovery and replay come to the same bytes and the same ballots. What is said of oneself is
never shown back as somebody else's. Leaves to others: sending (`gateway`), recording (`run`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from magi.core import ballot_form, open_form
from magi.core.answers import Answer, classify_open
from magi.core.answers.concern import counted_severity
from magi.core.answers.evasion import told
from magi.core.answers.outcome import Abstention, Canonical, Failure, Refusal
from magi.core.canonical import digest
from magi.core.card import Card
from magi.core.claims import OpenStatement, StatedClaim, merged, named, read_open
from magi.core.contested import repeated
from magi.core.contradiction import contradictions
from magi.core.draft import labelled, read_draft, support
from magi.core.draft import render as render_claims
from magi.core.effects import Ask
from magi.core.form import places, schema, template_for
from magi.core.grounding import ClaimText, check_all
from magi.core.material import laws
from magi.core.open_verdict import REVERSED
from magi.core.peer import Review, Sheet, read_review, reversed_sheet, sheet
from magi.core.peer_shown import render as render_sheet
from magi.core.prompts import Templates
from magi.core.rebuttal import Spoken
from magi.core.rebuttal import shown as positions
from magi.core.record import Checked, Opened
from magi.core.rules.count import SIMPLE
from magi.core.said import Claim, Reviewed, Written
from magi.core.space import AnswerSpace, OpenSpace
from magi.core.state import REVIEW, WRITE
from magi.core.terms import Terms
from magi.service.question import Question
from magi.service.reply import Heard, Statement, hear

CHECK_METHOD = "grounding/1"
"""What a `checked` record names; a change that changes a finding needs the next number."""


@dataclass(frozen=True)
class Scene:
    """What is known when a seat is asked: the question as seats are shown it, and what was said before.

    `text` is the question's text with its history before it; `asked` the question as it was asked; `statements` are
    those that the ask derives from, so that what came too late for it changes nothing; `names` those of seats, models
    and makers, which no prompt shows.
    """

    opened: Opened
    asked: Question
    shown: Question
    text: str
    statements: Mapping[str, Statement]
    names: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The digest by which orders are chosen."""
        return digest(self.asked.to_bytes())

    @property
    def opens(self) -> dict[str, OpenStatement]:
        """The open statements of the first round by ask."""
        return opens_of(self.statements)


def opens_of(statements: Mapping[str, Statement]) -> dict[str, OpenStatement]:
    """The open statements of the first round by ask."""
    read = {ask: read_open(said.text) for ask, said in statements.items() if ask.startswith("a")}
    return {ask: each for ask, each in read.items() if isinstance(each, OpenStatement)}


def first_template(space: AnswerSpace, terms: Terms | None, rule: str) -> str:
    """The template of the answers: version 1 without terms, and where they ask for nothing more."""
    if terms is None or isinstance(space, OpenSpace):
        return "answer/open@2" if terms and terms.peer_review else template_for(space)
    if rule in SIMPLE and not terms.severity_floor:
        return template_for(space)
    return ballot_form.template_for(space, rule)


def templates_of(space: AnswerSpace, terms: Terms | None, rule: str) -> tuple[str, ...]:
    """Every template that this deliberation may use, the answers' first."""
    first = first_template(space, terms, rule)
    if terms is None:
        return (first,)
    if isinstance(space, OpenSpace):
        return (first, REVIEW, WRITE) if terms.peer_review else (first,)
    return (first, ballot_form.rebuttal_template_for(space, rule)) if terms.rebuttal else (first,)


def names_of(opened: Opened, cards: Mapping[str, Card], question: str) -> tuple[str, ...]:
    """What would tell who spoke: seats, models, makers; but for those that the question itself is about."""
    seats = [plan.seat for plan in opened.seats]
    known = [cards[target] for plan in opened.seats for target in plan.targets if target in cards]
    models = [
        name
        for card in known
        for name in (card.id, card.title, card.model.developer, card.model.family, card.endpoint.model)
    ]
    return tuple(name for name in dict.fromkeys((*seats, *models)) if name not in question)


def prompt(templates: Templates, scene: Scene, ask: Ask, max_chars: int) -> tuple[str, dict[str, object]]:
    """The user text of an ask and the JSON schema of its form; `max_chars` bounds each free text (0: open)."""
    variables, form = _asked_for(scene, ask, max_chars)
    return templates.render(ask.template, variables), form


def _asked_for(scene: Scene, ask: Ask, max_chars: int) -> tuple[dict[str, str], dict[str, object]]:
    opened, space, terms = scene.opened, scene.shown.space, scene.opened.arbitration
    if ask.stage == "review":
        seen = _sheet(scene, ask.ask)
        shown = render_sheet(seen, scene.opens, scene.names)
        return open_form.review_places(scene.text, shown), open_form.review_schema(seen, max_chars)
    if ask.stage == "write":
        allowed, texts = _allowed(scene.statements, ask.inputs)
        worded = {claim: _with_source(texts[claim]) for claim in allowed.values()}
        claims = render_claims(allowed, worded, scene.names)
        return open_form.write_places(scene.text, claims), open_form.draft_schema(allowed, max_chars)
    plain = places(space, scene.text, scene.shown.options)
    if isinstance(space, OpenSpace):
        version_2 = terms is not None and terms.peer_review
        return plain, open_form.open_schema(max_chars) if version_2 else schema(space, max_chars)
    if terms is None or (ask.stage == "answer" and ask.template == template_for(space)):
        return plain, schema(space, max_chars)
    form = ballot_form.schema(space, opened.rule.name, max_chars, concern=terms.severity_floor)
    statements = _positions(scene, ask) if ask.stage == "rebuttal" else None
    return ballot_form.places(space, scene.text, scene.shown.options, statements=statements), form


def _with_source(claim: StatedClaim) -> str:
    return f"{claim.text}(根拠: {claim.source})" if claim.source else claim.text


def _positions(scene: Scene, ask: Ask) -> str:
    """The positions of the first round as the seat of this ask reads them."""
    spoken = {
        name: Spoken(ballot.ballot, _worded(scene, ballot), said.reason, said.basis)
        for name in ask.inputs
        if (said := scene.statements.get(name)) is not None
        for ballot in (_read_closed(scene.opened, scene.asked, said.text),)
        if isinstance(ballot, Answer)
    }
    return positions(scene.digest, int(ask.ask[1:]), spoken, scene.names)


def _worded(scene: Scene, answer: Answer) -> str:
    """An answer in words: an option with its text."""
    text = scene.shown.options.get(answer.ballot)
    return answer.words if text is None else f"{answer.ballot}: {text}"


def _sheet(scene: Scene, ask: str) -> Sheet:
    seen = sheet(scene.digest, int(ask[1:]), scene.opens)
    return reversed_sheet(seen) if ask.startswith(REVERSED) else seen


def _allowed(
    statements: Mapping[str, Statement], inputs: Sequence[str]
) -> tuple[dict[str, str], dict[str, StatedClaim]]:
    """The labels of the accepted claims, and every claim by its id."""
    opens = opens_of(statements)
    texts = {name: claim for ask, said in opens.items() for name, claim in named(ask, said).items()}
    return labelled([name for name in inputs if name in texts]), texts


# Reading.


def read_stage(scene: Scene, ask: str, stage: str, inputs: Sequence[str], text: str) -> Heard:
    """Read what a seat said at a stage; `text` is readable, and no refusal by the backend.

    Words that are not Unicode text cannot be kept, so they are a failure; the raw bytes are in the exchange.
    """
    if scene.opened.arbitration is None:
        return hear(text, None, scene.asked, refused=False)
    match stage:
        case "review":
            heard = _reviewed(scene, ask, text)
        case "write":
            heard = _written(scene, inputs, text)
        case _:
            heard = _spoken(scene, scene.opened.arbitration, ask, text)
    try:
        if heard.words is not None:
            heard.words.to_bytes()
    except ValueError:
        return Heard("failure", None, "unparsable", None)
    return heard


def _spoken(scene: Scene, terms: Terms, ask: str, text: str) -> Heard:
    """An answer or a second ballot."""
    if isinstance(scene.opened.space, OpenSpace) and terms.peer_review:
        opened = read_open(text)
        if isinstance(opened, OpenStatement):
            return _open_answer(ask, text, opened)
        return _silent(opened, text)
    said = _read_closed(scene.opened, scene.asked, text)
    if not isinstance(said, Answer):
        return _silent(said, text)
    words = Statement(text, said.words, said.reason, said.basis)
    severity = counted_severity(said, text) if terms.severity_floor else None
    heard = Heard("answer", said.ballot, None, words, severity=severity)
    claim = Claim(id="c1", basis="stated" if said.basis else "none")
    return replace(heard, claims=(claim,), repeats=repeated(f"{said.words}\n{said.reason}"))


def _read_closed(opened: Opened, question: Question, text: str) -> Canonical:
    """A statement that is no version 2 open answer: the ballot of the council's rule on this space."""
    if isinstance(question.space, OpenSpace):
        said = read_open(text)
        return Answer("", said.reason, (), said.answer) if isinstance(said, OpenStatement) else said
    return ballot_form.read_ballot(text, question.space, opened.rule.name, question.options)


def _open_answer(ask: str, text: str, said: OpenStatement) -> Heard:
    basis = tuple(dict.fromkeys(claim.source for claim in said.claims if claim.source))
    claims = tuple(Claim(id=name, basis=claim.basis) for name, claim in named(ask, said).items())
    everything = "\n".join((said.answer, *(claim.text for claim in said.claims)))
    return Heard(
        "answer",
        "",
        None,
        Statement(text, said.answer, said.reason, basis),
        claims=claims,
        severity=said.severity,
        repeats=repeated(everything),
    )


def _reviewed(scene: Scene, ask: str, text: str) -> Heard:
    review = read_review(text, _sheet(scene, ask))
    if not isinstance(review, Review):
        return _silent(review, text)
    said = Reviewed(ranking=review.ranking, votes=dict(review.votes))
    return Heard("answer", "", None, Statement(text, "", "", ()), review=said)


def _written(scene: Scene, inputs: Sequence[str], text: str) -> Heard:
    allowed, texts = _allowed(scene.statements, inputs)
    draft = read_draft(text, allowed, {claim: support(texts[claim]) for claim in allowed.values()})
    if isinstance(draft, Refusal | Abstention | Failure):
        return _silent(draft, text)
    written = Written(
        sentences=tuple(sentence.claims for sentence in draft.sentences), removed=len(draft.removed)
    )
    words = Statement(text, draft.text, "", ())
    return Heard("answer", "", None, words, written=written, repeats=repeated(draft.text))


def _silent(said: Canonical, text: str) -> Heard:
    """What is no answer: the words are kept, the ballot is none."""
    kind = told(said, text)
    failure = said.name.value if isinstance(said, Failure) and kind == "failure" else None
    reason = said.reason if isinstance(said, Refusal | Abstention) else ""
    return Heard(kind, None, failure, Statement(text, "", reason, ()))


# What the core wants sorted and checked.


def classes_of(opened: Opened, statements: Mapping[str, Statement], asks: Sequence[str]) -> dict[str, str]:
    """Classes of the open statements by ask, and under each claim's id the one that it is counted under."""
    found = classify_open({ask: statements[ask].answer for ask in asks})
    if opened.arbitration is None or not opened.arbitration.peer_review:
        return found
    opens = {ask: said for ask, said in opens_of(statements).items() if ask in asks}
    return found | {member: group.id for group in merged(opens) for member in group.members}


def checked(
    opened: Opened, statements: Mapping[str, Statement], claims: Sequence[str], materials: Mapping[str, str]
) -> Checked:
    """What the materials (id to text) bear of the claims, and which claims contradict each other."""
    terms = opened.arbitration
    statutes = laws(terms.sources) if terms else frozenset()
    _, texts = _allowed(statements, claims)
    known = [name for name in claims if name in texts]
    asked = [
        ClaimText(id=name, text=texts[name].text, source=texts[name].source, quote=texts[name].quote)
        for name in known
    ]
    findings = check_all(asked, materials, statutes)
    return Checked(
        findings={name: finding.status for name, finding in zip(known, findings, strict=True)},
        contradicting=contradictions({name: texts[name].text for name in known}),
        method=CHECK_METHOD,
    )
