"""The verdict alone, from what the backends sent: read every recorded exchange again and feed the core. Pure.

For streams whose whole pipeline cannot run again (another prompt, another card). Each recorded answer, second
ballot, review and draft is read by today's protocol and readers, as what the core asked for; texts are sorted and
claims checked anew; the order, deadlines, cancellations and terms are the record's. An answer without an exchange (a
failure has none) counts as recorded. Leaves to others: the record's bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.decided import Decided
from magi.core.deliberation import advance, start
from magi.core.effects import Ask, Check, Decide, Effect
from magi.core.errors import MagiError
from magi.core.record import Answered, Checked, Classified, Event, Opened, Record
from magi.gateway.exchange import Exchange
from magi.gateway.protocols.openai_chat import Trouble, read
from magi.service.masked import shown_as, unmask_answer, unmask_words
from magi.service.question import Question, read_question
from magi.service.reply import Heard, Statement, hear, read_statement
from magi.service.sources import texts as material_texts
from magi.service.stages import Scene, checked, classes_of, read_stage


def verdict_again(records: Sequence[Record], bodies: Mapping[str, bytes]) -> Decided | None:
    """The verdict that the core reaches from the recorded exchanges; None where it reaches none, or not one.

    `records` are those of one stream, its verdict included; `bodies` maps commitment to plaintext, and an exchange
    that is not there leaves its answer as recorded.
    """
    opened = records[0].data
    if not isinstance(opened, Opened):
        return None
    reader = _Reader(opened, _question(records, bodies), bodies)
    state, effects = start(opened)
    reader.take(effects)
    decisions = [effect.verdict for effect in effects if isinstance(effect, Decide)]
    for record in records[1:]:
        if isinstance(record.data, Decided):
            break
        state, effects = advance(state, reader.again(record))
        reader.take(effects)
        decisions += [effect.verdict for effect in effects if isinstance(effect, Decide)]
    return decisions[0] if len(decisions) == 1 else None


@dataclass
class _Reader:
    """Reads one stream again, record by record. Owns what was said so far and what the core has asked for."""

    opened: Opened
    question: Question | None
    bodies: Mapping[str, bytes] = field(repr=False)
    statements: dict[str, Statement] = field(default_factory=dict, repr=False)
    asks: dict[str, Ask] = field(default_factory=dict)
    claims: tuple[str, ...] = ()

    def take(self, effects: Iterable[Effect]) -> None:
        """Note what the core asks for."""
        for effect in effects:
            if isinstance(effect, Ask):
                self.asks[effect.ask] = effect
            elif isinstance(effect, Check):
                self.claims = effect.claims

    def again(self, record: Record) -> Event:
        """The event of a record as it is read today."""
        event = record.data
        if isinstance(event, Answered):
            return self._answered(record, event)
        if isinstance(event, Classified):
            # In seat order, which a record's canonical bytes do not keep past nine seats.
            asks = sorted(
                (name for name in event.classes if "." not in name), key=lambda ask: (len(ask), ask)
            )
            if set(asks) <= self.statements.keys():
                return event.model_copy(update={"classes": classes_of(self.opened, self.statements, asks)})
        if isinstance(event, Checked) and self.question is not None:
            texts = material_texts(self.question)
            return checked(self.opened, self.statements, self.claims, texts)
        return event

    def _answered(self, record: Record, event: Answered) -> Answered:
        heard = self._heard(record, event)
        if heard is None:
            self._keep(event.ask, self._recorded(record))
            return event
        self._keep(event.ask, heard.words)
        said = {name: value for name, value in vars(heard).items() if name != "words"}
        return event.model_copy(update=said)

    def _keep(self, ask: str, words: Statement | None) -> None:
        if words is not None:
            self.statements[ask] = words

    def _recorded(self, record: Record) -> Statement | None:
        """The words as they were kept; None where they are gone."""
        ref = record.ref("answer")
        body = None if ref is None else self.bodies.get(ref.commitment)
        return None if body is None else read_statement(body)

    def _heard(self, record: Record, event: Answered) -> Heard | None:
        """What an answer is read as today; None where nothing is there to read."""
        ref = record.ref("exchange")
        raw = None if ref is None else self.bodies.get(ref.commitment)
        if raw is None or self.question is None:
            return None
        try:
            table = shown_as(self.opened, self.question).table
            said = read(Exchange.from_bytes(raw))
        except MagiError:
            return None
        if isinstance(said, Trouble):
            return hear(None, said.failure, self.question, refused=False)
        text, ask = unmask_answer(said.text, table), self.asks.get(event.ask)
        if said.refused or text is None or ask is None:
            heard = hear(text, None, self.question, refused=said.refused)
        else:
            heard = read_stage(self._scene(ask, self.question), ask.ask, ask.stage, ask.inputs, text)
        words = unmask_words(heard.words, table)
        return Heard(**{**vars(heard), "words": words})

    def _scene(self, ask: Ask, question: Question) -> Scene:
        """What was known when this ask was put; nothing of it is shown to anybody here."""
        known = {name: said for name, said in self.statements.items() if name in ask.derived_from}
        return Scene(self.opened, question, question, question.text, known)


def _question(records: Sequence[Record], bodies: Mapping[str, bytes]) -> Question | None:
    ref = records[0].ref("question")
    body = None if ref is None else bodies.get(ref.commitment)
    return None if body is None else read_question(body)
