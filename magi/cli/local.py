"""`magi local`: serve one GGUF file of one's own on loopback, after checking its digest."""

import asyncio
import shlex
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from magi.cli import screen
from magi.core.errors import LocalServerError, SeatRefusedError, WeightsRefusedError
from magi.gateway.knock import answers
from magi.local.serving import HOST, Serving, library, serve
from magi.local.weights import require, weigh
from magi.words import say


@dataclass(frozen=True)
class LocalOptions:
    """What the command line says: the file, its digest, where and under which name to serve it."""

    file: Path
    sha256: str | None
    port: int | None
    model: str | None
    context: int
    threads: int


def local(options: LocalOptions, lang: str) -> None:
    """Serve the file until a signal comes; the line that says so is printed once requests are answered.

    Raises:
        SeatRefusedError: facts_missing, no port.
        WeightsRefusedError: no such file, no GGUF file, another digest; digest_missing, with the command to run.
        LocalServerError: the library is missing, the port is taken, the weights cannot be loaded.
    """
    if options.port is None:
        raise SeatRefusedError("facts_missing", missing=("--port",))
    out = screen.console()
    screen.emit(out, Text(say("local.weighing", lang, file=str(options.file)), style="dim"))
    weights = weigh(options.file)
    serving = Serving(
        port=options.port,
        model=options.model or model_name(options.file),
        context=options.context,
        threads=options.threads,
    )
    if options.sha256 is None:
        command = local_command(options.file, weights.sha256, options.port, serving.model)
        raise WeightsRefusedError(
            "digest_missing", file=str(options.file), sha256=weights.sha256, command=command
        )
    require(weights, options.sha256)
    library()
    url = base_url(options.port)
    if asyncio.run(answers(url)):
        raise LocalServerError("port_taken", port=options.port)

    def ready() -> None:
        screen.emit(out, Text(say("local.ready", lang, url=url, model=serving.model), style="green"))
        out.file.flush()

    serve(weights, serving, ready)


def base_url(port: int) -> str:
    """Where `magi local` serves on that port."""
    return f"http://{HOST}:{port}/v1"


def model_name(file: Path) -> str:
    """The name under which a file is served when none is given: the file's own, small."""
    return file.stem.lower()


def local_command(file: Path, sha256: str, port: int, model: str) -> str:
    """The command that serves this file, ready for a shell."""
    words = ["magi", "local", str(file), "--sha256", sha256, "--port", str(port)]
    return shlex.join([*words, *([] if model == model_name(file) else ["--model", model])])
