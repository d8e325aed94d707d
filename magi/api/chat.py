"""The OpenAI-compatible routes: models, and chat completions plain and streamed.

A model is a council. What is answered is the recorded text of a durable verdict; the council's own data rides
in the object `magi`, which clients that do not know it keep or drop.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from magi.api.asked import Asked, chat_asked
from magi.api.body import language, read_json
from magi.api.chat_stream import ChatStream
from magi.api.desk import Desk, name
from magi.api.view import extension, usage
from magi.api.wording import Wording
from magi.core.council import Council
from magi.service.materials import attach
from magi.service.reply import Deliberation
from magi.service.run import Request as Work

ID_BYTES = 12
"""96 random bits name a completion before its deliberation has an id."""


def chat_routes(desk: Desk) -> APIRouter:
    """`/v1/models`, `/v1/models/{model}` and `/v1/chat/completions`."""
    router = APIRouter(prefix="/v1")
    offer = desk.offer
    started = offer.tools.clock.now_ms() // 1000

    @router.get("/models")
    async def models() -> JSONResponse:
        """The councils that may deliberate here."""
        data = [_model(name, council, started) for name, council in offer.councils.items()]
        return JSONResponse({"object": "list", "data": data})

    @router.get("/models/{model}")
    async def model(model: str) -> JSONResponse:
        """One council."""
        return JSONResponse(_model(model, offer.council(model), started))

    @router.post("/chat/completions")
    async def completions(request: Request) -> Response:
        """Deliberate on the last user message; earlier messages are its history."""
        lang = language(request, offer.lang)
        asked = chat_asked(await read_json(request, offer.limits), request.headers)
        wording = Wording(lang)
        work = await work_of(desk, asked, wording)
        head = {
            "id": f"chatcmpl-{offer.tools.entropy.token(ID_BYTES).hex()}",
            "created": offer.tools.clock.now_ms() // 1000,
            "model": asked.council or offer.default,
        }
        if asked.stream:
            return ChatStream(desk, work, wording, head, include_usage=asked.include_usage)
        async with desk.attend(work, request.scope, request.receive) as attendance:
            done = await attendance.end()
        name(request.scope, done.stream)
        return JSONResponse(head | _completion(done, await wording.of(offer.tools, done)))

    return router


async def work_of(desk: Desk, asked: Asked, wording: Wording) -> Work:
    """What the service is to deliberate on, with its files read.

    Raises:
        UnknownNameError: no such council. QuestionRefusedError: as `magi.service.materials.attach`.
    """
    council = desk.offer.council(asked.council)
    question, materials = await attach(desk.offer.tools.reader, asked.question, asked.files)
    return Work(
        question,
        council,
        asked.label,
        asked.idempotency_key,
        wording.render,
        asked.lowering,
        materials=materials,
        subject=asked.topic,
    )


def _completion(done: Deliberation, text: str) -> dict[str, object]:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage(done.records),
        "magi": extension(done),
    }


def _model(name: str, council: Council, created: int) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "magi",
        "magi": {"council": council.name, "title": council.title, "seats": len(council.seats)},
    }
