"""What `magi evaluation` does and shows: the council beside its best seat first, then everything else."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from magi.cli import screen
from magi.core.calibration import Quality
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.reliability import Profile
from magi.evaluation.answer_sheet import Sheet, read_sheet
from magi.evaluation.equate import SCORINGS, Scoring
from magi.evaluation.fit import fit_profile
from magi.evaluation.recorded import Kept, RecordedReport, SplitReport, evaluate
from magi.evaluation.stopped import Stops
from magi.words import say

PERMITTED_SIDE = 1
"""Each side of a split needs a question."""

Figure = float | int | str | bool | None
Shown = Figure | list["Shown"] | dict[str, "Shown"]


@dataclass(frozen=True)
class RecordedOptions:
    """What `magi evaluation recorded` was asked for."""

    file: Path
    members: str
    splits: int
    labels: float
    scoring: str | None


@dataclass(frozen=True)
class FitOptions:
    """What `magi evaluation fit` was asked for."""

    file: Path
    members: str
    out: Path
    scoring: str | None


def show_recorded(options: RecordedOptions, lang: str, *, as_json: bool) -> None:
    """Evaluate and print.

    Raises:
        MalformedFileError, UnknownNameError: as `read_sheet`; labels that leave one side of a split empty.
    """
    sheet = _sheet(options.file, options.members, options.scoring)
    size, labels = len(sheet.rows), options.labels
    labelled = int(size * labels) if labels < 1 else int(labels)
    if not PERMITTED_SIDE <= labelled <= size - PERMITTED_SIDE:
        raise UnknownNameError("labels", questions=size)
    report = evaluate(sheet, options.splits, labels)
    out = screen.console()
    if as_json:
        _print_json(plain(report))
        return
    screen.emit(out, Text(first_line(report, lang), style="bold"), Text(_setting(report, lang)))
    screen.emit(out, _accuracies(report, lang))
    for line in _findings(report, lang):
        screen.emit(out, Text(line))


def show_fit(options: FitOptions, lang: str, *, as_json: bool) -> None:
    """Learn a profile from all questions of the file, write its canonical bytes, print what it says.

    Raises:
        MalformedFileError: as `read_sheet`; the profile exists already or cannot be written.
    """
    sheet = _sheet(options.file, options.members, options.scoring)
    profile = fit_profile(sheet.members, sheet.rows, sheet.options)
    try:
        with options.out.open("xb") as file:
            file.write(profile.canonical_bytes())
    except FileExistsError as error:
        raise MalformedFileError("taken", file=str(options.out)) from error
    except OSError as error:
        raise MalformedFileError(
            "unwritable", file=str(options.out), problems=(error.strerror or "",)
        ) from error
    if as_json:
        _print_json({"profile": str(options.out), "digest": profile.digest(), **_learnt(profile)})
        return
    out = screen.console()
    aggregator = say(f"aggregator.{profile.aggregator}", lang)
    screen.emit(
        out,
        Text(say("evaluation.fitted", lang, file=str(options.out), labels=profile.labels, rule=aggregator)),
    )
    table = screen.table(
        say("evaluation.seat", lang), say("evaluation.right", lang), say("evaluation.weight", lang)
    )
    for seat in profile.seats:
        table.add_row(
            screen.plain(seat.seat), _percent(Fraction(seat.right, seat.asked)), f"{seat.weight / 1000:.2f}"
        )
    screen.emit(out, table)
    votes = f"{profile.n_eff_centi / 100:.2f}"
    screen.emit(out, Text(say("evaluation.independent", lang, seats=len(profile.seats), votes=votes)))
    screen.emit(out, Text(say("evaluation.digest", lang, digest=profile.digest())))


def first_line(report: RecordedReport, lang: str) -> str:
    """Whether the council beat its best seat, with the paired difference and its interval."""
    gap = report.difference
    points = {
        "mean": f"{gap.mean_bp / 100:+.2f}",
        "low": f"{gap.low_bp / 100:+.2f}",
        "high": f"{gap.high_bp / 100:+.2f}",
    }
    if gap.standing == "beat":
        return say("evaluation.beat", lang, **points)
    return say("evaluation.lost" if gap.standing == "lost" else "evaluation.undecided", lang, **points)


def plain(report: RecordedReport) -> dict[str, Shown]:
    """The whole report for `--json`; accuracies and shares in percent."""
    sheet, gap = report.sheet, report.difference
    return {
        "format": 1,
        "file_digest": sheet.digest,
        "members": list(sheet.members),
        "questions": len(sheet.rows),
        "left_out": sheet.left_out,
        "scoring": sheet.scoring,
        "options": sheet.options,
        "n_eff": report.n_eff_all_centi / 100,
        "n_eff_evaluated": report.n_eff_centi / 100,
        "error_correlation": report.rho_milli / 1000,
        "council_against_best_member": {
            "standing": gap.standing,
            "difference": gap.mean_bp / 100,
            "interval_95": [gap.low_bp / 100, gap.high_bp / 100],
        },
        "dawid_skene_ranking": [sheet.members[place] for place in report.unlabelled.ranking],
        "mean": _mean(report),
        "splits": [_split(report, one) for one in report.splits],
    }


def _sheet(file: Path, members: str, scoring: str | None) -> Sheet:
    names = tuple(name.strip() for name in members.split(",") if name.strip())
    chosen: Scoring | None = next((known for known in SCORINGS if known == scoring), None)
    if scoring is not None and chosen is None:
        raise UnknownNameError("scoring", known=SCORINGS)
    return read_sheet(file, names, chosen)


def _mean(report: RecordedReport) -> dict[str, Shown]:
    def mean(figure: Callable[[SplitReport], Fraction | int]) -> float:
        return _rounded(
            sum((Fraction(figure(one)) for one in report.splits), Fraction(0)) / len(report.splits)
        )

    members = report.sheet.members
    chosen = Counter(one.profile.aggregator for one in report.splits)
    return {
        "chosen": mean(lambda one: Fraction(100 * one.right, one.held_out)),
        "chosen_aggregators": dict(chosen.most_common()),
        "best_member": mean(lambda one: Fraction(100 * one.members[one.best_member], one.held_out)),
        "best_member_in_hindsight": mean(
            lambda one: Fraction(100 * one.members[one.best_in_hindsight], one.held_out)
        ),
        "members": {
            name: mean(lambda one, place=place: Fraction(100 * one.members[place], one.held_out))  # type: ignore[misc]  # bound now
            for place, name in enumerate(members)
        },
        "rules": {
            name: mean(lambda one, name=name: 100 * one.rules[name] / one.held_out)  # type: ignore[misc]  # bound now
            for name in report.splits[0].rules
        },
        "single_seat": mean(lambda one: Fraction(100 * one.single_seat, one.held_out)),
        "minority": mean(lambda one: Fraction(100 * one.minority, one.held_out)),
        "ece_before": mean(lambda one: Fraction(one.before.ece_bp, 100)),
        "ece_after": mean(lambda one: Fraction(one.after.ece_bp, 100)),
        "brier_before": mean(lambda one: Fraction(one.before.brier_ppm, 1_000_000)),
        "brier_after": mean(lambda one: Fraction(one.after.brier_ppm, 1_000_000)),
        "log_loss_before": mean(lambda one: Fraction(one.before.log_loss_ppm, 1_000_000)),
        "log_loss_after": mean(lambda one: Fraction(one.after.log_loss_ppm, 1_000_000)),
        "calls_saved": mean(lambda one: Fraction(100 * one.stops.saved, one.stops.calls)),
        "calls_saved_plurality": mean(
            lambda one: Fraction(100 * one.plurality_stops.saved, one.plurality_stops.calls)
        ),
        "stop_differing_outcomes": sum(
            one.stops.differing + one.plurality_stops.differing for one in report.splits
        ),
        "stop_95": _kept_over([one.certain for one in report.splits if one.certain]),
        "selective": [
            _kept_over([one.promises[place] for one in report.splits])
            for place in range(len(report.splits[0].promises))
        ],
    }


def _kept_over(kept: list[Kept]) -> dict[str, Shown]:
    """What one promise came to over all splits; a split without a promise answers nothing under it."""
    made = [one for one in kept if one.promised.from_bp is not None]
    answered, wrong = sum(one.answered for one in made), sum(one.wrong for one in made)
    broken = sum(_is_broken(one) for one in made)
    return {
        "error_allowed": kept[0].promised.error_bp / 100 if kept else None,
        "splits_with_promise": len(made),
        "splits_without_promise": len(kept) - len(made),
        "splits_broken": broken,
        "splits_broken_share": _rounded(Fraction(100 * broken, len(kept))) if kept else None,
        "answered": answered,
        "right": _rounded(Fraction(100 * (answered - wrong), answered)) if answered else None,
    }


def _is_broken(kept: Kept) -> bool:
    return kept.wrong * 10_000 > kept.promised.error_bp * kept.answered


def _split(report: RecordedReport, one: SplitReport) -> dict[str, Shown]:
    members = report.sheet.members

    def percent(right: Fraction | int) -> float:
        return _rounded(
            Fraction(100 * right, one.held_out) if isinstance(right, int) else 100 * right / one.held_out
        )

    return {
        "seed": one.seed,
        "labelled": one.labelled,
        "held_out": one.held_out,
        "best_member": {"name": members[one.best_member], "accuracy": percent(one.members[one.best_member])},
        "best_member_in_hindsight": {
            "name": members[one.best_in_hindsight],
            "accuracy": percent(one.members[one.best_in_hindsight]),
        },
        "members": {name: percent(right) for name, right in zip(members, one.members, strict=True)},
        "rules": {name: percent(right) for name, right in one.rules.items()},
        "chosen": {"accuracy": percent(one.right), **_learnt(one.profile)},
        "single_seat": one.single_seat,
        "minority": one.minority,
        "calibration": {"before": _quality(one.before), "after": _quality(one.after)},
        "early_stop": _stops(one.stops),
        "early_stop_plurality": _stops(one.plurality_stops),
        "stop_95": None if one.certain is None else _kept(one.certain),
        "selective": [_kept(kept) for kept in one.promises],
    }


def _learnt(profile: Profile) -> dict[str, Shown]:
    return {
        "aggregator": profile.aggregator,
        "profile_digest": profile.digest(),
        "n_eff": profile.n_eff_centi / 100,
        "calibration_method": profile.calibration.method,
        "cross_validation": {
            one.aggregator: {"right": one.right, "gained": one.gained, "lost": one.lost}
            for one in profile.choice
        },
    }


def _quality(quality: Quality) -> dict[str, Shown]:
    return {
        "ece": quality.ece_bp / 100,
        "brier": quality.brier_ppm / 1_000_000,
        "log_loss": quality.log_loss_ppm / 1_000_000,
    }


def _stops(stops: Stops) -> dict[str, Shown]:
    return {"calls": stops.calls, "saved": stops.saved, "differing_outcomes": stops.differing}


def _kept(kept: Kept) -> dict[str, Shown]:
    promised = kept.promised
    return {
        "error_allowed": promised.error_bp / 100,
        "promised": promised.from_bp is not None,
        "from": None if promised.from_bp is None else promised.from_bp / 100,
        "answered": kept.answered,
        "wrong": kept.wrong,
    }


def _setting(report: RecordedReport, lang: str) -> str:
    first = report.splits[0]
    return say(
        "evaluation.setting",
        lang,
        questions=len(report.sheet.rows),
        left_out=report.sheet.left_out,
        splits=len(report.splits),
        labelled=first.labelled,
        held_out=first.held_out,
    )


def _accuracies(report: RecordedReport, lang: str) -> Table:
    mean = _mean(report)
    table = screen.table(say("evaluation.who", lang), say("evaluation.right", lang))
    table.add_row(Text(say("evaluation.chosen", lang), style="bold"), _two(mean["chosen"]))
    table.add_row(Text(say("evaluation.best", lang), style="bold"), _two(mean["best_member"]))
    table.add_row(Text(say("evaluation.hindsight", lang)), _two(mean["best_member_in_hindsight"]))
    for kind in ("members", "rules"):
        figures = mean[kind]
        for name, right in figures.items() if isinstance(figures, dict) else ():
            words = screen.plain(name) if kind == "members" else Text(say(f"aggregator.{name}", lang))
            table.add_row(words, _two(right))
    return table


def _findings(report: RecordedReport, lang: str) -> list[str]:
    mean, seats = _mean(report), len(report.sheet.members)
    chosen = Counter(one.profile.aggregator for one in report.splits).most_common()
    listed = ", ".join(f"{say(f'aggregator.{name}', lang)} {count}" for name, count in chosen)
    stop = _kept_over([one.certain for one in report.splits if one.certain])
    lines = [
        say("evaluation.choices", lang, choices=listed),
        say("evaluation.independent", lang, seats=seats, votes=f"{report.n_eff_centi / 100:.2f}"),
        say("evaluation.alone", lang, single=_two(mean["single_seat"]), minority=_two(mean["minority"])),
        say("evaluation.ece", lang, before=_two(mean["ece_before"]), after=_two(mean["ece_after"])),
        say(
            "evaluation.saved",
            lang,
            saved=_two(mean["calls_saved"]),
            plurality=_two(mean["calls_saved_plurality"]),
            differing=str(mean["stop_differing_outcomes"]),
        ),
    ]
    if stop["splits_with_promise"]:
        splits, answered = str(stop["splits_with_promise"]), str(stop["answered"])
        lines.append(
            say("evaluation.stop", lang, splits=splits, answered=answered, right=_two(stop["right"]))
        )
    else:
        lines.append(say("evaluation.no_stop", lang))
    lines += [_promise_line(report, place, lang) for place in range(len(report.splits[0].promises))]
    return lines


def _promise_line(report: RecordedReport, place: int, lang: str) -> str:
    """In how many splits a promise could be made and in which share of all it was broken; how many were answered."""
    kept = _kept_over([one.promises[place] for one in report.splits])
    answered, asked = kept["answered"], sum(one.held_out for one in report.splits)
    return say(
        "evaluation.promise",
        lang,
        error=f"{kept['error_allowed']:g}",
        splits=len(report.splits),
        made=str(kept["splits_with_promise"]),
        broken=str(kept["splits_broken"]),
        share=_two(kept["splits_broken_share"]),
        coverage=_two(100 * answered / asked if isinstance(answered, int) else None),
    )


def _print_json(value: dict[str, Shown]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.2f}"


def _two(figure: Shown) -> str:
    return f"{figure:.2f}" if isinstance(figure, int | float) else str(figure)


def _rounded(value: Fraction) -> float:
    """Four decimals, by exact arithmetic."""
    return round(value * 10_000) / 10_000
