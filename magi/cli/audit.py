"""`magi audit …` as the command line spells it: who was sent what. `magi.cli.main` registers it.

Options only: what the commands do is loaded when they run (`audit_report`), so `magi --help` stays quick.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

Lang = Annotated[str | None, typer.Option("--lang", help="ja / en", show_default=False)]
Ledger = Annotated[Path | None, typer.Option(help="記録ファイル / Ledger file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSONで出す / Print JSON.")]
FirstDay = Annotated[
    str | None,
    typer.Option("--from", help="初日 2026-04-01(日本時間) / First day in Japan.", show_default=False),
]
LastDay = Annotated[
    str | None,
    typer.Option("--to", help="末日(この日を含む) / Last day, included.", show_default=False),
]

audits = typer.Typer(help="送信の記録を調べる / Who was sent what.", no_args_is_help=True)


@audits.command()
def egress(
    *,
    first: FirstDay = None,
    last: LastDay = None,
    every: Annotated[bool, typer.Option("--all", help="国内への送信も並べる / Domestic sends too.")] = False,
    as_json: AsJson = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="一覧を書くCSV / CSV file to write.", show_default=False)
    ] = None,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """期間中に国外へ送ったものをすべて挙げ、国ごとに数える / List and count all foreign sends."""
    from magi.cli import audit_report as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    options = command.EgressOptions(command.period(first, last), every, as_json, csv, ledger)
    raise typer.Exit(asyncio.run(command.egress(settings_for(lang), options)))


@audits.command()
def sights(
    name: Annotated[str, typer.Argument(metavar="ID", help="記録番号 / Record.")],
    *,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """一つの審議で、誰が何を見たか / Who saw what in one deliberation."""
    from magi.cli import audit_report as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    asyncio.run(command.sights(settings_for(lang), name, ledger, as_json=as_json))


@audits.command()
def alarms(
    *,
    first: FirstDay = None,
    last: LastDay = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """期間中の警報と拒否 / Alarms and refusals of a period."""
    from magi.cli import audit_report as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    days = command.period(first, last)
    raise typer.Exit(asyncio.run(command.alarms(settings_for(lang), days, ledger, as_json=as_json)))
