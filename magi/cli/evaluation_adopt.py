"""`magi evaluation adopt`: a named person puts a fitted profile to use for a council, on record.

What would leave no record is refused before a ledger is made for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.core.card import problems_of
from magi.core.council import Council
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.measured import Rebuttal, measured
from magi.core.reliability import Profile
from magi.core.terms import Measured
from magi.service.reliability import Adoption, adopt, refuse_unfit
from magi.settings import Settings
from magi.wiring import open_tools
from magi.words import say

MAX_PROFILE_BYTES = 4_000_000
"""A profile of fifteen seats and a thousand topics has half of that."""


@dataclass(frozen=True)
class AdoptOptions:
    """What `magi evaluation adopt` was asked for; `seats` is `seat=member,...` or None."""

    file: Path
    council: str
    by: str
    reason: str
    rebuttal: Rebuttal
    seats: str | None
    as_json: bool


async def adopt_profile(settings: Settings, options: AdoptOptions) -> None:
    """Read, check, record, and print what is in use from now on.

    Raises:
        MalformedFileError: unreadable, too_large, profile (unknown keys, wrong values), profile_seats.
        UnknownNameError: council, seat_mapping. QuestionRefusedError: name_form, reason_form.
        LedgerUnavailableError, ForeignLedgerError, KeyMissingError: the ledger cannot be written.
    """
    assets = load_assets(settings.assets_dir)
    council = assets.council(options.council)
    profile = renamed(read_profile(options.file), mapping_of(options.seats))
    adoption = Adoption(profile, options.by, options.reason, options.rebuttal, str(options.file))
    refuse_unfit(council, adoption)
    async with open_tools(settings, assets) as tools:
        number, event = await adopt(tools, council, adoption)
    held = measured(profile, None, options.rebuttal)
    if options.as_json:
        promise = {"error": held.error_bp / 100, "from_bp": held.answer_from_bp}
        shown = {"number": number, "aggregator": profile.aggregator, "promise": promise}
        typer.echo(json.dumps(shown | event.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    screen.emit(screen.console(), *adopted_lines(council, profile, held, number, settings.lang))


def adopted_lines(council: Council, profile: Profile, held: Measured, number: int, lang: str) -> list[Text]:
    """What is in use, what it promises, and what of it this council reads."""
    rule = say(f"aggregator.{profile.aggregator}", lang)
    lines = [
        Text(say("evaluation.adopted", lang, council=council.name, number=number), style="bold"),
        Text(say("evaluation.adopted_rule", lang, labels=profile.labels, rule=rule)),
        Text(promise_line(held, lang)),
        Text(say("evaluation.digest", lang, digest=profile.digest())),
    ]
    if council.arbitration is None:
        lines.append(Text(say("evaluation.adopted_unused", lang, council=council.name), style="yellow"))
    elif council.rule.name != "chosen":
        lines.append(Text(say("evaluation.adopted_other_rule", lang, council=council.name)))
    return lines


def promise_line(held: Measured, lang: str) -> str:
    """What error rate is promised, and from which confidence before calibration; or that none is."""
    if held.answer_from_bp is None:
        return say("evaluation.no_promise", lang)
    figures = {"error": f"{held.error_bp / 100:g}", "least": f"{held.answer_from_bp / 100:.2f}"}
    return say("evaluation.promised", lang, **figures)


def read_profile(file: Path) -> Profile:
    """A profile from its file.

    Raises:
        MalformedFileError: unreadable, too_large, profile.
    """
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_PROFILE_BYTES + 1)
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(file), problems=(error.strerror or "",)) from error
    if len(raw) > MAX_PROFILE_BYTES:
        raise MalformedFileError("too_large", file=str(file), problems=(f"over {MAX_PROFILE_BYTES} bytes",))
    try:
        return Profile.model_validate_json(raw)
    except ValidationError as error:
        raise MalformedFileError("profile", file=str(file), problems=problems_of(error)) from None


def mapping_of(text: str | None) -> dict[str, str]:
    """Member -> seat, from `seat=member,...`; empty for None.

    Raises:
        UnknownNameError: seat_mapping, a part without both names, a seat or a member twice.
    """
    found: dict[str, str] = {}
    for part in (text or "").split(","):
        if text is None:
            break
        seat, _, member = (word.strip() for word in part.partition("="))
        if not seat or not member or member in found or seat in found.values():
            raise UnknownNameError("seat_mapping", name=part.strip())
        found[member] = seat
    return found


def renamed(profile: Profile, mapping: Mapping[str, str]) -> Profile:
    """The profile with its members called by their seats; a member that is not mapped keeps its name.

    Raises:
        UnknownNameError: seat_mapping, a member that the profile does not have, or two seats of one name.
    """
    members = tuple(seat.seat for seat in profile.seats)
    strange = sorted(set(mapping) - set(members))
    if strange:
        raise UnknownNameError("seat_mapping", name=f"{mapping[strange[0]]}={strange[0]}")
    names = [mapping.get(member, member) for member in members]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UnknownNameError("seat_mapping", name=twice)
    seats = tuple(
        seat.model_copy(update={"seat": name}) for seat, name in zip(profile.seats, names, strict=True)
    )
    return profile.model_copy(update={"seats": seats})
