"""`magi audit reconcile` and `magi audit sample` as the command line spells them. `magi.cli.audit` registers them.

Options only: what the commands do is loaded when they run (`reconcile_report`, `sample_report`), so that
`magi --help` stays quick.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import AsJson, FirstDay, Lang, LastDay, Ledger

Names = list[str] | None
Paths = list[Path] | None


def reconcile(
    *,
    usage: Annotated[
        Paths, typer.Option("--usage", help="事業者の利用明細 / A vendor's usage export.", show_default=False)
    ] = None,
    proxy: Annotated[
        Paths, typer.Option("--proxy", help="送信プロキシの記録 / Egress proxy log.", show_default=False)
    ] = None,
    usage_as: Annotated[
        str | None,
        typer.Option("--usage-as", help="明細の形の名かTOML / Its shape, or TOML.", show_default=False),
    ] = None,
    proxy_as: Annotated[
        str | None,
        typer.Option("--proxy-as", help="記録の形の名かTOML / Its shape, or TOML.", show_default=False),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="時差の書かれていない時刻 UTC / JST / +09:00", show_default=False),
    ] = None,
    first: FirstDay = None,
    last: LastDay = None,
    tolerance: Annotated[
        int, typer.Option("--tolerance", help="時計のずれ(秒) / Clock skew in seconds.", min=0, max=3600)
    ] = 5,
    inside: Annotated[
        Names,
        typer.Option("--inside", help="プロキシを通らない送信先 / Not via the proxy.", show_default=False),
    ] = None,
    other: Annotated[
        Names,
        typer.Option("--other", help="モデルでない送信先 / A host that is no model.", show_default=False),
    ] = None,
    same: Annotated[
        Names,
        typer.Option(
            "--same", help="外の名=記録の名 / OUTSIDE=LEDGER, one host or model.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """外の記録(利用明細、送信プロキシ)と送信の記録を両側から突き合わせる / Match sends with outside logs."""
    from magi.cli import reconcile_report as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.audit_report import period  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    options = command.ReconcileOptions(
        period=period(first, last),
        usage=tuple(usage or ()),
        proxy=tuple(proxy or ()),
        usage_as=usage_as,
        proxy_as=proxy_as,
        zone=zone,
        tolerance_seconds=tolerance,
        inside=tuple(inside or ()),
        other=tuple(other or ()),
        same=tuple(same or ()),
        as_json=as_json,
        ledger=ledger,
    )
    raise typer.Exit(asyncio.run(command.reconcile(settings_for(lang), options)))


def sample(
    *,
    seed: Annotated[str, typer.Option("--seed", help="種(先に決めて記す) / Seed, stated beforehand.")],
    size: Annotated[int, typer.Option("--size", help="件数 / How many.", min=1, max=1_000_000)],
    first: FirstDay = None,
    last: LastDay = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="層 label / outcome / origin / Strata.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """人が読んで確かめる審議を、誰でも引き直せる形で抜き出す / Draw a sample that anybody can draw again."""
    from magi.cli import sample_report as command  # noqa: PLC0415
    from magi.cli.audit_report import period  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    options = command.SampleOptions(period(first, last), seed, size, by, as_json, ledger)
    raise typer.Exit(asyncio.run(command.sample(settings_for(lang), options)))
