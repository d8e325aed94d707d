"""Options that many commands share, each with its one wording."""

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
