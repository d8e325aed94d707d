"""`magi audit request`, `approve`, `read`, `accesses` as the command line spells them; `audit` registers them.

Options only: what the commands do is loaded when they run (`access_desk`), so that `magi --help` stays quick.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import AsJson, Lang, Ledger

Name = Annotated[str, typer.Argument(metavar="ID", help="記録番号 / Record.")]
Who = Annotated[str, typer.Option(help="閲覧者の名前 / Who reads.")]
Why = Annotated[str, typer.Option(help="案件番号 / Case number.")]


def request(name: Name, *, who: Who, why: Why, ledger: Ledger = None, lang: Lang = None) -> None:
    """二人目の承認が要る本文の閲覧を願い出る / Ask to read bodies that need a second person's word."""
    from magi.cli import access_desk as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers `audit`

    asyncio.run(command.request(settings_for(lang), name, who, why, ledger))


def approve(
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=0, help="願い出の番号 / The request.")],
    *,
    by: Annotated[str, typer.Option(help="承認する人の名前 / The second person.")],
    deny: Annotated[bool, typer.Option("--deny", help="認めない / Refuse it.")] = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """二人目として、閲覧の願い出を認めるか断る / Agree to a request, or refuse it, as the second person."""
    from magi.cli import access_desk as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    asyncio.run(command.approve(settings_for(lang), number, by, ledger, granted=not deny))


def read(
    name: Name,
    *,
    body: Annotated[
        str | None,
        typer.Option(
            help="本文 question, answer:a1, request:a1, reply など / Which body; without it, they are listed.",
            show_default=False,
        ),
    ] = None,
    who: Annotated[str, typer.Option(help="閲覧者の名前 / Who reads.", show_default=False)] = "",
    why: Annotated[str, typer.Option(help="案件番号 / Case number.", show_default=False)] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="そのまま書き出すファイル / File for the raw bytes.", show_default=False),
    ] = None,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """本文を読む。読む前に、誰がなぜ読むかを記録する / Read a body; who and why is recorded first."""
    from magi.cli import access_desk as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    order = command.ReadOrder(name, body, who, why, out, ledger)
    raise typer.Exit(asyncio.run(command.read(settings_for(lang), order)))


def accesses(
    *,
    first: Annotated[
        str | None,
        typer.Option("--from", help="初日 2026-04-01(日本時間) / First day in Japan.", show_default=False),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", help="末日(この日を含む) / Last day, included.", show_default=False),
    ] = None,
    who: Annotated[
        str | None, typer.Option(help="この名前の人だけ / Of this person only.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """誰が何を読んだか、願い出、承認、拒否を挙げる / Who read what, asked to, agreed, or was refused."""
    from magi.cli import access_desk as command  # noqa: PLC0415
    from magi.cli.audit_report import period  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    asyncio.run(command.accesses(settings_for(lang), period(first, last), who, ledger, as_json=as_json))
