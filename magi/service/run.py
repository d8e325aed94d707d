"""START HERE. One deliberation, from a question to a durable verdict, in numbered steps.

1. Label the question and all it brings along; refuse classified text without keeping it. Where the profile masks,
   seats will see pseudonyms for identifiers, and the plan is made for that text.
2. Plan: which seats may see a text of that label; refuse a council that may not deliberate on the rest.
3. Record the intent (`opened`), durable, before anything is sent.
4. Ask the seats that the core names, stage by stage. Each attempt gets a ticket, recorded durably before the guard
   sends.
5. Feed what comes back to the core, in the order in which it was recorded.
6. Record the verdict (`decided`) with the reply, durable, before anything is shown.

The same loop takes up a deliberation that another process left open (`take_up`). Nothing here decides: the
core does. A failure of the ledger ends the run without a reply; the stream stays open and the next start
closes it.
"""

import asyncio
import datetime
import unicodedata
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol

import structlog

from magi.core.answers import CLASSIFY_METHOD
from magi.core.card import JAPAN_TIME, Card
from magi.core.council import Council, check_council
from magi.core.decided import Decided
from magi.core.deliberation import advance, feed, start
from magi.core.effects import Ask, Cancel, Check, Classify, Decide, Effect, SetDeadline
from magi.core.errors import ConflictError, CouncilRefusedError, MagiError, QuestionRefusedError
from magi.core.form import HISTORY, turns_text
from magi.core.ports import NO_MARKS, Clock, Draft, Entropy, Ledger, Marks
from magi.core.prompts import Templates
from magi.core.record import (
    Alarm,
    Answered,
    AttemptFailed,
    Cancelled,
    Classified,
    DeadlinePassed,
    Event,
    LabelRaised,
    Manifest,
    Opened,
    Record,
    Refused,
    Ticketed,
)
from magi.core.roles import AccessRules
from magi.core.said import Tokens
from magi.core.state import State
from magi.core.terms import Terms
from magi.gateway.client import AttemptReport, Order, Told
from magi.gateway.ticket import Ticket, Wire
from magi.residency.label import Label
from magi.residency.labelling import Finding
from magi.residency.masking import unmasked_label
from magi.residency.plan import check, plan, seat_plans, seated
from magi.residency.policy import Profile, is_foreign
from magi.service.labelled import (
    Labelled,
    beyond_cleared,
    carriers,
    label_request,
    own_digest,
    raised,
    refuse_classified,
    without_distrusted,
)
from magi.service.labelling import Residency
from magi.service.masked import (
    MaskedQuestion,
    Shown,
    answer_finding,
    at_home,
    mask_request,
    shown_as,
    unmask_answer,
    unmask_words,
)
from magi.service.materials import Reader
from magi.service.question import Question
from magi.service.reply import Deliberation, Heard, Statement, hear, label_of, read_statement, reply_bytes
from magi.service.sources import sources
from magi.service.sources import texts as material_texts
from magi.service.stages import (
    Scene,
    checked,
    classes_of,
    names_of,
    prompt,
    read_stage,
    templates_of,
)
from magi.service.terms import make_terms

if TYPE_CHECKING:
    from magi.materials.found import Extracted

log = structlog.get_logger()

EGRESS = "egress_"
"""What the gateway puts before the guard's reason in a failure."""
CLAIM_MS = 6_000
"""A claim outlives two missed renewals; after a kill, another host waits this long before it takes over."""
ID_BYTES = 8
"""64 random bits name a deliberation; 2**32 of them before a collision is likely, and then T1 conflicts."""

Watch = Callable[[Record], None]


async def wait_out(name: str, seconds: float) -> None:
    """Wait for a deadline by the running loop's time, whatever its name."""
    del name
    await asyncio.sleep(seconds)


def unwatched(record: Record) -> None:
    """Watch nothing."""
    del record


class Models(Protocol):
    """The gateway as the service sees it; see `magi.gateway.client.Client`."""

    async def ask(
        self,
        order: Order,
        authorise: Callable[[Ticket, Wire], Awaitable[None]],
        failed: Callable[[AttemptReport], Awaitable[None]],
    ) -> Told:
        """Own the attempts and fallbacks of one ask."""
        ...


@dataclass(frozen=True)
class Tools:
    """All that a deliberation needs, injected by `magi.wiring`."""

    tenant: str
    owner: str
    ledger: Ledger
    models: Models
    cards: Mapping[str, Card]
    templates: Templates
    profile: Profile
    residency: Residency
    code: str
    lock: str
    clock: Clock
    entropy: Entropy
    ancestry: Callable[[bytes], str]
    check_callable: Callable[[str, Sequence[Card]], None]
    live: dict[str, Callable[[Label, str], Awaitable[int]]] = field(default_factory=dict)
    """How to raise the label of each deliberation that runs in this process; the runs own their entries."""
    reader: Reader = field(default_factory=Reader)
    """What reads files; whoever made the tools closes it. Its processes start with the first file."""
    wait: Callable[[str, float], Awaitable[None]] = wait_out
    """How a named deadline is waited for, in seconds; a replay waits for its place in the record."""
    access: AccessRules | None = None
    """By which rules a caller of the service reads recorded texts; None: whoever reaches it may."""
    announces: bool = True
    """Whether a verdict is logged; that of a replay was logged when it was reached."""
    terms: "Callable[[Request], Terms | None] | None" = None
    """The terms of arbitration where they are on record already (a replay); None: they are made."""

    def message_digest(self, text: str) -> str:
        """The keyed digest by which a message is known again, whatever white space a client put around it."""
        return self.ancestry(unicodedata.normalize("NFC", text).strip().encode())

    def idempotency_hash(self, key: str) -> str:
        """The keyed digest under which the ledger knows an idempotency key."""
        return self.ancestry(f"idempotency:{key}".encode())

    def today(self) -> datetime.date:
        """The day in Japan: evidence dates are Japanese dates."""
        return datetime.datetime.fromtimestamp(self.clock.now_ms() / 1000, JAPAN_TIME).date()


Render = Callable[[Question, Decided, Mapping[str, Statement], Terms | None], str]
"""How the edge words a reply, under the terms that were decided by; its text is recorded with the verdict."""


@dataclass(frozen=True)
class Request:
    """What to deliberate on: the question, the council, the declared label's word (None: undeclared).

    `lowering` cites the record by which a named person overruled the detectors on this text. `materials` are the
    files whose visible text is in the question's history (`magi.service.materials.attach`). `subject` is the topic that
    the asker declares.
    """

    question: Question
    council: Council
    label: str | None = None
    idempotency_key: str | None = None
    render: Render | None = None
    lowering: int | None = None
    materials: "tuple[Extracted, ...]" = ()
    subject: str | None = None


async def deliberate(tools: Tools, request: Request, watch: Watch = unwatched) -> Deliberation:
    """Deliberate on one question and return the durable verdict.

    `watch` is called with every durable record as it comes; it must not block.

    Raises:
        CouncilRefusedError: the council may not deliberate, or not on a text of this label (recorded).
        ConflictError: the idempotency key belongs to a deliberation that is still open.
        LedgerUnavailableError, UncertainError: nothing is shown; the next start closes the stream.
    """
    check(request.council, tools.cards, tools.profile, tools.today())
    # 1. Label.
    stream = f"d/{tools.entropy.token(ID_BYTES).hex()}"
    labelled = await label_request(tools, request)
    await refuse_classified(tools, request, labelled, stream)
    masked = await mask_request(tools, request, labelled, stream)
    # 2. Plan.
    opened = await _opened(tools, request, labelled, masked)
    await _check_seated(tools, request.council, opened, stream)
    # 3. Intent.
    run = Run(tools, stream, request.question, watch, render=request.render)
    body = request.question.to_bytes()
    marks = Marks(
        ancestry=labelled.marks,
        idempotency_hash=opened.idempotency_hash,
        owner=tools.owner,
        ttl_ms=CLAIM_MS,
    )
    try:
        await run.append([Draft(opened, {"question": body})], marks)
    except ConflictError as error:
        return await recorded(tools, request, str(error.facts.get("stream", "")), error)
    except asyncio.CancelledError:
        await asyncio.shield(run.close_for_user())
        raise
    # 4-6. Ask, feed, decide.
    state, effects = start(opened)
    try:
        return await run.to_the_end(state, effects)
    except ConflictError as error:
        return await recorded(tools, request, stream, error)


async def recorded(tools: Tools, request: Request, stream: str, conflict: ConflictError) -> Deliberation:
    """The deliberation that won: it holds this idempotency key, or another process took this one over.

    Raises:
        ConflictError: it has no verdict yet.
        QuestionRefusedError: idempotency_reused, the key was used for another question.
    """
    from magi.service.recover import read_deliberation  # noqa: PLC0415  # the two modules tell one story

    records = await tools.ledger.read(stream)
    if not any(isinstance(record.data, Decided) for record in records):
        raise conflict
    done = await read_deliberation(tools, stream, records)
    if done.question.to_bytes() != request.question.to_bytes():
        raise QuestionRefusedError("idempotency_reused", stream=stream)
    return done


async def _opened(
    tools: Tools, request: Request, labelled: Labelled, masked: MaskedQuestion | None
) -> Opened:
    """The intent: label and plan are those of what will be sent, hits those of the question as it was asked."""
    council, question = request.council, request.question
    finding = masked.finding if masked else labelled.finding
    admissions = plan(
        council, tools.cards, finding.label, tools.profile, tools.today(), topics=finding.topics
    )
    terms = await _terms(tools, request, finding.topics, masked)
    templates = templates_of(question.space, terms, council.rule.name)
    prompts = (*templates, *(f"persona/{seat.persona}" for seat in council.seats))
    prompts += (HISTORY,) if question.history else ()
    targets = sorted({target for seat in council.seats for target in seat.targets})
    key = request.idempotency_key
    return Opened(
        tenant=tools.tenant,
        space=question.space,
        space_source=question.decision.source,
        council=council.name,
        seats=seat_plans(council),
        template=templates[0],
        rule=council.rule,
        quorum=council.quorum,
        attempts=council.attempts,
        profile=tools.profile.name,
        label=int(finding.label),
        declared=request.label is not None,
        hits=labelled.finding.hits,
        topics=tuple(sorted(finding.topics)),
        cleared=labelled.cleared,
        lowering=request.lowering,
        masked=len(masked.table) if masked else 0,
        plan=without_distrusted(at_home(admissions, tools.cards, masked), terms),
        ancestors=labelled.ancestors,
        manifest=Manifest(
            code=tools.code,
            lock=tools.lock,
            prompts={name: tools.templates.digest(name) for name in prompts},
            cards={target: tools.cards[target].digest for target in targets},
            council=council.digest,
            profile=tools.profile.version,
            detectors=tools.residency.version,
            dictionary=tools.residency.dictionary,
            reliability=terms.measured.profile if terms and terms.measured else None,
        ),
        deadline_ms=council.deadline_seconds * 1000,
        idempotency_hash=None if key is None else tools.idempotency_hash(key),
        arbitration=terms,
    )


async def _terms(
    tools: Tools, request: Request, topics: Collection[str], masked: MaskedQuestion | None
) -> Terms | None:
    """The terms of arbitration; of a masked question there is one round only.

    What seats say of it is kept with the names back, and to show it to other seats it would have to be masked again.
    """
    if tools.terms is not None:
        return tools.terms(request)
    today = tools.today()
    made = await make_terms(
        tools,
        request.council,
        request.question,
        topics=topics,
        subject=request.subject,
        today=today,
        sources=sources(request, today, tools.message_digest),
    )
    if made is None or masked is None:
        return made
    return made.model_copy(update={"rebuttal": False, "peer_review": False})


async def _check_seated(tools: Tools, council: Council, opened: Opened, stream: str) -> None:
    """Refuse, on record but without the text, when the seats that the label leaves may not deliberate.

    What merely cannot be called (a missing key) is refused too, with nothing to record.
    """
    resting = {each.seat for each in opened.arbitration.rested} if opened.arbitration else set()
    left = seated([seat for seat in council.seats if seat.seat not in resting], opened.plan)
    try:
        check_council(left, council.quorum, council.rule, tools.cards, council.name)
    except CouncilRefusedError as error:
        refusal = Refused(
            by="planner",
            reason=error.reason,
            ask=None,
            attempt=None,
            card=None,
            label=opened.label,
            plan=opened.plan,
            hits=opened.hits,
        )
        await tools.ledger.append(stream, 0, [Draft(refusal)])
        barred = tuple(f"{e.card}: {', '.join(e.reasons)}" for e in opened.plan if not e.admitted)
        rules = tuple(sorted({hit.rule for hit in opened.hits}))
        facts = {**error.facts, "label": Label(opened.label).word, "barred": barred, "rules": rules}
        raise CouncilRefusedError(error.reason, **facts) from error
    admitted = sorted({target for seat in left for target in seat.targets})
    tools.check_callable(council.name, [tools.cards[target] for target in admitted])


@dataclass
class Run:
    """One running deliberation. Owns the stream's next ordinal, the tasks and the inbox of events."""

    tools: Tools
    stream: str
    question: Question
    watch: Watch
    records: list[Record] = field(default_factory=list)
    statements: dict[str, Statement] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    render: Render | None = None
    _floor: int = 0
    _findings: dict[str, Finding] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _broken: Exception | None = None
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _inbox: asyncio.Queue[Draft | BaseException] = field(default_factory=asyncio.Queue)

    async def append(self, drafts: Sequence[Draft], marks: Marks = NO_MARKS) -> None:
        """Append to the stream, durable on return; one writer at a time keeps the ordinals.

        A cancellation waits for the write, which the ledger would not take back. After a failed write the
        ordinals are not known any more: every later append fails the same way, and a start mends the stream.
        """
        async with self._lock:
            if self._broken is not None:
                raise self._broken
            expect = len(self.records)
            writing = asyncio.create_task(self.tools.ledger.append(self.stream, expect, drafts, marks))
            cancelled = await _outlasted(writing)
            try:
                new = writing.result()
            except Exception as error:
                self._broken = error
                if cancelled is not None:
                    raise cancelled from error
                raise
            self.records.extend(new)
        for record in new:
            self.watch(record)
        if cancelled is not None:
            raise cancelled

    async def to_the_end(self, state: State, effects: Sequence[Effect]) -> Deliberation:
        """Carry out effects and feed events until the verdict is durable. Leaves no task behind."""
        self._start("claim", self._keep_claim)
        self.tools.live[self.stream] = self._raise
        try:
            verdict = await self._follow(state, effects)
        except asyncio.CancelledError:
            await asyncio.shield(self.close_for_user())
            raise
        finally:
            self.tools.live.pop(self.stream, None)
            await self._stop(tuple(self._tasks))
        if self.tools.announces:
            self._log(verdict)
        return Deliberation(self.stream, self.question, tuple(self.records), dict(self.statements))

    async def close_for_user(self) -> None:
        """The caller has gone: give up what runs and close the stream with the verdict that stands.

        Goes by the record, which may be one event ahead of where the loop was. What the ledger refuses here
        is logged, not raised: the caller's own cancellation comes first, and the next start closes the stream.
        """
        await self._stop(tuple(self._tasks))
        self._inbox = asyncio.Queue()
        events = [record.data for record in self.records]
        if not events or any(isinstance(event, Decided) for event in events):
            return
        try:
            state, effects = feed(events)
            if state.running or state.opened.arbitration:  # with terms, more could be asked
                given_up = Cancelled(asks=state.running, why="caller_gone", by="user")
                await self.append([Draft(given_up)])
                # Not `advance`: what no ask brings (classes, the check of claims) is still to be done.
                state, effects = feed([*events, given_up])
            await self._follow(state, effects)
        except MagiError as error:
            log.warning("deliberation.stays_open", stream=self.stream, code=error.code, reason=error.reason)

    async def _follow(self, state: State, effects: Sequence[Effect]) -> Decided:
        verdict = await self._perform(state, effects)
        while verdict is None:
            incoming = await self._inbox.get()
            if isinstance(incoming, BaseException):
                raise incoming
            # 5. Feed in the order of the record. Words that come too late to be recorded are in no reply.
            if isinstance(incoming.event, Answered) and "answer" in incoming.bodies:
                self.statements[incoming.event.ask] = read_statement(incoming.bodies["answer"])
            drafts = [incoming, *self._rise(incoming.event)]
            await self.append(drafts, self._risen_marks(drafts))
            for draft in drafts:
                state, effects = advance(state, draft.event)
                verdict = await self._perform(state, effects)
                if verdict is not None:
                    break
        return verdict

    # A label that rises in mid-deliberation.

    @property
    def _label(self) -> int:
        return label_of([record.data for record in self.records])

    def _rise(self, event: Event) -> list[Draft]:
        """The rise that an answer brings with it, in the same transaction: what it shows, the question held."""
        found = self._findings.get(event.ask) if isinstance(event, Answered) else None
        if not isinstance(event, Answered) or found is None or found.label <= self._label:
            return []
        return [Draft(raised(self.tools, self._opened, event.ask, self._label, found))]

    def _risen_marks(self, drafts: Sequence[Draft]) -> Marks:
        """Everything said so far takes the risen label, so that no later turn carries it abroad."""
        after = [draft.event.after for draft in drafts if isinstance(draft.event, LabelRaised)]
        if not after:
            return NO_MARKS
        said = carriers(self.tools, self.question)
        if any(isinstance(d.event, LabelRaised) and d.event.text == "question" for d in drafts):
            said += (own_digest(self.tools, self.question.text),)
        return Marks(ancestry=dict.fromkeys(said, max(after)))

    async def _raise(self, label: Label, by: str) -> int:
        """Take a person's word that this deliberation is more sensitive than it was labelled; what it then is."""
        if label > self._label:
            event = raised(self.tools, self._opened, "question", self._label, Finding(label))
            self._floor = max(self._floor, int(label))
            self._inbox.put_nowait(Draft(event, actor=by))
        return max(self._label, self._floor)

    async def _perform(self, state: State, effects: Sequence[Effect]) -> Decided | None:
        for effect in effects:
            match effect:
                case Ask():
                    self._start(effect.ask, partial(self._ask, state.opened, effect))
                case SetDeadline():
                    self._start(f"deadline {effect.name}", partial(self._wait, effect))
                case Cancel():
                    await self._stop(effect.asks)
                    await self.append([Draft(Cancelled(asks=effect.asks, why=effect.why, by="core"))])
                case Classify():
                    classes = classes_of(state.opened, self.statements, effect.asks)
                    self._inbox.put_nowait(Draft(Classified(classes=classes, method=CLASSIFY_METHOD)))
                case Check():
                    texts = material_texts(self.question)
                    self._inbox.put_nowait(
                        Draft(checked(state.opened, self.statements, effect.claims, texts))
                    )
                case Decide():
                    return await self._decide(effect.verdict)
        return None

    # 4. Ask.

    async def _ask(self, opened: Opened, ask: Ask) -> None:
        card = self.tools.cards[ask.targets[0]]
        user, form = prompt(self.tools.templates, self._scene(ask), ask, card.endpoint.max_text_chars)
        order = Order(
            ask=ask.ask,
            seat=ask.seat,
            targets=ask.targets,
            system=self.tools.templates.render(ask.persona, {}),
            user=user,
            schema=form,
            label=opened.label,
            derived_from=ask.derived_from,
            topics=opened.topics,
            cleared=opened.cleared,
            risen=lambda: max(self._label, self._floor),
            deadline_ms=self.tools.clock.monotonic_ms() + self._left_ms(opened),
            attempts=opened.attempts,
            first_attempt=self.attempts.get(ask.ask, 0) + 1,
        )
        told = await self.tools.models.ask(order, self._authorise, self._failed)
        self._inbox.put_nowait(await self._answered(opened, ask, told))

    @cached_property
    def _shown(self) -> Shown:
        return shown_as(self._opened, self.question)

    def _scene(self, ask: Ask) -> Scene:
        """What is known when this ask is put: of what was said only what it derives from."""
        shown = self._shown.question
        text = self._question_text(shown)
        return Scene(
            opened=self._opened,
            asked=self.question,
            shown=shown,
            text=text,
            statements={name: said for name, said in self.statements.items() if name in ask.derived_from},
            names=names_of(self._opened, self.tools.cards, text),
        )

    def _question_text(self, question: Question) -> str:
        history = [(turn.role, turn.text) for turn in question.history]
        if not history:
            return question.text
        variables = {"turns": turns_text(history), "question": question.text}
        return self.tools.templates.render(HISTORY, variables)

    async def _authorise(self, ticket: Ticket, wire: Wire) -> None:
        card = self.tools.cards[ticket.card]
        event = Ticketed(
            ask=ticket.ask,
            attempt=ticket.attempt,
            card=ticket.card,
            backend=ticket.backend,
            host=ticket.host,
            country=ticket.country,
            operator_country=card.backend.provider_country,
            law=card.backend.exposed_law,
            foreign=is_foreign(card),
            label=ticket.label,
            topics=ticket.topics,
            cleared=ticket.cleared,
            digest=ticket.digest,
            derived_from=ticket.derived_from,
            expires_ms=ticket.expires_ms,
        )
        await self.append([Draft(event, {"request": wire.body})])

    async def _failed(self, report: AttemptReport) -> None:
        """Record a failed attempt, and a refusal by name; what was barred before it had a ticket was none."""
        drafts: list[Draft] = []
        if report.alarm is not None:
            drafts.append(Draft(_alarm(report)))
        if report.failure.startswith(EGRESS):
            refusal = Refused(
                by="egress",
                reason=report.failure.removeprefix(EGRESS),
                ask=report.ask,
                attempt=report.attempt or None,
                card=report.card,
                label=self._label,
                plan=(),
                rules=report.rules,
            )
            drafts.append(Draft(refusal))
        if report.attempt:
            event = AttemptFailed(
                ask=report.ask,
                attempt=report.attempt,
                card=report.card,
                failure=report.failure,
                sent=report.sent,
            )
            bodies = {} if report.exchange is None else {"exchange": report.exchange.to_bytes()}
            drafts.append(Draft(event, bodies))
        await self.append(drafts)

    async def _answered(self, opened: Opened, ask: Ask, told: Told) -> Draft:
        table = self._shown.table
        text = unmask_answer(told.text, table)
        if told.failure is not None or told.refused or text is None:
            heard = hear(text, told.failure, self.question, refused=told.refused)
        else:
            heard = read_stage(self._scene(ask), ask.ask, ask.stage, ask.inputs, text)
        heard = replace(heard, words=unmask_words(heard.words, table))
        label = int(unmasked_label(opened, self._label))
        # Also what could not be read as words: the exchange that brought it would be kept.
        said = text if heard.words is None else heard.words.text
        if said is not None:
            read = await self._found(ask.ask, said)
            label = max(label, int(read.label))
            # Seats of a masked question see no names: what rises for them is what came, and what is not a name.
            came = await self._found(ask.ask, told.text or "") if table else read
            self._findings[ask.ask] = answer_finding(read, came, opened)
            label = max(label, int(self._findings[ask.ask].label))
            if label >= Label.CLASSIFIED:
                # Not kept: neither the words nor the exchange that brought them.
                heard, told = Heard("failure", None, "classified", None), replace(told, exchange=None)
        bodies = {}
        if heard.words is not None:
            bodies["answer"] = heard.words.to_bytes()
        if told.exchange is not None:
            bodies["exchange"] = told.exchange.to_bytes()
        event = Answered(
            ask=ask.ask,
            attempt=told.attempt,
            seat=ask.seat,
            stage=ask.stage,
            card=told.card,
            statement=heard.statement,
            ballot=heard.ballot,
            failure=heard.failure,
            claims=heard.claims,
            severity=heard.severity,
            repeats=heard.repeats,
            review=heard.review,
            written=heard.written,
            label=label,
            tokens=None if told.tokens is None else Tokens(prompt=told.tokens[0], completion=told.tokens[1]),
            cost=None,
            origin=told.origin,
        )
        return Draft(event, bodies)

    async def _found(self, ask: str, text: str) -> Finding:
        texts, cleared = [(ask, text)], self._opened.cleared
        new: tuple[int, ...] = ()
        if cleared:  # on the question's words, which later rounds may quote abroad, and on no others
            every = await self.tools.residency.label(texts, Label(self._label))
            new = beyond_cleared(every, text, self._shown.question, cleared)
        return await self.tools.residency.label(texts, Label(self._label), new, cleared)

    # 6. Decide.

    async def _decide(self, verdict: Decided) -> Decided:
        asks = [report.ask for report in verdict.seats if report.ask]
        text = self._worded(verdict)
        body = reply_bytes(verdict, self.statements, asks, text)
        label = int(unmasked_label(self._opened, self._label))
        seen = {self.tools.message_digest(text): label} if text else {}
        marks = Marks(ancestry=seen, closes=True)
        await self.append([Draft(verdict, {"reply": body})], marks)
        return verdict

    def _worded(self, verdict: Decided) -> str:
        if self.render is None:
            return ""
        return self.render(self.question, verdict, self.statements, self._opened.arbitration)

    # Tasks.

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Exception as error:  # noqa: BLE001  # handed to the loop, which raises it
                self._inbox.put_nowait(error)

        self._tasks[name] = asyncio.create_task(guarded(), name=f"{self.stream} {name}")

    async def _stop(self, names: Sequence[str]) -> None:
        tasks = {name: self._tasks[name] for name in names if name in self._tasks}
        for task in tasks.values():
            task.cancel()
        if tasks:
            await asyncio.wait(tasks.values())
        for name in tasks:
            del self._tasks[name]

    async def _wait(self, deadline: SetDeadline) -> None:
        seconds = min(deadline.after_ms, self._left_ms(self._opened)) / 1000
        await self.tools.wait(deadline.name, seconds)
        self._inbox.put_nowait(Draft(DeadlinePassed(name=deadline.name)))

    async def _keep_claim(self) -> None:
        while True:
            await asyncio.sleep(CLAIM_MS / 3000)
            if not await self.tools.ledger.claim(self.stream, self.tools.owner, CLAIM_MS):
                raise ConflictError("claim_lost", stream=self.stream)

    @property
    def _opened(self) -> Opened:
        return next(r.data for r in self.records if isinstance(r.data, Opened))

    def _left_ms(self, opened: Opened) -> int:
        """Milliseconds to the deadline, counted from the recorded opening."""
        return max(self.records[0].at_ms + opened.deadline_ms - self.tools.clock.now_ms(), 0)

    def _log(self, verdict: Decided) -> None:
        opened = self._opened
        log.info(
            "deliberation.decided",
            stream=self.stream,
            council=opened.council,
            label=self._label,
            outcome=verdict.outcome,
            flags=verdict.flags,
            seats=len(verdict.seats),
            took_ms=self.records[-1].at_ms - self.records[0].at_ms,
        )


async def _outlasted(writing: asyncio.Task[tuple[Record, ...]]) -> asyncio.CancelledError | None:
    """Wait for a write to end, however often the wait is cancelled; the last cancellation, to be raised then."""
    cancelled = None
    while not writing.done():
        try:
            await asyncio.wait((writing,))
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


def _alarm(report: AttemptReport) -> Alarm:
    return Alarm(
        reason=report.alarm or report.failure,
        ask=report.ask,
        attempt=report.attempt,
        card=report.card,
        stated=report.stated,
        length=report.stated_bytes,
    )
