"""The leak suite's own tools: the search finds each form that is planted, and the scene sends what it may."""

import base64
import logging

import pytest

PUBLIC = "庁舎の花壇に何を植えるとよいか"


@pytest.mark.parametrize("canary", ["PERSON", "WORD"])
def test_the_search_finds_every_form_that_is_planted(kit, canary):
    """Each form of a canary, planted alone between other bytes, is found; without it nothing is."""
    text = getattr(kit, canary)
    forms = kit.forms(text)
    missed = [n for n, raw in forms.items() if n not in kit.search(b"\x00abc " + raw + b" xyz", text)]

    assert len(forms) > 60
    assert missed == []
    assert kit.search(b"\x00abc  xyz" * 1000, text) == []


def test_the_search_finds_base64_at_any_place(kit):
    """Base64 of a text that holds the canary somewhere is found whatever stands before and after it."""
    for before in range(6):
        whole = base64.b64encode(b"x" * before + kit.WORD.encode() + "と続く".encode())

        assert kit.search(whole, kit.WORD)


def test_permitted_text_reaches_the_recorder_abroad(scene):
    """Public text is seen by all four seats, and the search finds it where it was sent."""
    play = scene()
    done = play.ask(PUBLIC)

    assert done.verdict.outcome == "unanimous"
    assert play.seen_abroad(PUBLIC)
    assert len(play.home.requests) == 3
    assert [place for place in play.leaks(PUBLIC) if not place.startswith("abroad:")] == []


@pytest.mark.parametrize("canary", ["PERSON", "WORD"])
def test_a_canary_at_home_is_in_no_other_place(scene, kit, canary):
    """What the seats at home see is not abroad, in no log line, no error and no file of the ledger."""
    play = scene()
    text = f"{getattr(kit, canary)}どう答えるとよいか"
    play.ask(text, label=None)

    assert play.seen_at_home(getattr(kit, canary))
    assert play.leaks(getattr(kit, canary)) == []


def test_without_guards_the_canary_is_seen_abroad(scene, stage, kit):
    """With policy and detectors left out, the same question is seen abroad: the recorder would have noticed."""
    play = scene(labeller=kit.Deaf(), profile=kit.open_door(stage.profile()))
    play.ask(f"{kit.PERSON}どう答えるとよいか", label=None)

    assert "utf-8" in {name.split("/")[0] for name in play.seen_abroad(kit.PERSON)}


def test_the_search_looks_into_logs_errors_and_files(scene, kit):
    """A canary that is planted in a log line, an error or a file beside the ledger is reported with its place."""
    play = scene()
    logging.getLogger("x").warning("%s", kit.WORD)
    play.told.append(kit.WORD)
    (play.folder / "dump").write_text(kit.WORD)

    assert {place.partition(":")[0] for place in play.leaks(kit.WORD)} == {"log", "error", "ledger"}
