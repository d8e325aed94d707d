"""`magi audit checkpoint`, `key` and `proof` as the command line spells them. `magi.cli.audit` registers them.

Options only: what the commands do is loaded when they run (`export_log`), so that `magi --help` stays quick.
"""

from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import Lang, Ledger


def checkpoint(
    *,
    out: Annotated[
        Path | None, typer.Option(help="書くファイル / File to write.", show_default=False)
    ] = None,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """署名された記録の先端を出す。控えておけば後の改変が分かる / Print the signed head, to be kept."""
    from magi.cli import export_log as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    command.checkpoint(settings_for(lang), ledger, out)


def key(*, ledger: Ledger = None, lang: Lang = None) -> None:
    """記録の署名を検証する公開鍵を出す / Print the keys that the log's signatures are verified with."""
    from magi.cli import export_log as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.keys(settings_for(lang), ledger)


def proof(
    name: Annotated[str, typer.Argument(metavar="ID", help="記録番号 / Record.")],
    *,
    out: Annotated[Path, typer.Option(help="作るフォルダ / Folder to make.")],
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """一つの審議の記録と、記録に含まれる証明を書き出す / Write one deliberation's records and proofs."""
    from magi.cli import export_log as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.prove(settings_for(lang), name, out, ledger)
