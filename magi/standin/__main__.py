"""Runs one stand-in in the foreground: ``python -m magi.standin --port N``.

Prints in Japanese that it is a stand-in, then its address alone on a line, and serves until SIGINT or
SIGTERM. With ``--seen FILE`` it appends the SHA-256 of each chat body and the model to the file and makes
the line durable before it answers, so that a crash test can compare what was sent with what was permitted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from magi.standin.cassette import Cassette, CassetteError, load
from magi.standin.rehearsal import plausible
from magi.standin.server import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from magi.standin.script import Script

SCRIPTED_NOTICE = "これは予行用の代役サーバーです。モデルは動いておらず、応答は台本によるものです。"
RECORDED_NOTICE = "これは代役サーバーです。モデルは動いておらず、応答は過去の記録の再生です。"
ADDRESS_LABEL = "接続先: "

_UNUSABLE = 2  # the exit status of argparse for wrong arguments
_SEEN_MODE = 0o600  # digests of questions are nobody else's business


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    source: Script | Cassette
    try:
        source = plausible(options.seed) if options.cassette is None else load(options.cassette)
        asyncio.run(_serve(source, options))
    except CassetteError as error:
        return _fail(f"記録ファイルを読み込めません: {error}")
    except OSError as error:
        return _fail(f"起動できません: {error.strerror}")
    except ValueError as error:
        return _fail(f"引数が正しくありません: {error}")
    return 0


async def _serve(source: Script | Cassette, options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    stand_in = StandIn(
        source,
        host=options.host,
        port=options.port,
        delay_seconds=options.delay_ms / 1000,
        pace=options.pace,
        on_arrival=None if options.seen is None else _journal(options.seen),
    )
    async with stand_in:
        notice = RECORDED_NOTICE if isinstance(source, Cassette) else SCRIPTED_NOTICE
        sys.stdout.write(f"{notice}\n{ADDRESS_LABEL}{stand_in.base_url}\n")
        sys.stdout.flush()
        await stopped.wait()


def _journal(path: Path) -> Callable[[str, str], None]:
    """Open the journal of arrivals; each line is on disk when the function returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _SEEN_MODE)

    def arrived(digest: str, model: str) -> None:
        # A model's name comes from the caller: it must not be able to forge a line or a column.
        one_word = "".join(each if each.isprintable() and not each.isspace() else "?" for each in model)
        line = f"{digest} {one_word}\n".encode()
        if os.write(descriptor, line) != len(line):
            msg = "the journal took a part of a line only"
            raise OSError(msg)
        os.fsync(descriptor)

    return arrived


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m magi.standin", description="予行用の代役サーバーを起動します（モデルは動きません）。"
    )
    parser.add_argument("--host", default="127.0.0.1", help="待ち受けるループバックアドレス")
    parser.add_argument("--port", type=int, default=0, help="待ち受けるポート（0 は空きポート）")
    parser.add_argument("--cassette", type=Path, help="再生する記録ファイル")
    parser.add_argument("--seed", default="0", help="台本の種（同じ種は同じ応答）")
    parser.add_argument("--delay-ms", type=int, default=0, help="応答前の待ち時間（ミリ秒）")
    parser.add_argument("--pace", type=float, default=0.0, help="記録の再生速度（0 は即時、1 は記録どおり）")
    parser.add_argument("--seen", type=Path, help="受け取った要求を応答前に追記するファイル")
    return parser


def _fail(reason: str) -> int:
    sys.stderr.write(reason + "\n")
    return _UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
