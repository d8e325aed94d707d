"""`magi audit …` as the command line spells it: who was sent what. `magi.cli.main` registers it.

Options only: what the commands do is loaded when they run (`audit_report`), so `magi --help` stays quick.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from magi.cli.access import accesses, approve, read, request
from magi.cli.checkpoints import checkpoint, key, proof
from magi.cli.options import AsJson, FirstDay, Lang, LastDay, Ledger
from magi.cli.reconcile import reconcile, sample
from magi.cli.verify import compare, verify
from magi.cli.witness import timestamp, witness
from magi.words import say

audits = typer.Typer(
    help="記録を検査し、送信と閲覧を調べ、書き出す / Verify, ask who saw what, export.", no_args_is_help=True
)
audits.command()(reconcile)
audits.command()(sample)
audits.command()(checkpoint)
audits.command()(key)
audits.command()(proof)
audits.command()(verify)
audits.command()(compare)
audits.command()(witness)
audits.command()(timestamp)
for command in (request, approve, read, accesses):
    audits.command()(command)


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


@audits.command()
def export(
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="記録番号 / Record.", show_default=False)
    ] = None,
    *,
    form: Annotated[str, typer.Option(help="html, prov, jsonl, csv, log")],
    out: Annotated[Path, typer.Option(help="書き出し先のファイルかフォルダ / File or folder to write.")],
    every: Annotated[bool, typer.Option("--all", help="期間中のすべての審議 / All of the period.")] = False,
    first: FirstDay = None,
    last: LastDay = None,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="本文も開く(閲覧を記録) / With texts; access is recorded.")
    ] = False,
    who: Annotated[str, typer.Option(help="閲覧者の名前 / Who reads.", show_default=False)] = "",
    why: Annotated[str, typer.Option(help="案件番号 / Case number.", show_default=False)] = "",
    force: Annotated[bool, typer.Option("--force", help="既にあれば置き換える / Replace files.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="log: 取り込める形で / With all that an import needs.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="log: 前の書き出しに足す / Bring a folder up to date.")
    ] = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """審議を人や他の道具が読む形で書き出す / Export deliberations for people and other tools."""
    from magi.cli import export as command  # noqa: PLC0415
    from magi.cli.audit_report import period  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    settings = settings_for(lang)
    of_log = form == "log"
    if of_log and not any((name, every, first, last, who, why, force)):
        from magi.cli import export_log  # noqa: PLC0415

        export_log.export_folder(settings, export_log.LogOrder(out, bodies, full, update, ledger))
        return
    if of_log or full or update or every == (name is not None) or (not every and (first or last)):
        typer.echo(say("export.usage", settings.lang), err=True)
        raise typer.Exit(command.CALLERS_FAULT)
    order = command.ExportOrder(name, period(first, last), form, out, bodies, who, why, force, ledger)
    raise typer.Exit(asyncio.run(command.export(settings, order)))
