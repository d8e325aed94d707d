"""`magi replay` as the command line spells it; `magi.cli.main` registers it.

Options only: what the command does is loaded when it runs (`replay`), so `magi --help` stays quick.
"""

import asyncio
from typing import Annotated, Literal

import typer

from magi.cli.options import AsJson, FirstDay, Lang, LastDay, Ledger
from magi.core.acts import Level

Every = Annotated[bool, typer.Option("--all", help="すべての審議 / Every deliberation.")]
AtLevel = Annotated[
    Level | None,
    typer.Option(
        help="R0 改変の有無、R1 結論の再計算、R2 全工程、R3 仮定、R4 問い直し / How far.", show_default="R1"
    ),
]
RuleName = Annotated[
    str | None,
    typer.Option(
        help="別の決め方 plurality, majority, supermajority:2/3, unanimity, approval, schulze, borda, copeland, "
        "kemeny, minimax, ranked_pairs, weighted, chosen / Another rule.",
        show_default=False,
    ),
]
Tie = Annotated[
    Literal["none", "order", "options", "reliable"] | None,
    typer.Option(help="別の同数の扱い / Another tie key.", show_default=False),
]
Quorum = Annotated[int | None, typer.Option(min=1, help="別の定足数 / Another quorum.", show_default=False)]
Without = Annotated[
    list[str] | None, typer.Option(help="いなかったとする席 / Without this seat.", show_default=False)
]
AsToday = Annotated[
    bool, typer.Option("--today", help="今のカードと規則で席を決める / Seat by today's cards and profile.")
]
Reliability = Annotated[
    str | None,
    typer.Option(
        help="別の信頼度の表(magi evaluation fit の出力) / Another reliability profile.",
        metavar="PROFILE.json",
        show_default=False,
    ),
]
AsManifest = Annotated[
    bool, typer.Option("--manifest", help="動作条件を出す / Print what it ran on, as JSON.")
]
Who = Annotated[str | None, typer.Option(help="実行者の名前 / Who replays.", show_default="login")]
Reason = Annotated[str, typer.Option("--why", help="本文を読む理由 / Why bodies are read.")]
NoRecord = Annotated[
    bool,
    typer.Option("--no-record", help="再計算したことを記録しない / Do not note this replay in the ledger."),
]
Rehearsal = Annotated[bool, typer.Option("--rehearsal", help="R4の代役 / Stand-ins answer R4.")]


def replay(
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="記録番号 / Record.", show_default=False)
    ] = None,
    *,
    every: Every = False,
    first: FirstDay = None,
    last: LastDay = None,
    level: AtLevel = None,
    rule: RuleName = None,
    tie: Tie = None,
    quorum: Quorum = None,
    without: Without = None,
    today: AsToday = False,
    reliability: Reliability = None,
    manifest: AsManifest = False,
    who: Who = None,
    why: Reason = "replay",
    no_record: NoRecord = False,
    rehearsal: Rehearsal = False,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """記録を検査し、結論を再計算して比べる / Verify the ledger and recompute verdicts."""
    from magi.cli import replay as command  # noqa: PLC0415  # `magi --help` need not load the ledger
    from magi.cli.audit_report import period  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    options = command.ReplayOptions(
        name=name,
        every=every,
        period=period(first, last),
        level=level,
        what_if=command.WhatIf(rule, tie, quorum, tuple(without or ()), today, reliability),
        manifest=manifest,
        who=who,
        why=why,
        note=not no_record,
        rehearsal=rehearsal,
        as_json=as_json,
        ledger=ledger,
    )
    raise typer.Exit(asyncio.run(command.replay(settings_for(lang), options)))
