"""`magi record`: ask a council for real and keep every raw upstream answer as a cassette.

The answers are taken from the ledger, where every byte of every exchange lies; nothing is asked twice. The cassette
is written whole or not at all. Gold answers are not in it.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.core.card import Card
from magi.core.record import Answered, Record, Ticketed
from magi.evaluation.policy_questions import policy_questions, read_questions
from magi.gateway.exchange import Exchange
from magi.residency.label import Label
from magi.service.reply import Deliberation
from magi.service.run import Request, Tools, deliberate
from magi.settings import Settings
from magi.standin.cassette import Entry, Header, RecordedModel, key_of, write
from magi.wiring import open_tools, today
from magi.words import say

WHO, WHY = "magi record", "cassette"


async def record(
    settings: Settings, out: Path, council_name: str | None, questions: Path | None, note: str
) -> None:
    """Deliberate on every question, one after the other, and write what came back to `out`."""
    assets = load_assets(settings.assets_dir)
    council = assets.council(council_name or "open-weights")
    seated = {target: assets.cards[target] for seat in council.seats for target in seat.targets}
    asked = policy_questions() if questions is None else read_questions(questions)
    err, entries = screen.console(err=True), dict[str, Entry]()
    with tempfile.TemporaryDirectory(prefix="magi-record-") as folder:
        async with open_tools(
            replace(settings, home=Path(folder), tenant_key=None, tenant_key_command=None), assets
        ) as tools:
            for number, question in enumerate(asked, start=1):
                done = await deliberate(tools, Request(question.question, council, Label.PUBLIC.word))
                entries |= await _entries(tools, done, seated)
                words = say("record.progress", settings.lang, done=number, all=len(asked))
                err.print(Text(words), end="\r" if err.is_terminal else "\n")
    write(out, _header(seated, note), entries.values())
    screen.emit(
        screen.console(), Text(say("record.done", settings.lang, entries=len(entries), file=str(out)))
    )


def _header(cards: Mapping[str, Card], note: str) -> Header:
    models = tuple(
        RecordedModel(
            card.id, card.endpoint.model, card.backend.weights_sha, card.model.licence, card.backend.operator
        )
        for card in cards.values()
    )
    return Header(today().isoformat(), models, note)


async def _entries(tools: Tools, done: Deliberation, cards: Mapping[str, Card]) -> dict[str, Entry]:
    """The exchange of every answered ask, by the digest of the request it answered."""
    requests = _requests(done.records)
    found: dict[str, Entry] = {}
    for held in done.records:
        exchange_ref = held.ref("exchange")
        if not isinstance(held.data, Answered) or exchange_ref is None:
            continue
        request_ref = requests[held.data.ask, held.data.attempt].ref("request")
        if request_ref is None:
            continue
        body = await tools.ledger.body(request_ref, WHO, WHY)
        exchange = Exchange.from_bytes(await tools.ledger.body(exchange_ref, WHO, WHY))
        key = key_of(body)
        found[key] = Entry(
            key=key,
            model=cards[held.data.card].endpoint.model,
            status=exchange.status or 0,
            headers=tuple(
                (name, value) for name, value in exchange.headers if name.lower() == "content-type"
            ),
            chunks=tuple(chunk.data for chunk in exchange.chunks),
            offsets_ms=tuple(chunk.offset_ms for chunk in exchange.chunks),
        )
    return found


def _requests(records: Sequence[Record]) -> dict[tuple[str, int], Record]:
    return {(held.data.ask, held.data.attempt): held for held in records if isinstance(held.data, Ticketed)}
