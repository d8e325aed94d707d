"""`magi ledger …` as the command line spells it; `magi.cli.main` registers it.

Options only: what the commands do is loaded when they run, so `magi --help` stays quick.
"""

from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import Lang, Ledger
from magi.cli.retention import due, erase, hold, release

ledgers = typer.Typer(help="記録の置き場所を整える / Keep the ledger's store.", no_args_is_help=True)
for command in (erase, due, hold, release):
    ledgers.command()(command)


@ledgers.command()
def create(*, lang: Lang = None) -> None:
    """MAGI_LEDGER_URL の空のデータベースに記録を作る / Create a ledger in a blank database."""
    from magi.cli import ledger_store as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    command.create(settings_for(lang))


@ledgers.command()
def upgrade(*, ledger: Ledger = None, lang: Lang = None) -> None:
    """前の版の記録を、写しを取ってから今の形式にする / Bring an earlier version's tables up to date."""
    from magi.cli import ledger_store as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.upgrade(settings_for(lang), ledger)


@ledgers.command()
def sequence(*, lang: Lang = None) -> None:
    """MAGI_LEDGER_URL の記録に順番を付け、署名しつづける / Place and sign entries until stopped."""
    from magi.cli import ledger_store as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.sequence(settings_for(lang))


@ledgers.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="--full の書き出し / A full export.")],
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", help="記録ファイルかpostgresql://… / A file or address.", show_default=False),
    ] = None,
    lang: Lang = None,
) -> None:
    """書き出した記録を取り込む。空の場所へ移すか、戻した控えに追いつかせる / Import an exported log."""
    from magi.cli import ledger_move as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.import_folder(settings_for(lang), folder, to)


@ledgers.command()
def backup(
    *,
    out: Annotated[Path, typer.Option(help="書くファイル / File to write.")],
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """使用中の記録ファイルの控えを取る / Copy a ledger file while it is in use."""
    from magi.cli import ledger_move as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.backup(settings_for(lang), out, ledger)


@ledgers.command("rotate-key")
def rotate_key(
    *,
    by: Annotated[str, typer.Option(help="交換する人の名前 / Who does it.")],
    finish: Annotated[bool, typer.Option("--finish", help="古い鍵を外す / Remove the old key.")] = False,
    lang: Lang = None,
) -> None:
    """署名の鍵を取り替える。初めは新旧の両方で署名する / Exchange the key that signs the log."""
    from magi.cli import ledger_move as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.rotate_key(settings_for(lang), by, finish=finish)
