"""`magi policy …` as the command line spells it: labels, who may see them, and a named person's changes.

Options only: what the commands do is loaded when they run, so `magi --help` stays quick. `magi.cli.main` registers
the group.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from magi.cli.options import AsJson, FirstDay, Lang, LastDay, Ledger

Words = Annotated[str, typer.Argument(help="文。- で標準入力から / The text; - reads stdin.")]
Profile = Annotated[
    str | None,
    typer.Option(help="区分の規則(例 gennai、gennai@2026-11-22) / Profile.", show_default=False),
]
By = Annotated[str, typer.Option(help="判断した職員の名前 / Who decides.")]

policies = typer.Typer(help="区分と送信先の規則 / Labels and who may see them.", no_args_is_help=True)


@policies.command()
def explain(
    text: Words,
    *,
    label: Annotated[
        str | None, typer.Option(help="指定する区分 / Declared label.", show_default=False)
    ] = None,
    profile: Profile = None,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="該当箇所の文を画面に出す / Show the words that were found.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """文の区分と、その理由、見せてよいモデル / A text's label, why, and who may see it."""
    from magi.cli import explain as command  # noqa: PLC0415  # `magi --help` need not load the detectors
    from magi.cli.ask import text_of  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415  # main registers this module

    options = command.ExplainOptions(label, profile, show_text, as_json)
    asyncio.run(command.explain(settings_for(lang), text_of(text), options))


@policies.command()
def table(*, profile: Profile = None, as_json: AsJson = False, lang: Lang = None) -> None:
    """区分ごとに見せてよい種別と条件 / Which classes each label admits."""
    from magi.cli import policy_table as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    command.show_table(settings_for(lang), profile, as_json=as_json)


@policies.command()
def simulate(
    *,
    profile: Annotated[str, typer.Option(help="比べる規則(例 gennai) / The other profile.")],
    first: FirstDay = None,
    last: LastDay = None,
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """記録された審議の席が、別の規則ならどう変わったか / Logged deliberations under another profile."""
    from magi.cli import simulated as command  # noqa: PLC0415
    from magi.cli.audit_report import period  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    options = command.SimulateOptions(profile, period(first, last), as_json, ledger)
    asyncio.run(command.simulate_log(settings_for(lang), options))


@policies.command()
def label(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSONL。- で標準入力から / - reads stdin.")],
    *,
    profile: Profile = None,
    out: Annotated[
        Path | None, typer.Option(help="書くファイル / File to write.", show_default=False)
    ] = None,
    lang: Lang = None,
) -> None:
    """ファイルの文を一行ずつ区分する / Label every {id, text, declared} of a file."""
    from magi.cli import label_file as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    raise typer.Exit(command.label_file(settings_for(lang), file, profile, out))


@policies.command()
def lower(
    text: Words,
    *,
    to: Annotated[str, typer.Option(help="下げた後の区分 / Label to lower to.")],
    by: By,
    reason: Annotated[str, typer.Option(help="理由 / Why.")],
    option: Annotated[
        list[str] | None, typer.Option(help="選択肢 ア=本文 / An option, A=text.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """検出が当たらないと記録し、この文の区分を下げる / Overrule the detectors on one text, on record."""
    from magi.cli import lowering as command  # noqa: PLC0415
    from magi.cli.ask import text_of  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    order = command.LowerOrder(text_of(text), tuple(option or ()), to, by, reason, as_json)
    asyncio.run(command.lower(settings_for(lang), order))


@policies.command()
def lowered(*, as_json: AsJson = False, ledger: Ledger = None, lang: Lang = None) -> None:
    """区分を下げた記録の一覧 / Lowerings on record."""
    from magi.cli import lowering as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    asyncio.run(command.lowered(settings_for(lang), ledger, as_json=as_json))


@policies.command("raise")
def raise_(
    name: Annotated[str, typer.Argument(metavar="ID", help="記録番号 / Record.")],
    *,
    to: Annotated[str, typer.Option(help="上げた後の区分 / Label to raise to.")],
    by: By,
    lang: Lang = None,
) -> None:
    """終わった審議の区分を上げる / Raise the label of a finished deliberation."""
    from magi.cli import lowering as command  # noqa: PLC0415
    from magi.cli.main import settings_for  # noqa: PLC0415

    asyncio.run(command.raise_finished(settings_for(lang), name, to, by))
