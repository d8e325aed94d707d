"""Wiring: bound cards keep their law, processes know who is dead, and the parts fit together for real."""

import asyncio
import os
import socket
import subprocess
import sys

import pytest

from magi.assets import load_assets
from magi.core.errors import CouncilRefusedError, KeyMissingError, LedgerUnavailableError, UnknownNameError
from magi.core.space import YesNoConditionalSpace
from magi.ledger.verify import verify
from magi.replay.rearbitrate import rearbitrate
from magi.residency.policy import is_foreign, on_loopback
from magi.service.question import take_question
from magi.service.run import Request, deliberate
from magi.settings import read_settings
from magi.wiring import bind, check_callable, is_dead, make_home, open_tools, process_name, today

PLACES = ("host_country", "inference_scope", "provider_country", "parent_country", "exposed_law", "operator")
STAND_IN = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("name", sorted(load_assets().cards))
@pytest.mark.parametrize("origin", ["scripted", "recorded"])
def test_a_bound_card_keeps_countries_and_law_and_is_marked(build, name, origin):
    """Binding moves the endpoint to loopback and marks the card; who operates it where stays as it is."""
    card = load_assets().cards[name]
    bound = bind(card, STAND_IN, origin, build.DAY)

    assert [getattr(bound.backend, place) for place in PLACES] == [getattr(card.backend, p) for p in PLACES]
    assert (bound.origin, bound.id, bound.model) == (origin, card.id, card.model)
    assert is_foreign(bound) == is_foreign(card)
    assert (on_loopback(bound), bound.endpoint.key_env) == (True, "")
    assert bound.backend.allowed_hosts == ("127.0.0.1",)
    assert bound.digest != card.digest


def test_this_process_is_not_dead():
    """The process that asks is alive."""
    assert is_dead(process_name()) is False


def test_a_finished_child_is_dead():
    """A child of this machine that has ended is known to be dead, and was not before."""
    program = "import sys; from magi.wiring import process_name; print(process_name(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        name = child.stdout.readline().strip()
        before = is_dead(name)
        child.stdin.close()
        child.wait()

    assert (before, is_dead(name)) == (False, True)


def test_a_process_number_used_again_is_another_process():
    """The same number with another start time names a process that is gone."""
    host, pid, started = process_name().rsplit(":", 2)

    assert is_dead(f"{host}:{pid}:{int(started) - 1}")


@pytest.mark.parametrize("owner", ["", "x", "other-host:1:1", ":1:1", f"{socket.gethostname()}:one:1"])
def test_what_cannot_be_known_is_not_dead(owner):
    """An owner on another machine, or a name of another form, is never declared dead."""
    assert is_dead(owner) is False


def test_the_process_name_is_host_number_and_start():
    """The name begins with this host and this process's number."""
    assert process_name().startswith(f"{socket.gethostname()}:{os.getpid()}:")


def test_missing_keys_are_all_named(build):
    """Every variable that a seated card wants and the environment lacks is named once; empty counts as absent."""
    cards = [
        build.card(f"c{n}", key_env=name) for n, name in enumerate(("B_KEY", "A_KEY", "B_KEY", "", "C_KEY"))
    ]
    with pytest.raises(KeyMissingError) as caught:
        check_callable("c", cards, {"C_KEY": "x", "A_KEY": ""})

    assert caught.value.facts["env"] == ("A_KEY", "B_KEY")
    assert check_callable("c", cards, dict.fromkeys(("A_KEY", "B_KEY", "C_KEY"), "x")) is None


def test_a_card_for_rehearsals_cannot_be_called(build):
    """The invented agents are refused unless a stand-in plays them."""
    assets = load_assets()
    card = assets.cards["standin-ichi"]
    with pytest.raises(CouncilRefusedError, match="rehearsal_only"):
        check_callable("rehearsal", [card], {})

    assert check_callable("rehearsal", [bind(card, STAND_IN, "scripted", build.DAY)], {}) is None


def test_the_home_is_private(tmp_path):
    """The ledger's folder is made with its parents, for its owner only."""
    make_home(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    """A file where the folder should be is a named error of the world."""
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerUnavailableError, match="no_folder"):
        make_home(tmp_path / "file" / "home")


def test_an_unknown_profile_is_refused_before_anything_is_made(tmp_path):
    """A profile that does not exist leaves no folder behind."""
    settings = read_settings({"MAGI_HOME": str(tmp_path / "home"), "MAGI_PROFILE": "nowhere"})

    async def run():
        async with open_tools(settings, load_assets()):
            pass

    with pytest.raises(UnknownNameError):
        asyncio.run(run())
    assert not (tmp_path / "home").exists()


def test_the_parts_fit_together(tmp_path):
    """Real ledger, client, guard and transport, with nobody listening: three failures, no quorum, all verified."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        settings = read_settings({"MAGI_HOME": str(tmp_path / "home")})
        assets = load_assets()

        async def run():
            cards = {n: bind(card, url, "scripted", today()) for n, card in assets.cards.items()}
            council = assets.council("rehearsal-domestic").model_copy(update={"attempts": 1})
            async with open_tools(settings, assets, cards) as tools:
                question = take_question("よいですか。", YesNoConditionalSpace())
                return await deliberate(tools, Request(question, council)), await tools.ledger.open_streams()

        done, left_open = asyncio.run(run())

    assert (done.verdict.outcome, done.verdict.flags) == ("no_quorum", ("degraded", "rehearsal"))
    assert {report.failure for report in done.verdict.seats} == {"connect_failed"}
    assert len(done.sights) == 3
    assert left_open == ()
    assert rearbitrate(done.stream, done.records).result == "same"
    assert verify(settings.ledger_path, None).sound
