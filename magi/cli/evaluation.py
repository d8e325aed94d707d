"""`magi evaluation …` as the command line spells it: how a council does beside its best seat, and what it learns.

Options only: what the commands do is loaded when they run, so `magi --help` stays quick. `magi.cli.main` registers
the group.
"""

from pathlib import Path
from typing import Annotated, Literal

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


@evaluations.command()
def adopt(
    profile: Annotated[
        Path, typer.Argument(metavar="PROFILE", help="magi evaluation fit の結果 / A fitted profile.")
    ],
    *,
    council: Annotated[str, typer.Option(help="合議体の名前 / Council.")],
    by: Annotated[str, typer.Option(help="採用する人の名前 / Who puts it to use.")],
    reason: Annotated[str, typer.Option(help="理由 / Why.", show_default=False)] = "",
    rebuttal: Annotated[
        Literal["gain", "no_gain", "unmeasured"],
        typer.Option(help="反論の回に効果があったか / Whether a second round gained."),
    ] = "unmeasured",
    seats: Annotated[
        str | None,
        typer.Option(help="席=モデル,… / Seat=member, where they differ.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """プロファイルを合議体で使う。記録に残る / Put a profile to use for a council, on record."""
    from magi.cli import evaluation_adopt as command  # noqa: PLC0415
    from magi.cli.main import run_async, settings_for  # noqa: PLC0415

    options = command.AdoptOptions(profile, council, by, reason, rebuttal, seats, as_json)
    run_async(command.adopt_profile(settings_for(lang), options))


@evaluations.command()
def run(
    data_set: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="問題集(JSONL、.gz)、記録された回答、または policy_questions / Questions, recorded answers.",
        ),
    ],
    *,
    council: Annotated[str | None, typer.Option(help="合議体の名前 / Council.", show_default=False)] = None,
    members: Annotated[
        str | None,
        typer.Option(help="記録された回答の席 a,b,c / Members of a recorded file.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="report.html、report.json、rows.jsonl を置くフォルダー / Folder.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=2, help="初めから何問 / First questions only.", show_default=False)
    ] = None,
    labels: Annotated[
        float, typer.Option(min=0, help="学習に使う割合(1未満)か問数 / Share or number labelled.")
    ] = 0.5,
    splits: Annotated[int, typer.Option(min=1, max=1_000, help="分割の数 / Random splits.")] = 20,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="一席に繰り返し尋ねる回数。all は合議の呼出しと同数 / Ask each model so often; all: as the council.",
            show_default=False,
        ),
    ] = None,
    order_check: Annotated[
        int, typer.Option(min=0, help="選択肢の順序を替えて尋ね直す問数 / Questions in another order.")
    ] = 0,
    label: Annotated[
        str | None, typer.Option(help="問いの区分(public, internal, …) / Label.", show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="別の名前なら初めから尋ね直す / Another name asks anew.")] = "",
    bias: Annotated[
        Path | None,
        typer.Option(help="magi evaluation bias の結果 / Result of the battery.", show_default=False),
    ] = None,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="代役による予行 / Scripted stand-ins answer.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """問題集を合議体に諮り、最良の席と比べた成績表を作る / A data set through a council, and its scoreboard."""
    from magi.cli import evaluation_run as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    options = command.RunOptions(
        data_set, council, members, out, limit, labels, splits, baseline, order_check, label, name, bias,
        rehearsal, as_json,
    )  # fmt: skip
    if code := command.run(settings_for(lang), options):
        raise typer.Exit(code)


@evaluations.command()
def bias(
    *,
    council: Annotated[
        list[str] | None,
        typer.Option(help="合議体の名前(繰り返せます) / Council; may repeat.", show_default=False),
    ] = None,
    all_cards: Annotated[
        bool, typer.Option("--all-cards", help="呼び出せるすべてのカード / Every card that can be called.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            help="設問の区分を公開に下げると判断した職員 / Who lowers the questions to public.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="結果のファイル(JSON) / File of results.", show_default=False)
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="変わらないカードも測り直す / Ask unchanged cards too.")
    ] = False,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="代役による予行 / Scripted stand-ins answer.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """領土・歴史などの設問で、外国の主張の繰返しと一方だけの拒否を測る / Foreign claims and one-sided refusal."""
    from magi.cli import evaluation_bias as command  # noqa: PLC0415
    from magi.cli.main import run_async, settings_for  # noqa: PLC0415

    options = command.BiasOptions(tuple(council or ()), all_cards, by, out, again, rehearsal, as_json)
    run_async(command.bias(settings_for(lang), options))
