"""The commands for models of one's own, as the command line spells them: `magi seat` and `magi local`.

Options only: what they do is loaded when they run, so `magi --help` stays quick. `magi.cli.main` registers them.
"""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from magi.cli.options import Lang
from magi.core.errors import SeatRefusedError

HIGHEST_PORT = 65_535

Port = Annotated[
    int | None,
    typer.Option(min=1, max=HIGHEST_PORT, help="127.0.0.1 のポート / Port.", show_default=False),
]
Model = Annotated[str | None, typer.Option(help="サーバーでのモデル名 / Model name.", show_default=False)]
Url = Annotated[
    str | None,
    typer.Option(help="この機械のサーバー http://127.0.0.1:…/v1 / Server.", show_default=False),
]
Gguf = Annotated[
    Path | None, typer.Option(help="magi local で動かすGGUFファイル / Weights file.", show_default=False)
]
CardId = Annotated[str | None, typer.Option("--id", help="カードの名前 / Card id.", show_default=False)]
Title = Annotated[str | None, typer.Option(help="画面での名前 / Title.", show_default=False)]
Developer = Annotated[str | None, typer.Option(help="モデルの開発者 / Developer.", show_default=False)]
Country = Annotated[
    str | None, typer.Option(help="開発者の国 JP, US, CN … / Its country.", show_default=False)
]
Family = Annotated[
    str | None, typer.Option(help="モデルの系統 qwen, llama … / Model family.", show_default=False)
]
HostCountry = Annotated[
    str | None,
    typer.Option(help="この機械と自組織の国 / Country of this machine and its operator.", show_default=False),
]
ClosedNetwork = Annotated[
    bool, typer.Option("--closed-network", help="閉域網にあると確かめた / Verified: a closed network.")
]
KeyEnv = Annotated[str, typer.Option(help="鍵の環境変数の名前 / Variable of the key.", show_default=False)]
Structured = Annotated[
    Literal["json_schema", "json_object", "none"], typer.Option(help="形を守らせる方法 / Structured output.")
]
CheckedBy = Annotated[
    str | None, typer.Option(help="事実を確かめた人 / Who checked the facts.", show_default=False)
]
Council = Annotated[str | None, typer.Option(help="作る合議体の名前 / Council to write.", show_default=False)]
Seats = Annotated[
    list[str] | None,
    typer.Option("--seat", help="席=カード[,代替] / seat=card[,fallback].", show_default=False),
]
Personas = Annotated[
    list[str] | None,
    typer.Option("--persona", help="席=人格(例 a=melchior@1) / seat=persona.", show_default=False),
]
Quorum = Annotated[int | None, typer.Option(min=2, help="定足数(既定は過半数) / Quorum.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="既にあるファイルを置き換える / Replace a file.")]


def seat(
    *,
    url: Url = None,
    gguf: Gguf = None,
    port: Port = None,
    model: Model = None,
    card_id: CardId = None,
    title: Title = None,
    developer: Developer = None,
    country: Country = None,
    family: Family = None,
    host_country: HostCountry = None,
    closed_network: ClosedNetwork = False,
    key_env: KeyEnv = "",
    structured: Structured = "json_schema",
    checked_by: CheckedBy = None,
    council: Council = None,
    seats: Seats = None,
    personas: Personas = None,
    quorum: Quorum = None,
    force: Force = False,
    lang: Lang = None,
) -> None:
    """手元のモデルを席に着ける。カードか合議体を書く / Seat a model of your own: write a card or a council."""
    from magi.cli import seat as command  # noqa: PLC0415  # `magi --help` need not load the gateway
    from magi.cli.main import settings_for  # noqa: PLC0415  # main imports this module
    from magi.cli.seat_file import CardOrder, CouncilOrder  # noqa: PLC0415

    if [url is not None, gguf is not None, council is not None].count(True) != 1:
        raise SeatRefusedError("one_of")
    settings = settings_for(lang)
    if council is not None:
        wanted = CouncilOrder(council, tuple(seats or ()), tuple(personas or ()), title, quorum)
        command.seat_council(settings, wanted, force=force)
        return
    order = CardOrder(
        url=url or "",
        model=model,
        checked_by=checked_by,
        host_country=host_country,
        closed_network=closed_network,
        id=card_id,
        title=title,
        developer=developer,
        country=country,
        family=family,
        key_env=key_env,
        structured=structured,
    )
    if gguf is None:
        asyncio.run(command.seat_card(settings, order, force=force))
        return
    if port is None:
        raise SeatRefusedError("facts_missing", missing=("--port",))
    asyncio.run(command.seat_gguf(settings, command.GgufOrder(gguf, port, order), force=force))


def local(
    file: Annotated[Path, typer.Argument(help="GGUFファイル / Weights file.")],
    *,
    port: Port = None,
    sha256: Annotated[
        str | None, typer.Option(help="ファイルの指紋(必須) / Its SHA-256.", show_default=False)
    ] = None,
    model: Model = None,
    context: Annotated[int, typer.Option(min=512, max=131_072, help="文脈の長さ / Context, tokens.")] = 8_192,
    threads: Annotated[int, typer.Option(min=1, max=256, help="スレッド数 / Threads.")] = 1,
    lang: Lang = None,
) -> None:
    """手元のGGUFファイルを127.0.0.1で動かす / Serve a GGUF file of your own on loopback."""
    from magi.cli import local as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    options = command.LocalOptions(file, sha256, port, model, context, threads)
    command.local(options, settings_for(lang).lang)
