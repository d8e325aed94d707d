"""`magi evaluation adopt`: a profile is put to use on record, and what does not fit is refused before a ledger is."""

import asyncio
import json

import pytest

from magi.assets import load_assets
from magi.cli.evaluation_adopt import adopted_lines
from magi.core.measured import measured
from magi.core.reliability import Profile, Promised, SeatReliability
from magi.core.rules.count import Rule
from magi.core.terms import ArbitrationRules
from magi.service.reliability import latest
from magi.wiring import open_tools

SEATS = ("melchior", "balthasar", "casper")
MODELS = ("gpt-4o", "gemini-2.0-flash", "gpt-4o-mini")
MAPPED = ",".join(f"{seat}={model}" for seat, model in zip(SEATS, MODELS, strict=True))


def profile(seats=SEATS, **changes):
    """A profile of these seats."""
    given = {
        "seats": tuple(
            SeatReliability(seat=seat, asked=200, right=150, share_ppm=750_000, weight=1_500)
            for seat in seats
        ),
        "options": 4,
        "labels": 200,
        "coefficients": (1_000,) * len(seats),
        "n_eff_centi": 170,
    }
    return Profile(**(given | changes))


@pytest.fixture
def adopt(command, tmp_path):
    """Runs the command on a profile in a file."""

    def run(given, *arguments, council="magi-domestic", by="佐藤", lang="ja"):
        path = tmp_path / "profile.json"
        path.write_bytes(given.canonical_bytes() if isinstance(given, Profile) else given)
        words = ("evaluation", "adopt", path, "--council", council, "--by", by, *arguments, "--lang", lang)
        return command.run(*words)

    return run


def in_use(command, council="magi-domestic"):
    """The profile in use for a council, as the service finds it."""

    async def found():
        assets = load_assets(None)
        async with open_tools(command.settings, assets) as tools:
            return await latest(tools, assets.council(council))

    return asyncio.run(found())


def test_an_adopted_profile_is_in_use(command, adopt):
    """The service finds what was adopted, by whom, for which cards; the command names digest, labels and rule."""
    done = adopt(profile(), "--reason", "半期の測定による", "--rebuttal", "no_gain")
    fitted, held = in_use(command)

    assert done.reason is None
    assert held == profile()
    assert (fitted.by, fitted.rebuttal, fitted.profile) == ("佐藤", "no_gain", profile().digest())
    assert sorted(fitted.cards) == sorted(SEATS)
    for word in (profile().digest(), "200 問", "相対多数", "約束できることはありません"):
        assert word in done.out


def test_what_is_promised_is_printed(adopt):
    """The promise names its error rate and the confidence from which it holds, in both languages."""
    promises = (Promised(error_bp=1_000, delta_bp=50, from_bp=8_765, kept=90, wrong=3),)
    done = adopt(profile(promises=promises), lang="en")

    assert "87.65 %" in done.out
    assert "at most 10 %" in done.out


def test_members_are_mapped_to_seats(command, adopt):
    """A profile fitted on models is put to use under the names of the seats, and digested as such."""
    done = adopt(profile(MODELS), "--seats", MAPPED, "--json")
    shown = json.loads(done.out)

    assert in_use(command).profile == profile()
    assert (shown["profile"], shown["labels"], shown["number"]) == (profile().digest(), 200, 1)
    assert shown["promise"] == {"error": 20.0, "from_bp": None}
    assert shown["aggregator"] == "plurality"


@pytest.mark.parametrize(
    ("rule", "arbitration", "told"),
    [
        (Rule(name="majority"), None, "[arbitration]"),
        (Rule(name="weighted"), ArbitrationRules(), "chosen"),
        (Rule(name="chosen"), ArbitrationRules(), None),
    ],
)
def test_it_says_what_a_council_reads_of_the_profile(build, rule, arbitration, told):
    """Where nothing reads the profile yet, or the rule is not its chosen one, a line says so; else there is none."""
    council = build.council("c1", "c2", "c3").model_copy(update={"rule": rule, "arbitration": arbitration})
    lines = adopted_lines(council, profile(), measured(profile(), None), 1, "ja")

    assert len(lines) == (4 if told is None else 5)
    assert told is None or told in lines[-1].plain


@pytest.mark.parametrize(
    ("given", "arguments", "reason", "named"),
    [
        (profile(MODELS), (), "profile_seats", ("- melchior", "+ gpt-4o-mini")),
        (profile(SEATS[::-1]), (), "profile_seats", ("casper, balthasar, melchior != ",)),
        (profile(MODELS), ("--seats", MAPPED.replace("casper", "caspar")), "profile_seats", ("+ caspar",)),
        (profile(MODELS), ("--seats", "melchior=gpt-5"), "seat_mapping", ("melchior=gpt-5",)),
        (profile(MODELS), ("--seats", "melchior"), "seat_mapping", ("melchior",)),
        (profile(MODELS), ("--seats", "a=gpt-4o,a=gpt-4o-mini"), "seat_mapping", ("a=gpt-4o-mini",)),
        (profile(MODELS), ("--seats", "a=gpt-4o,b=gpt-4o"), "seat_mapping", ("b=gpt-4o",)),
        (profile(MODELS), ("--seats", "gpt-4o=gpt-4o-mini"), "seat_mapping", ("gpt-4o",)),
        (profile(MODELS), ("--seats", ""), "seat_mapping", ()),
        (b"{}", (), "profile", ("seats", "labels")),
        (b"\xff\x00", (), "profile", ()),
        (b"[" * 100_000, (), "profile", ()),
        (b" " * 4_000_001, (), "too_large", ()),
        (profile(), ("--council", "nobody"), "council", ()),
        (profile(), ("--by", " "), "name_form", ()),
        (profile(), ("--reason", "x" * 2_001), "reason_form", ()),
    ],
)
def test_what_does_not_fit_is_refused_by_name(command, adopt, *, given, arguments, reason, named):
    """Each refusal has its reason and names the difference; no ledger was made for it."""
    done = adopt(given, *arguments)
    told = str(done.error)

    assert done.reason == reason
    assert [word for word in named if word not in told] == []
    assert not command.home.exists()


def test_an_unknown_key_is_named(adopt):
    """A key that no profile has is refused by its name, never by its value."""
    table = json.loads(profile().canonical_bytes()) | {"surprise": "CANARY"}
    done = adopt(json.dumps(table).encode())

    assert done.reason == "profile"
    assert "surprise" in str(done.error)
    assert "CANARY" not in str(done.error)


def test_a_missing_file_is_refused(command, tmp_path):
    """A file that is not there is unreadable."""
    done = command.run("evaluation", "adopt", tmp_path / "none", "--council", "magi", "--by", "x")

    assert done.reason == "unreadable"
