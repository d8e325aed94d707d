"""`magi adopt` and `magi review` as the command line spells them: a named person's word on a verdict, and the queue.

Options only: what the commands do is loaded when they run (`review`), so that `magi --help` stays quick.
`magi.cli.main` registers both.
"""

import asyncio
from typing import Annotated

import typer

from magi.cli.options import AsJson, Lang, Ledger

Name = Annotated[str, typer.Argument(metavar="ID", help="記録番号 / Record.")]

reviews = typer.Typer(help="人の確認を待つ結論 / Verdicts that wait for a person.", no_args_is_help=False)


def adopt(
    name: Name,
    *,
    decision: Annotated[
        str, typer.Option(help="採用、不採用、差戻し / adopted, not_adopted, sent_back.", show_default=False)
    ],
    by: Annotated[str, typer.Option(help="決めた職員の名前 / Who decides.", show_default=False)],
    reason: Annotated[
        str, typer.Option(help="理由。- で標準入力から / Why; - reads stdin.", show_default=False)
    ],
    verdict: Annotated[
        str | None,
        typer.Option(help="見た結論の指紋(SHA-256) / The verdict that was looked at.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """結論の採否を、決めた人の名前と理由とともに記録する / Record a named person's word on a verdict."""
    from magi.cli import review as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.ask import text_of  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    order = command.AdoptOrder(name, decision, by, text_of(reason), verdict, ledger)
    asyncio.run(command.adopt(settings_for(lang), order, as_json=as_json))


@reviews.callback(invoke_without_command=True)
def review(
    context: typer.Context,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="採否を記録したものも並べる / Those with a decision too.")
    ] = False,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """人の確認を待つ結論を、古い順に挙げる / List the verdicts that wait for a person, oldest first."""
    if context.invoked_subcommand is not None:
        return
    from magi.cli import review as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    asyncio.run(command.queue(settings_for(lang), ledger, every=every, as_json=as_json))


@reviews.command()
def show(
    name: Name,
    *,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="採否の理由も読む / Open the reasons of the acts.")
    ] = False,
    who: Annotated[str, typer.Option(help="閲覧者の名前 / Who reads.", show_default=False)] = "",
    why: Annotated[str, typer.Option(help="案件番号 / Case number.", show_default=False)] = "",
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """一つの結論について、確認を要する理由とこれまでの採否 / Why one verdict waits, and what was decided."""
    from magi.cli import review as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    reader = command.Reader(who, why) if reasons else None
    asyncio.run(command.show(settings_for(lang), name, ledger, reader, as_json=as_json))
