"""The application: routes, errors and the edge around them, over what is injected. Start reading here.

Leaves to others: which councils are offered and on which tools (`magi.cli.serve`), sockets (`server`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from magi.api.adoptions import adoption_routes
from magi.api.body import language
from magi.api.chat import chat_routes
from magi.api.deliberations import native_routes
from magi.api.desk import Desk
from magi.api.edge import Edge
from magi.api.problems import RequestRefusedError, is_compatible, problem_of, response_of
from magi.core.errors import MagiError


def create_app(desk: Desk) -> FastAPI:
    """The service over a desk; when the server stops, the desk is closed."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await desk.close()

    # No pages of documentation: they load scripts from elsewhere.
    app = FastAPI(title="MAGI", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.router.redirect_slashes = False
    app.include_router(chat_routes(desk))
    app.include_router(native_routes(desk))
    app.include_router(adoption_routes(desk))

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        """Whether the ledger can be read; counts, no names."""
        waiting = await desk.offer.tools.ledger.open_streams()
        return JSONResponse(
            {
                "status": "ok",
                "open_streams": len(waiting),
                "running": desk.running,
                "rehearsal": desk.offer.rehearsal,
                "identity": "none",
            }
        )

    async def refused(request: Request, error: Exception) -> Response:
        known = error if isinstance(error, MagiError) else _routing(error)
        path = request.url.path
        lang = language(request, desk.offer.lang)
        return response_of(problem_of(known, lang, compatible=is_compatible(path)), path)

    app.add_exception_handler(MagiError, refused)
    app.add_exception_handler(HTTPException, refused)
    app.add_middleware(Edge, desk=desk)
    return app


def _routing(error: Exception) -> RequestRefusedError:
    """What the router itself refuses: an unknown path, or a known one with another method."""
    is_method = isinstance(error, HTTPException) and error.status_code == 405  # noqa: PLR2004  # the status's number
    return RequestRefusedError("method_not_allowed" if is_method else "not_found")
