"""The verdict alone, from what the backends sent: read every recorded exchange again and feed the core. Pure.

For streams whose whole pipeline cannot run again (another prompt, another card, a crash in the middle). Each recorded
answer is read by today's protocol and answer readers; the order, deadlines and cancellations are the record's. An
answer without an exchange (a failure has none) counts as recorded. Leaves to others: the record's bytes.
"""

from collections.abc import Mapping, Sequence

from magi.core.answers import classify_open
from magi.core.deliberation import Decide, feed
from magi.core.errors import MagiError
from magi.core.record import Answered, Classified, Decided, Event, Opened, Record
from magi.gateway.exchange import Exchange
from magi.gateway.protocols.openai_chat import Trouble, read
from magi.service.masked import shown_as, unmask_answer, unmask_words
from magi.service.question import Question, read_question
from magi.service.reply import Heard, hear


def verdict_again(records: Sequence[Record], bodies: Mapping[str, bytes]) -> Decided | None:
    """The verdict that the core reaches from the recorded exchanges; None where it reaches none, or not one.

    `records` are those of one stream, its verdict included; `bodies` maps commitment to plaintext, and an exchange
    that is not there leaves its answer as recorded.
    """
    question = _question(records, bodies)
    events: list[Event] = []
    texts: dict[str, str] = {}
    for record in records:
        event = record.data
        if isinstance(event, Decided):
            break
        if isinstance(event, Answered) and question is not None:
            heard = _heard(records, record, bodies, question)
            if heard is not None:
                said = {"statement": heard.statement, "ballot": heard.ballot, "failure": heard.failure}
                event = event.model_copy(update=said)
                texts |= {} if heard.words is None else {event.ask: heard.words.answer}
        if isinstance(event, Classified) and event.classes.keys() <= texts.keys():
            # In seat order, which a record's canonical bytes do not keep past nine seats.
            in_order = sorted(event.classes, key=lambda ask: (len(ask), ask))
            event = event.model_copy(update={"classes": classify_open({ask: texts[ask] for ask in in_order})})
        events.append(event)
    decisions = [effect.verdict for effect in feed(events)[1] if isinstance(effect, Decide)]
    return decisions[0] if len(decisions) == 1 else None


def _question(records: Sequence[Record], bodies: Mapping[str, bytes]) -> Question | None:
    ref = records[0].ref("question")
    body = None if ref is None else bodies.get(ref.commitment)
    return None if body is None else read_question(body)


def _heard(
    records: Sequence[Record], record: Record, bodies: Mapping[str, bytes], question: Question
) -> Heard | None:
    """What an answer is read as today; None where nothing is there to read."""
    ref = record.ref("exchange")
    raw = None if ref is None else bodies.get(ref.commitment)
    opened = records[0].data
    if raw is None or not isinstance(opened, Opened):
        return None
    try:
        table = shown_as(opened, question).table
        said = read(Exchange.from_bytes(raw))
    except MagiError:
        return None
    if isinstance(said, Trouble):
        return hear(None, said.failure, question, refused=False)
    heard = hear(unmask_answer(said.text, table), None, question, refused=said.refused)
    return Heard(heard.statement, heard.ballot, heard.failure, unmask_words(heard.words, table))
