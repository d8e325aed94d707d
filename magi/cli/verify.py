"""`magi audit verify` and `magi audit compare` as the command line spells them. `magi.cli.audit` registers them.

Options only: what the commands do is loaded when they run (`verify_shown`), so that `magi --help` stays quick.
Exit codes: 0 where nothing is wrong, 1 where something is, 2 where it could not be asked that way.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import AsJson, Lang

Key = Annotated[
    Path | None,
    typer.Option(
        "--key", help="手元のログの公開鍵 / The log's public key, from elsewhere.", show_default=False
    ),
]
Ledger = Annotated[
    str | None,
    typer.Option(help="記録のファイル、フォルダ、URL / Ledger, folder or URL.", show_default=False),
]


class DepthName(StrEnum):
    """How deep to check; see `magi.ledger.verify`."""

    TREE = "tree"
    BODIES = "bodies"
    FULL = "full"


def verify(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="LEDGER|EXPORT",
            help="記録のファイル、書き出したフォルダ、.tlog-proof、postgresql://… / What to check.",
            show_default=False,
        ),
    ] = None,
    *,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="手元に控えたチェックポイント / A checkpoint kept from earlier.", show_default=False
        ),
    ] = None,
    key: Key = None,
    tenant_key: Annotated[
        Path | None,
        typer.Option("--tenant-key", help="本文の鍵のファイル / Key file of the bodies.", show_default=False),
    ] = None,
    witness: Annotated[
        Path | None,
        typer.Option(
            help="証人の一覧(TOML)。控えの連署を見る / Who cosigned the kept checkpoints.",
            show_default=False,
        ),
    ] = None,
    entry: Annotated[
        Path | None,
        typer.Option(help=".tlog-proof が指す記録 / The record of the .tlog-proof.", show_default=False),
    ] = None,
    depth: Annotated[DepthName, typer.Option(help="検査の深さ / How deep.")] = DepthName.FULL,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """記録が書き換えられていないか、保存されたバイトから検査する / Check a log from its bytes alone."""
    from magi.cli import verify_shown as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    settings = settings_for(lang)
    if entry is not None or (target or "").endswith(command.PROOF_SUFFIX):
        raise typer.Exit(command.proof(settings, target, entry, key, as_json=as_json))
    order = command.VerifyOrder(
        target, tuple(checkpoint or ()), key, tenant_key, witness, depth.value, as_json
    )
    raise typer.Exit(command.verify(settings, order))


def compare(
    first: Annotated[Path, typer.Argument(help="チェックポイント / A checkpoint.")],
    second: Annotated[Path, typer.Argument(help="もう一つ / Another one.")],
    *,
    ledger: Ledger = None,
    key: Key = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """二つのチェックポイントが同じ一つの履歴のものか調べる / Whether two checkpoints are of one history."""
    from magi.cli import verify_shown as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    raise typer.Exit(command.compare(settings_for(lang), (first, second), ledger, key, as_json=as_json))
