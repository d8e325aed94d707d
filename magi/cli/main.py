"""The `magi` command. Exit codes: 0 done, 1 the world's fault or a broken record, 2 the caller's fault.

Translation only: parse, call, print. What a person reads comes from the catalogue; an unexpected error shows
its type and place, never a text that passed through.
"""

import asyncio
import itertools
import logging
import os
import resource
import sys
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
import typer
from rich.text import Text

from magi import __version__
from magi.cli import own, replay_command, screen
from magi.cli.adopt import adopt, reviews
from magi.cli.audit import audits
from magi.cli.evaluation import evaluations
from magi.cli.ledger import ledgers
from magi.cli.options import AsJson, Lang, Ledger
from magi.cli.policy import policies
from magi.core.errors import MagiError, UnknownNameError
from magi.settings import Settings, read_settings
from magi.words import LANGUAGES, say, say_error

CALLERS_FAULT = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells count."""

app = typer.Typer(
    name="magi",
    help="MAGI 合議の支援 / A council of different models deliberates.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
agents = typer.Typer(help="モデルのカードと合議体 / Agent cards and councils.", no_args_is_help=True)
app.add_typer(agents, name="agents")
app.command()(own.seat)
app.command()(own.local)
app.command()(replay_command.replay)
app.command()(adopt)
app.add_typer(reviews, name="review")

batches = typer.Typer(help="多数の問いをまとめて / Many questions from a file.", no_args_is_help=True)
app.add_typer(batches, name="batch")
app.add_typer(policies, name="policy")
app.add_typer(audits, name="audit")
app.add_typer(ledgers, name="ledger")
app.add_typer(evaluations, name="evaluation")

Result = TypeVar("Result")
Council = Annotated[str | None, typer.Option(help="合議体の名前 / Council.", show_default=False)]


def settings_for(lang: str | None) -> Settings:
    """This process's settings, with the language of the command line.

    Raises:
        UnknownNameError: a language that the catalogue does not have.
    """
    settings = read_settings(os.environ)
    chosen = lang or settings.lang
    if chosen not in LANGUAGES:
        raise UnknownNameError("lang", name=chosen)
    return replace(settings, lang=chosen)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="問い。- で標準入力から / The question; - reads stdin.")],
    *,
    council: Council = None,
    label: Annotated[
        str | None, typer.Option(help="区分(public, internal, …) / Label.", show_default=False)
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="答えの形: open, yes-no, number:円, date, choice / Answer space.", show_default=False
        ),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="選択肢 ア=本文 / An option, A=text.", show_default=False)
    ] = None,
    lowering: Annotated[
        int | None,
        typer.Option(help="magi policy lower の番号 / Number of a lowering.", show_default=False),
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option(help="添えるファイル / A file to go with it.", show_default=False)
    ] = None,
    materials: Annotated[
        Path | None,
        typer.Option(help="資料のフォルダ(materials.toml) / Folder of materials.", show_default=False),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(help="政府の公式見解のフォルダ / Folder of official positions.", show_default=False),
    ] = None,
    topic: Annotated[
        str | None, typer.Option(help="分野の記号(tax など) / Topic by its code.", show_default=False)
    ] = None,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="代役による予行 / Scripted stand-ins answer.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSONで出す / Print JSON.")] = False,
    lang: Lang = None,
) -> None:
    """問いを合議体に諮る / Ask a council one question."""
    from magi.cli import ask as command  # noqa: PLC0415  # `magi --help` need not load the gateway

    options = command.AskOptions(
        council,
        label,
        space,
        tuple(option or ()),
        rehearsal,
        as_json,
        lowering,
        tuple(file or ()),
        materials,
        positions,
        topic,
    )
    settings = settings_for(lang)
    run_async(command.ask(settings, command.text_of(question), options))


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="記録番号 / Record.", show_default=False)],
    *,
    who: Annotated[
        str | None, typer.Option(help="文面を読む人の名前 / Who reads the texts.", show_default=False)
    ] = None,
    why: Annotated[str, typer.Option(help="案件番号 / Case number.", show_default=False)] = "",
    as_json: AsJson = False,
    ledger: Ledger = None,
    lang: Lang = None,
) -> None:
    """結論の少数意見と分かれ目 / Who dissents from a verdict, why, and what would turn it."""
    from magi.cli import explain_verdict as command  # noqa: PLC0415

    run_async(command.explain(settings_for(lang), command.ExplainOrder(name, who, why, ledger, as_json)))


@agents.command("list")
def agents_list(*, lang: Lang = None) -> None:
    """カードの一覧 / List the cards."""
    from magi.cli.agents import list_agents  # noqa: PLC0415

    list_agents(settings_for(lang))


@agents.command("check")
def agents_check(*, lang: Lang = None) -> None:
    """カード・合議体・定型文を検査する / Check cards, councils and templates."""
    from magi.cli.agents import check_agents  # noqa: PLC0415

    if not check_agents(settings_for(lang)):
        raise typer.Exit(CALLERS_FAULT)


@agents.command("attest")
def agents_attest(
    card: Annotated[
        str | None, typer.Argument(metavar="CARD", help="カード / Card.", show_default=False)
    ] = None,
    *,
    by: Annotated[str, typer.Option(help="確認者の名前(attestors.toml の名前) / Who signs.")],
    key: Annotated[Path, typer.Option(help="署名の秘密鍵(PEM) / Private key file.")],
    fact: Annotated[
        list[str] | None, typer.Option(help="事実 inference_scope=JP / A fact.", show_default=False)
    ] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="鍵の組を作る / Make a key pair.")] = False,
    lang: Lang = None,
) -> None:
    """カードに書くだけでは示せない事実に署名する / Sign facts that a card cannot prove."""
    from magi.cli import attest as command  # noqa: PLC0415

    settings = settings_for(lang)
    if new_key:
        command.new_key_pair(settings, by, key)
    if card is not None:
        command.attest_card(settings, card, tuple(fact or ()), by, key)
    elif not new_key:
        _complain(say("attest.usage", settings.lang))
        raise typer.Exit(CALLERS_FAULT)


@batches.command("run")
def batch_run(
    file: Annotated[Path, typer.Argument(help="問いのファイル(JSONL、CSV) / Questions.")],
    *,
    out: Annotated[Path, typer.Option(help="結論のJSONL / JSONL to write.")],
    report: Annotated[
        Path | None,
        typer.Option(help="尋ねなかった行のJSONL / Refused rows.", show_default="OUT.report.jsonl"),
    ] = None,
    council: Council = None,
    label: Annotated[str | None, typer.Option(help="全行の区分 / Label.", show_default=False)] = None,
    name: Annotated[
        str, typer.Option(help="別の名前なら初めから尋ね直す / Another name asks anew.", show_default=False)
    ] = "",
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="代役による予行 / Scripted stand-ins answer.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="一行でも不備があれば何も尋ねない / All rows or none.")
    ] = False,
    lang: Lang = None,
) -> None:
    """ファイルの問いを一行ずつ諮る。中断しても同じコマンドで続きから / Ask every row of a file."""
    from magi.cli import batch as command  # noqa: PLC0415

    _log_to_stderr(quiet=True)
    options = command.BatchOptions(file, out, report, council, label, name, rehearsal, strict)
    raise typer.Exit(run_async(command.batch(settings_for(lang), options)))


@app.command()
def demo(
    *,
    keep: Annotated[
        Path | None,
        typer.Option(help="記録を残すフォルダ / Folder to keep the ledger in.", show_default=False),
    ] = None,
    lang: Lang = None,
) -> None:
    """鍵もサーバーもなしの実演 / The demonstration: no key, no server."""
    from magi.cli import demo as command  # noqa: PLC0415

    _log_to_stderr(quiet=True)
    if not run_async(command.demo(settings_for(lang), keep)):
        raise typer.Exit(1)


@app.command()
def doctor(*, lang: Lang = None) -> None:
    """この環境の点検 / Check this installation."""
    from magi.cli import doctor as command  # noqa: PLC0415

    if not run_async(command.doctor(settings_for(lang))):
        raise typer.Exit(1)


@app.command()
def record(
    out: Annotated[Path, typer.Argument(help="録音ファイル / Cassette file to write.")],
    *,
    council: Council = None,
    questions: Annotated[
        Path | None, typer.Option(help="問いのJSONL(省略時は同梱の40問) / Questions.", show_default=False)
    ] = None,
    note: Annotated[str, typer.Option(help="録音の説明 / A note for the header.")] = "",
    lang: Lang = None,
) -> None:
    """合議体の生の応答を録音する / Record a council's raw answers to a cassette."""
    from magi.cli import record as command  # noqa: PLC0415

    run_async(command.record(settings_for(lang), out, council, questions, note))


@app.command()
def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="待ち受けるポート / Port.")] = 8400,
    host: Annotated[str, typer.Option(help="この機械のループバックのみ / Loopback only.")] = "127.0.0.1",
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="代役による予行 / Scripted stand-ins answer.")
    ] = False,
    lang: Lang = None,
) -> None:
    """OpenAI互換のサービスを開く / Serve the OpenAI-compatible API on this machine."""
    from magi.cli import serve as command  # noqa: PLC0415

    command.serve(settings_for(lang), command.ServeOptions(host, port, rehearsal))


@app.command()
def version() -> None:
    """版 / Version."""
    typer.echo(__version__)


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's coroutine."""
    return asyncio.run(work)


def run() -> None:
    """Entry point: run the command and turn every error into words and an exit code."""
    # A core dump would hold questions and keys.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _log_to_stderr()
    sys.exit(guarded(lambda: app(standalone_mode=False)))


def guarded(work: Callable[[], object]) -> int:
    """Run `work` and return the exit code; print what went wrong on stderr."""
    try:
        result = work()
    except MagiError as error:
        _complain(say_error(error, _lang()))
        return error.exit_code
    except typer.TyperException as error:
        # Not its own message: that repeats words of the command line, and a question without quotes is some.
        if str(error):  # empty where the help was shown instead
            _complain(say("error.usage", _lang()))
        return CALLERS_FAULT
    except (KeyboardInterrupt, typer.Abort):
        _complain(say("error.interrupted", _lang()))
        return INTERRUPTED
    except OSError as error:  # the ledger has names for its own: this is the screen, or a file beside it
        _complain(say("error.output", _lang(), what=error.strerror or type(error).__name__))
        return 1
    except Exception as error:  # noqa: BLE001  # the last edge: no text of a question may reach the screen
        _complain(say("error.unexpected", _lang(), kind=type(error).__name__, place=_place(error)))
        return 1
    return result if isinstance(result, int) else 0


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _complain(words: str) -> None:
    screen.emit(screen.console(err=True), Text(f"{say('error.label', _lang())}: {words}", style="red"))


def _lang() -> str:
    """The language for errors: the flag if it is anywhere on the line, else the environment, else Japanese."""
    arguments = sys.argv[1:]
    flagged = [after for flag, after in itertools.pairwise(arguments) if flag == "--lang"]
    flagged += [word.removeprefix("--lang=") for word in arguments if word.startswith("--lang=")]
    wanted = flagged[0] if flagged else os.environ.get("MAGI_LANG", "ja")
    return wanted if wanted in LANGUAGES else "ja"


def _log_to_stderr(*, quiet: bool = False) -> None:
    """JSON lines off a terminal; on one, or where `quiet`, warnings only: the screen belongs to the reply."""
    terminal = sys.stderr.isatty()
    least = logging.WARNING if terminal or quiet else logging.INFO
    renderer = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
