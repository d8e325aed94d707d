"""Serves one GGUF file on loopback as an OpenAI-compatible server, in this process, until a signal comes.

Promises: 127.0.0.1 only; what is served is the file that was weighed; answers follow a JSON schema where the
request has one (llama.cpp's grammar); one thread, one slot, no prompt cache, temperature and seed as the request
says, so the same request yields the same bytes; no page, slot, metric or property is offered, no page of a
browser may call (CORS), no prompt is logged, nothing is fetched. SIGTERM and SIGINT end it, also in the middle of
an answer. Leaves to others: asking (`magi.gateway`), the words (`magi.cli`).
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from magi.core.errors import LocalServerError
from magi.local.weights import Weights, unchanged

HOST = "127.0.0.1"
MAX_PREDICTED = 2_048
"""A request that names no limit must still end."""
HTTP_THREADS = 2
"""They only read and write: one for the answer under way, one for a list of models meanwhile."""
ERRORS_ONLY = 1
"""llama.cpp's verbosity: errors. Its debug levels print prompts."""


@dataclass(frozen=True)
class Serving:
    """How a file is served: its port on loopback, the name that requests give, tokens of context, threads."""

    port: int
    model: str
    context: int
    threads: int


def library() -> Any:  # noqa: ANN401  # xllamacpp carries no types
    """The serving library.

    Raises:
        LocalServerError: extra_missing, it is not installed; library_missing, a library of the system that it
            needs is not (its own word for it in `what`).
    """
    try:
        import xllamacpp  # type: ignore[import-untyped] # noqa: PLC0415  # an extra: most installations lack it
    except ModuleNotFoundError as error:
        raise LocalServerError("extra_missing") from error
    except ImportError as error:
        raise LocalServerError("library_missing", what=str(error)) from error
    return xllamacpp


def serve(weights: Weights, serving: Serving, ready: Callable[[], None]) -> NoReturn:
    """Load the weights, listen, call `ready`, and stay until SIGTERM or SIGINT ends the process with status 0.

    Raises:
        LocalServerError: extra_missing, library_missing; load_failed, no such model, not enough memory or the
            port taken meanwhile; changed, the file is no longer the one that was weighed.
    """
    xllamacpp = library()
    # While the weights load no Python runs: the system itself must end the process then.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        # Held by this frame: the server ends with the object.
        _server = xllamacpp.Server(_parameters(xllamacpp, weights, serving))
    except RuntimeError as error:
        raise LocalServerError("load_failed", file=str(weights.path)) from error
    if not unchanged(weights):
        raise LocalServerError("changed", file=str(weights.path))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _end)
    ready()
    while True:
        signal.pause()


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Leave at once: an answer under way would hold up an orderly end for as long as it takes."""
    del number, frame
    os._exit(0)


def _parameters(xllamacpp: Any, weights: Weights, serving: Serving) -> Any:  # noqa: ANN401
    chosen = xllamacpp.CommonParams()
    chosen.model.path = str(weights.path)
    chosen.model_alias = {serving.model}
    chosen.hostnames = [HOST]
    chosen.port = serving.port
    chosen.n_ctx = serving.context
    chosen.n_predict = MAX_PREDICTED
    chosen.use_jinja = True
    chosen.sampling.seed, chosen.sampling.temp = 0, 0.0
    # One thread a model, one request at a time, nothing kept from one to the next: repeatable.
    chosen.n_gpu_layers = 0
    chosen.n_parallel = 1
    chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = serving.threads
    chosen.n_threads_http = HTTP_THREADS
    chosen.cont_batching = False
    chosen.cache_prompt = chosen.cache_idle_slots = False
    chosen.cache_ram_mib = 0
    # Nothing but answers, to nobody but this machine's programs.
    chosen.ui = chosen.endpoint_slots = chosen.endpoint_metrics = chosen.endpoint_props = False
    chosen.cors_origins, chosen.cors_credentials = "", False
    chosen.offline = True
    chosen.verbosity = ERRORS_ONLY
    return chosen
