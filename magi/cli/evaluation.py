"""`magi evaluation …` as the command line spells it: how a council does beside its best seat, and what it learns.

Options only: what the commands do is loaded when they run, so `magi --help` stays quick. `magi.cli.main` registers
the group.
"""

from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import AsJson, Lang

Answers = Annotated[
    Path, typer.Argument(metavar="FILE", help="記録された回答(JSONL、JSONL.gz、CSV) / Recorded answers.")
]
Members = Annotated[str, typer.Option(help="席とするモデル a,b,c / Members, by comma.")]
Scoring = Annotated[
    str | None,
    typer.Option(
        help="回答の比べ方: choice, number, near, text(省略時はファイルから) / How answers compare.",
        show_default=False,
    ),
]

evaluations = typer.Typer(help="合議の成績と信頼度の学習 / How well a council does.", no_args_is_help=True)


@evaluations.command()
def recorded(
    file: Answers,
    *,
    members: Members,
    splits: Annotated[int, typer.Option(min=1, max=1_000, help="分割の数 / Random splits.")] = 20,
    labels: Annotated[
        float, typer.Option(min=0, help="学習に使う割合(1未満)か問数 / Share or number labelled.")
    ] = 0.5,
    scoring: Scoring = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """記録された回答だけで、各規則と最良の席を比べる / Every rule beside the best seat, on recorded answers."""
    from magi.cli import evaluation_shown as command  # noqa: PLC0415  # `magi --help` need not load it
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    settings = settings_for(lang)
    options = command.RecordedOptions(file, members, splits, labels, scoring)
    command.show_recorded(options, settings.lang, as_json=as_json)


@evaluations.command()
def fit(
    file: Answers,
    *,
    members: Members,
    out: Annotated[Path, typer.Option(help="書き出すプロファイル(JSON) / Profile to write.")],
    scoring: Scoring = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """正解の付いた記録から信頼度のプロファイルを作る / Learn a reliability profile from labelled answers."""
    from magi.cli import evaluation_shown as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    settings = settings_for(lang)
    command.show_fit(command.FitOptions(file, members, out, scoring), settings.lang, as_json=as_json)
