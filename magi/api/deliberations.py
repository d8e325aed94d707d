"""The native routes: ask, list, look at one, follow its records.

Without identity nobody is named, so a body is opened for a case number only (`why`), and that access is on
record before a byte of it is shown.
"""

import asyncio
import re
from collections.abc import Sequence

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from magi.api.adoptions import adoption_shown
from magi.api.asked import label_asked, native_asked
from magi.api.body import language, read_json
from magi.api.chat import work_of
from magi.api.desk import Desk, name
from magi.api.events import RecordStream
from magi.api.failing import log_unexpected
from magi.api.problems import RequestRefusedError
from magi.api.view import PREFIX, extension, id_of, standing, statements_shown
from magi.api.wording import Wording
from magi.core.decided import Decided
from magi.core.errors import MagiError, UnknownNameError
from magi.core.record import Answered, Opened, Record
from magi.core.roles import AccessRules
from magi.residency.label import Label
from magi.service.access import Desk as ReadingDesk
from magi.service.labelled import raise_label
from magi.service.question import read_question
from magi.service.reply import Deliberation, read_statement, reply_text
from magi.service.run import Request as Work
from magi.service.run import Tools

WHO = "anonymous@loopback"
"""Who opens a body, until callers have names; roles that do not list it let nobody read texts here."""
DEFAULT_LISTED = 50

_ID = re.compile(r"[0-9a-f]{1,64}")
_WHY = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
"""A case number, not prose: records are never erased, so no free text may enter them."""
_ORDINAL = re.compile(r"[0-9]{1,9}")
log = structlog.get_logger()


def native_routes(desk: Desk) -> APIRouter:
    """`/v1/deliberations` and what is below it."""
    router = APIRouter(prefix="/v1/deliberations")
    _asking_routes(router, desk)
    _reading_routes(router, desk)
    return router


def _asking_routes(router: APIRouter, desk: Desk) -> None:
    """Those that change the record."""
    offer, tools = desk.offer, desk.offer.tools

    @router.post("")
    async def ask(request: Request) -> Response:
        """Deliberate; wait for the verdict, or with `Prefer: respond-async` (RFC 7240) for the start only."""
        asked = native_asked(await read_json(request, offer.limits), request.headers)
        wording = Wording(language(request, offer.lang))
        work = await work_of(desk, asked, wording)
        if _prefers_async(request):
            return await _in_background(desk, work, request)
        async with desk.attend(work, request.scope, request.receive) as attendance:
            done = await attendance.end()
        name(request.scope, done.stream)
        shown = _finished(done) | {"reply": await wording.of(tools, done)}
        return JSONResponse(shown, 200, {"location": _place(done.stream)})

    @router.post("/{deliberation}/label")
    async def label(deliberation: str, request: Request) -> JSONResponse:
        """Raise the label, while it runs or later: what runs abroad is cancelled, later turns keep the label."""
        wanted = label_asked(await read_json(request, offer.limits))
        stream, _ = await _records(tools, deliberation)
        name(request.scope, stream)
        reached = await raise_label(tools, stream, wanted, WHO)
        return JSONResponse({"id": id_of(stream), "label": Label(reached).word})


def _reading_routes(router: APIRouter, desk: Desk) -> None:
    """Those that show it."""
    offer, tools = desk.offer, desk.offer.tools

    @router.get("")
    async def listing(request: Request) -> JSONResponse:
        """Ids, newest first."""
        limit = request.query_params.get("limit", str(DEFAULT_LISTED))
        if not _ORDINAL.fullmatch(limit) or not 0 < int(limit) <= offer.limits.listed:
            raise RequestRefusedError("bad_limit", most=offer.limits.listed)
        streams = await tools.ledger.streams(PREFIX)
        ids = [id_of(stream) for stream in reversed(streams[-int(limit) :])]
        return JSONResponse({"deliberations": ids, "all": len(streams)})

    @router.get("/{deliberation}")
    async def one(deliberation: str, request: Request) -> JSONResponse:
        """Verdict, adoption, seats and who saw what; texts only with `bodies=true` and a case number in `why`."""
        stream, records = await _records(tools, deliberation)
        name(request.scope, stream)
        shown = standing(stream, records) | await adoption_shown(tools.ledger, records)
        if request.query_params.get("bodies", "false") == "true":
            why = request.query_params.get("why", "")
            if not _WHY.fullmatch(why):
                raise RequestRefusedError("why_missing")
            shown["bodies"] = await _bodies(tools, records, why)
        return JSONResponse(shown)

    @router.get("/{deliberation}/events")
    async def events(deliberation: str, request: Request) -> Response:
        """The records as server-sent events; ids are ordinals, `Last-Event-ID` goes on after one."""
        after = request.headers.get("last-event-id", "")
        if after and not _ORDINAL.fullmatch(after):
            raise RequestRefusedError("bad_event_id")
        stream, _ = await _records(tools, deliberation)
        name(request.scope, stream)
        return RecordStream(desk, stream, int(after) if after else -1)


def _prefers_async(request: Request) -> bool:
    wishes = (wish.strip().lower() for line in request.headers.getlist("prefer") for wish in line.split(","))
    return "respond-async" in wishes


async def _in_background(desk: Desk, work: Work, request: Request) -> Response:
    """Start a deliberation that belongs to the desk; return when its intent is durable, or it has ended.

    A caller that leaves now changes nothing.
    """
    begun: asyncio.Queue[Record | None] = asyncio.Queue()
    task = desk.start(work, begun.put_nowait)
    task.add_done_callback(lambda _: begun.put_nowait(None))
    record = await begun.get()
    applied = {"preference-applied": "respond-async"}
    if record is None:  # it was refused, or the same key was asked before
        done = await task
        name(request.scope, done.stream)
        return JSONResponse(_finished(done), 200, {"location": _place(done.stream)} | applied)
    task.add_done_callback(_log_failure)
    name(request.scope, record.stream)
    shown = {"id": id_of(record.stream), "status": "running"}
    return JSONResponse(shown, 202, {"location": _place(record.stream)} | applied)


def _log_failure(task: asyncio.Task[Deliberation]) -> None:
    """Nobody waits for it any more: what ended it is at least in the log."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, MagiError):
        log.warning("deliberation.stays_open", code=error.code, reason=error.reason)
    elif error is not None:
        log_unexpected(error)


def _place(stream: str) -> str:
    return f"/v1/deliberations/{id_of(stream)}"


def _finished(done: Deliberation) -> dict[str, object]:
    shown = {"id": id_of(done.stream), "status": "decided"} | extension(done)
    return shown | {"statements": statements_shown(done.statements)}


async def _records(tools: Tools, deliberation: str) -> tuple[str, tuple[Record, ...]]:
    stream = f"{PREFIX}{deliberation}"
    records = await tools.ledger.read(stream) if _ID.fullmatch(deliberation) else ()
    if not records:
        raise UnknownNameError("deliberation", name="")
    return stream, records


async def _bodies(tools: Tools, records: Sequence[Record], why: str) -> dict[str, object]:
    """Question, statements and reply in plain text; each access is judged, and recorded before it happens."""
    desk = ReadingDesk(tools.ledger, tools.access or AccessRules(tools.tenant), tools.clock)
    shown: dict[str, object] = {}
    statements = {}
    for record in records:
        event = record.data
        if isinstance(event, Opened) and (ref := record.ref("question")):
            question = read_question(await desk.body(records, ref, WHO, why))
            history = [{"role": turn.role, "text": turn.text} for turn in question.history]
            shown |= {"question": question.text, "options": dict(question.options), "history": history}
        if isinstance(event, Answered) and (ref := record.ref("answer")):
            statements[event.ask] = read_statement(await desk.body(records, ref, WHO, why))
        if isinstance(event, Decided):
            ref = record.ref("reply")
            shown["reply"] = "" if ref is None else reply_text(await desk.body(records, ref, WHO, why))
    return shown | {"statements": statements_shown(statements)}
