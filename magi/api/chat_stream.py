"""A chat completion as a stream of events.

1. Nothing is sent before the intent is durable or the keep-alive is due: a refusal is a plain HTTP error.
2. The role. 3. While seats think: progress as `reasoning_content` (who was asked, who answered; never what), and
comments that keep the line alive. 4. When the verdict is durable: the recorded text, in lines. 5. The finish.
6. Usage, asked for or not, with the council's data. 7. `[DONE]`, always the last, also after an error.

A caller that leaves ends the deliberation, which closes itself on record.
"""

import json
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from magi.api import sse
from magi.api.desk import Attendance, Desk, name
from magi.api.failing import log_unexpected
from magi.api.problems import CallerGoneError, Problem, problem_of, unexpected
from magi.api.view import extension, usage
from magi.api.wording import Wording
from magi.core.effects import seat_number, stage_of
from magi.core.errors import MagiError
from magi.core.record import Answered, Opened, Record, Ticketed
from magi.service.reply import Deliberation
from magi.service.run import Request as Work
from magi.words import say, say_failure

DONE = b"data: [DONE]\n\n"


class ChatStream(Response):
    """The streamed answer to one chat request; `head` is what all its chunks share."""

    def __init__(
        self, desk: Desk, work: Work, wording: Wording, head: Mapping[str, object], *, include_usage: bool
    ) -> None:
        """Keep what the stream needs; it starts when the server calls it."""
        super().__init__()
        self._desk = desk
        self._work = work
        self._wording = wording
        self._head = {**head, "object": "chat.completion.chunk"}
        self._include_usage = include_usage
        self._seats: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deliberate and stream.

        Raises:
            MagiError: before anything was sent.
        """
        # 1.
        async with self._desk.attend(self._work, scope, receive) as attendance:
            first = await attendance.next(self._desk.offer.limits.keep_alive_seconds)
            await sse.begin(send)
            try:
                await self._stream(attendance, first, scope, send)
            except CallerGoneError:
                return
            except MagiError as error:
                await self._error(send, problem_of(error, self._wording.lang, compatible=True))
            except Exception as error:  # noqa: BLE001  # the status line is gone: only the stream can tell
                log_unexpected(error)
                await self._error(send, unexpected(self._wording.lang))
            # 7.
            await sse.write(send, DONE)
            await sse.finish(send)

    async def _stream(
        self, attendance: Attendance, first: Record | Deliberation | None, scope: Scope, send: Send
    ) -> None:
        # 2.
        await self._delta(send, {"role": "assistant", "content": ""})
        # 3.
        found = first
        while not isinstance(found, Deliberation):
            if found is None:
                await sse.write(send, sse.KEEP_ALIVE)
            elif line := self._progress(found):
                await self._delta(send, {"reasoning_content": line})
            found = await attendance.next(self._desk.offer.limits.keep_alive_seconds)
        name(scope, found.stream)
        # 4.
        text = await self._wording.of(self._desk.offer.tools, found)
        for line in text.splitlines(keepends=True):
            await self._delta(send, {"content": line})
        # 5.
        await self._delta(send, {}, finish="stop")
        # 6. Asked for, the chunk has no choices, as the API says; unasked, clients that index choices[0] must live.
        choices = [] if self._include_usage else [_choice({}, "stop")]
        await self._chunk(send, {"choices": choices, "usage": usage(found.records), "magi": extension(found)})

    def _progress(self, record: Record) -> str | None:
        """One line on what a seat does: asked, answered, failed; no word of an answer and no ballot."""
        event, lang = record.data, self._wording.lang
        if isinstance(event, Opened):
            self._seats = [plan.seat for plan in event.seats]
            return _absent(event, lang)
        if isinstance(event, Ticketed):
            seat = self._seats[seat_number(event.ask) - 1].upper() if self._seats else event.ask
            return f"{seat}: {_stage(event.ask, lang)}{say('said.asked', lang)}\n"
        if isinstance(event, Answered):
            state = say(f"said.{event.statement}", lang)
            failed = f" ({say_failure(event.failure, lang)})" if event.failure else ""
            return f"{event.seat.upper()}: {_stage(event.ask, lang)}{state}{failed}\n"
        return None

    async def _delta(self, send: Send, delta: Mapping[str, object], finish: str | None = None) -> None:
        await self._chunk(send, {"choices": [_choice(delta, finish)]})

    async def _error(self, send: Send, problem: Problem) -> None:
        await _write(send, problem.openai())

    async def _chunk(self, send: Send, fields: Mapping[str, object]) -> None:
        await _write(send, {**self._head, **fields})


def _absent(opened: Opened, lang: str) -> str | None:
    """One line for each seat that will not be asked; None where there is none."""
    admitted = {entry.seat for entry in opened.plan if entry.admitted}
    rested = {each.seat for each in opened.arbitration.rested} if opened.arbitration else set()
    lines = [
        f"{plan.seat.upper()}: {say('said.rested' if plan.seat in rested else 'said.not_admitted', lang)}\n"
        for plan in opened.seats
        if plan.seat in rested or plan.seat not in admitted
    ]
    return "".join(lines) or None


def _stage(ask: str, lang: str) -> str:
    """The stage in words with a space after it; nothing for the answers, which every seat gives."""
    stage = stage_of(ask)
    return "" if stage == "answer" else f"{say(f'stage.{stage}', lang)} "


def _choice(delta: Mapping[str, object], finish: str | None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


async def _write(send: Send, value: object) -> None:
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    await sse.write(send, sse.event(data))
