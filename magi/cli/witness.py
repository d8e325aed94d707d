"""`magi audit witness` and `magi audit timestamp` as the command line spells them. `magi.cli.audit` registers them.

Options only: what the commands do is loaded when they run (`witnessing`), so that `magi --help` stays quick.
Exit codes: 0 where everybody signed, 1 where somebody did not or there is an alarm, 2 where the file is not as it
should be.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import AsJson, Lang, Ledger

WitnessFile = Annotated[
    Path | None,
    typer.Option(
        "--witness", help="証人の一覧(TOML) / File of witnesses.", show_default="MAGI_HOME/witnesses.toml"
    ),
]


def witness(
    *,
    file: WitnessFile = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """先端を証人に送り、連署を控えに加える / Have witnesses cosign the head; alarms name forks and rollbacks."""
    from magi.cli import witnessing as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    order = command.WitnessOrder(file, ledger, as_json)
    raise typer.Exit(asyncio.run(command.witness(settings_for(lang), order)))


def timestamp(
    *,
    file: WitnessFile = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """先端に時刻認証局のタイムスタンプを受ける / Have an RFC 3161 authority stamp the head."""
    from magi.cli import witnessing as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    order = command.WitnessOrder(file, ledger, as_json)
    raise typer.Exit(asyncio.run(command.timestamp(settings_for(lang), order)))
