"""`magi demo`: a recorded council of real models, a residency rehearsal, and the ledger checked; no key, no server.

What is recorded, what is scripted and what is real is said in so many words. Scripted seats see no gold, and no
accuracy is counted for them.
"""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import replay, screen
from magi.cli.rehearsal import Cast, rehearsal
from magi.core.errors import MalformedFileError
from magi.evaluation.policy_questions import PolicyQuestion, policy_questions
from magi.evaluation.score import Score, Scores, chance, score
from magi.residency.label import Label
from magi.residency.policy import is_foreign
from magi.service.question import take_question
from magi.service.recover import take_up
from magi.service.reply import Deliberation
from magi.service.run import Request, deliberate
from magi.settings import Settings
from magi.standin.cassette import Cassette, CassetteError, load
from magi.standin.server import StandIn
from magi.wiring import bind, is_dead, open_tools, today
from magi.words import say

COUNCIL = "open-weights"
CASSETTE = "open-weights.jsonl"
AT_ONCE = 8
"""Deliberations under way at a time: enough to fill group commits, few enough for a small machine."""


@dataclass(frozen=True)
class Case:
    """A question of the residency rehearsal, and how it was declared (None: not at all)."""

    key: str
    label: str | None


CASES = (
    Case("demo.case_internal", None),
    Case("demo.case_personal", "personal"),
    Case("demo.case_public", "public"),
)


def load_cassette(path: Path) -> Cassette:
    """A cassette, with its errors in our words.

    Raises:
        MalformedFileError: it cannot be read as a cassette.
    """
    try:
        return load(path)
    except CassetteError as error:
        raise MalformedFileError("cassette", file=str(path), problems=(str(error),)) from error
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error


def shipped_cassette() -> Cassette:
    """The recording that ships with the product."""
    with as_file(files("magi.standin").joinpath("cassettes", CASSETTE)) as path:
        return load_cassette(path)


async def demo(settings: Settings, keep: Path | None) -> bool:
    """Run the three parts and print them; true when the ledger is sound and nothing leaked."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="magi-demo-")))
        settings = replace(
            settings,
            home=folder,
            ledger_url=None,
            tenant_key=None,
            tenant_key_command=None,
            tenant="demo",
            profile="domestic-only",
        )
        assets = load_assets(None)
        _say(settings, "demo.title", style="bold")
        cassette = shipped_cassette()
        await _recorded(settings, assets, cassette)
        sealed = await _residency(settings, assets)
        _head(settings, "demo.c")
        checked = await replay.check(settings, None, None)
        replay.show(checked, settings.lang, listed=False)
        _plain_words(settings, cassette, keep)
        _say(settings, "demo.took", seconds=f"{time.monotonic() - began:.1f}")
        return checked.sound and sealed


async def _recorded(settings: Settings, assets: Assets, cassette: Cassette) -> None:
    """(a) The recorded council on the forty questions; accuracy printed as it is."""
    questions = policy_questions()
    _head(settings, "demo.a", all=len(questions))
    _say(settings, "demo.a_what", when=cassette.header.recorded_at)
    council = assets.council(COUNCIL)
    async with StandIn(cassette) as standin:
        cards = {
            name: bind(card, standin.base_url, "recorded", today()) for name, card in assets.cards.items()
        }
        async with open_tools(settings, assets, cards) as tools:
            await take_up(tools, is_dead)
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(question: PolicyQuestion) -> Deliberation:
                async with gate:
                    return await deliberate(tools, Request(question.question, council, Label.PUBLIC.word))

            done = await asyncio.gather(*(one(question) for question in questions))
    _print_scores(settings, questions, done)


def _print_scores(
    settings: Settings, questions: Sequence[PolicyQuestion], done: Sequence[Deliberation]
) -> None:
    out, lang = screen.console(), settings.lang
    pairs = list(zip(questions, done, strict=True))
    settled = [(question, result) for question, result in pairs if question.gold is not None]
    scores = score([(result.verdict, question.gold or "") for question, result in settled])
    cards = {report.seat: report.card for result in done for report in result.verdict.seats if report.card}
    gold = len(settled)
    shown = screen.table(
        say("ask.seat", lang), say("ask.model", lang), say("demo.score", lang), say("demo.silent", lang)
    )
    for seat in (*scores.seats, scores.council):
        name = say("demo.council", lang) if seat is scores.council else seat.name.upper()
        shown.add_row(name, cards.get(seat.name, ""), f"{seat.right}/{seat.asked}", str(seat.silent))
    screen.emit(out, Text(say("demo.of_gold", lang, gold=gold)))
    out.print(shown)
    screen.emit(out, Text(_comparison(scores, lang)))
    _say(
        settings, "demo.chance", chance=f"{chance([question.question.space for question, _ in settled]):.0f}"
    )
    counts = Counter(result.verdict.outcome for result in done)
    words = "  ".join(f"{say(f'outcome.{outcome}', lang)} {count}" for outcome, count in counts.most_common())
    screen.emit(out, Text(f"{say('demo.outcomes', lang)}: {words}"))


def _comparison(scores: Scores, lang: str) -> str:
    best: Score = scores.best
    points = scores.council.right - best.right
    key = "demo.drew" if points == 0 else "demo.won" if points > 0 else "demo.lost"
    return say(key, lang, seat=best.name.upper(), points=abs(points), gold=best.asked)


async def _residency(settings: Settings, assets: Assets) -> bool:
    """(b) Who is sent what, on internal, personal and public questions; true if what arrived abroad was public."""
    lang = settings.lang
    _head(settings, "demo.b")
    _say(settings, "demo.b_what")
    council = assets.council("rehearsal")
    async with rehearsal(assets.cards) as cast, open_tools(settings, assets, cast.cards) as tools:
        done = [
            await deliberate(tools, Request(take_question(say(case.key, "ja")), council, case.label))
            for case in CASES
        ]
        headings = ("demo.question", "ask.label", "demo.sent_home", "demo.sent_abroad", "ask.verdict")
        shown = screen.table(*(say(key, lang) for key in headings))
        for case, result in zip(CASES, done, strict=True):
            shown.add_row(*_row(case, result, cast, lang))
        screen.console().print(shown)
        permitted = sum(is_foreign(cast.cards[s.card]) for result in done for s in result.sights)
        public = sum(
            is_foreign(cast.cards[s.card]) and s.label == Label.PUBLIC
            for result in done
            for s in result.sights
        )
        arrived = cast.abroad.arrived
    sealed = arrived == permitted == public
    _say(settings, "demo.received" if sealed else "demo.leak", count=arrived)
    return sealed


def _row(case: Case, result: Deliberation, cast: Cast, lang: str) -> tuple[Text, ...]:
    abroad = [s.seat.upper() for s in result.sights if is_foreign(cast.cards[s.card])]
    home = [s.seat.upper() for s in result.sights if not is_foreign(cast.cards[s.card])]
    label = say(f"label.{Label(result.opened.label).word}", lang)
    if not result.opened.declared:
        label = f"{label}({say('label.default', lang)})"
    nobody = say("said.not_admitted", lang)
    cells = (
        say(case.key, lang),
        label,
        "\n".join(home),
        "\n".join(abroad) or nobody,
        say(f"outcome.{result.verdict.outcome}", lang),
    )
    return tuple(Text(cell) for cell in cells)


def _plain_words(settings: Settings, cassette: Cassette, keep: Path | None) -> None:
    _head(settings, "demo.plain")
    _say(settings, "demo.plain_a")
    for model in cassette.header.models:
        screen.console().print(
            Text(f"  - {model.card} ({model.licence}, sha256 {model.weights_sha256[:12]}…)")
        )
    _say(settings, "demo.plain_b")
    _say(settings, "demo.plain_c")
    _say(settings, "demo.seat_real")
    if keep is not None:
        _say(settings, "demo.kept", path=str(settings.ledger_path))


def _head(settings: Settings, key: str, **facts: str | int) -> None:
    screen.emit(screen.console(), Text(""))
    _say(settings, key, style="bold", **facts)


def _say(settings: Settings, key: str, *, style: str = "", **facts: str | int) -> None:
    screen.emit(screen.console(), Text(say(key, settings.lang, **facts), style=style))
