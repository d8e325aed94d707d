"""The service in front of a scene: the real application, its edge included; clients are played by the tests."""

import asyncio
import contextlib
from dataclasses import dataclass, field

import httpx
import pytest

from magi.api.app import create_app
from magi.api.desk import Desk, Offer


async def _served(app, request):
    """The application's response; no client that logs stands between."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
        "state": {},
    }
    said, sent, ended = [], [], asyncio.Event()

    async def receive():
        if not said:
            said.append(True)
            return {"type": "http.request", "body": request.content, "more_body": False}
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.set()

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=body)


@dataclass
class Web:
    """The HTTP service over a scene's tools; it offers the scene's council as `magi`."""

    play: object
    app: object = None
    replies: list = field(default_factory=list)

    def __post_init__(self):
        """Make the application."""
        offer = Offer(self.play.tools, {"magi": self.play.council}, "magi")
        self.app = create_app(Desk(offer))

    def call(self, method, path, **more):
        """One request; the response."""
        request = httpx.Request(method, f"http://127.0.0.1{path}", **more)
        response = self.play.run(_served(self.app, request))
        self.replies.append(response)
        return response

    def chat(self, text, *, label="public", headers=None, messages=None, **fields):
        """One chat; `label` None leaves it out."""
        said = [] if label is None else [("magi", {"label": label})]
        body = {"model": "magi", "messages": messages or [{"role": "user", "content": text}], **dict(said)}
        return self.call("POST", "/v1/chat/completions", json=body | fields, headers=headers)

    @property
    def shown(self):
        """Everything that clients were shown: heads and bodies."""
        return b"\n".join(f"{reply.headers!r}".encode() + reply.content for reply in self.replies)


@pytest.fixture
def web(scene):
    """A maker of services, each over a scene of its own; the keywords are the scene's."""
    with contextlib.ExitStack():
        yield lambda **switches: Web(scene(**switches))
