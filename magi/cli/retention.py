"""`magi ledger erase`, `hold`, `release` and `due` as the command line spells them. `magi.cli.ledger` registers them.

Options only: what the commands do is loaded when they run (`retention_acts`), so that `magi --help` stays quick.
"""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from magi.cli.options import AsJson, Lang, Ledger

By = Annotated[
    str, typer.Option(help="実行者の名前(記録に残る) / Who does it, on record.", show_default=False)
]
Reason = Annotated[
    str,
    typer.Option(help="理由(暗号化して残す) / The reason, kept as an encrypted body.", show_default=False),
]
OnDay = Annotated[
    str | None,
    typer.Option("--on", help="基準日 2026-04-01(日本時間) / A day in Japan.", show_default="today"),
]


class ErasureCode(StrEnum):
    """Why bodies are erased, as the record says it."""

    RETENTION = "retention"
    REQUEST = "request"
    ORDER = "order"
    MISTAKE = "mistake"


def erase(
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="記録番号 / Record.", show_default=False)
    ] = None,
    *,
    commitment: Annotated[
        str | None,
        typer.Option(help="一つの本文の約束値(16進) / One body, by its commitment.", show_default=False),
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="保存期間が満了したもの / All that is due.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="復元で戻った消去済みの本文 / What a backup brought back.")
    ] = False,
    why: Annotated[
        ErasureCode | None,
        typer.Option(
            help="retention 満了、request 本人の請求、order 命令、mistake 誤入力 / Why.", show_default=False
        ),
    ] = None,
    by: By = "",
    reason: Reason = "",
    on: OnDay = None,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """本文を消去する。証明と再計算はそのまま残る / Erase bodies; every proof still holds."""
    from magi.cli import retention_acts as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    order = command.EraseOrder(
        name=name,
        commitment=commitment,
        due=due,
        again=again,
        why=None if why is None else why.value,
        by=by,
        reason=reason,
        on=on,
        ledger=ledger,
    )
    raise typer.Exit(asyncio.run(command.erase(settings_for(lang), order)))


def due(
    *,
    on: OnDay = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """保存期間が満了した審議と、消去できない理由を挙げる / What is due, and why it cannot be erased."""
    from magi.cli import retention_acts as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    asyncio.run(command.list_due(settings_for(lang), on, ledger, as_json=as_json))


def hold(
    name: Annotated[str, typer.Argument(metavar="NAME", help="保全の名前 / The hold's name.")],
    *,
    stream: Annotated[
        list[str] | None, typer.Option(help="保全する記録番号 / A record to hold.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="すべて / Every record.")] = False,
    by: By = "",
    reason: Reason = "",
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """法的保全: 解くまで消去を禁じる / Legal hold: nothing of these is erased until released."""
    from magi.cli import retention_acts as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    order = command.HoldOrder(name, tuple(stream or ()), every, by, reason, ledger)
    raise typer.Exit(asyncio.run(command.hold(settings_for(lang), order)))


def release(
    name: Annotated[str, typer.Argument(metavar="NAME", help="保全の名前 / The hold's name.")],
    *,
    by: By = "",
    reason: Reason = "",
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """法的保全を解く / Release a legal hold."""
    from magi.cli import retention_acts as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    order = command.HoldOrder(name, (), every=False, by=by, reason=reason, ledger=ledger)
    raise typer.Exit(asyncio.run(command.release(settings_for(lang), order)))
