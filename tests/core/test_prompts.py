"""Templates: strict rendering, and a LOCK that lets no released version change."""

from pathlib import Path

import pytest

from magi.assets import load_assets
from magi.core.canonical import digest
from magi.core.errors import TemplateError
from magi.core.form import places, template_for
from magi.core.prompts import Templates, check_lock
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace

TEXTS = {"answer/x@1": "問い {{question}}\n選択肢 {{options}} {{question}}", "persona/y@2": "あなたは。"}
SPACES = (
    ChoiceSpace(options=("A", "B")),
    YesNoConditionalSpace(),
    NumberSpace(unit="円"),
    NumberSpace(),
    DateSpace(),
    OpenSpace(),
)
CANARY = "ひみつの問い"


def lock_of(texts):
    """The LOCK that fits these texts."""
    return "".join(f"{digest(text.encode())}  {name}\n" for name, text in texts.items())


def reason_of(texts, lock):
    """Why a LOCK check refuses, with its facts."""
    with pytest.raises(TemplateError) as caught:
        check_lock(texts, lock)
    return caught.value.reason, caught.value.facts


def test_every_place_is_filled_each_time():
    """Rendering fills each place, also one that occurs twice."""
    rendered = Templates(TEXTS).render("answer/x@1", {"question": "Q", "options": "O"})

    assert rendered == "問い Q\n選択肢 O Q"


@pytest.mark.parametrize(
    "value",
    ["{{options}}", "{{question}}", "{{", "}}", "{0}", "%s", "\\1", "\\g<0>", "$question", "{{{{a}}}}"],
)
def test_values_are_never_expanded(value):
    """A value with braces, back references or formats arrives as it is."""
    rendered = Templates(TEXTS).render("answer/x@1", {"question": value, "options": "{{question}}"})

    assert rendered == f"問い {value}\n選択肢 {{{{question}}}} {value}"


@pytest.mark.parametrize(
    ("names", "missing", "extra"),
    [
        ((), ("options", "question"), ()),
        (("question",), ("options",), ()),
        (("question", "options", "more"), (), ("more",)),
        (("question", "more"), ("options",), ("more",)),
    ],
)
def test_variables_must_be_just_the_places(names, missing, extra):
    """A variable too few or too many is refused by name, without its value."""
    with pytest.raises(TemplateError) as caught:
        Templates(TEXTS).render("answer/x@1", dict.fromkeys(names, CANARY))

    assert (caught.value.facts["missing"], caught.value.facts["extra"]) == (missing, extra)
    assert CANARY not in str(caught.value)


def test_an_unknown_template_is_refused_with_those_there_are():
    """A template that does not exist is named together with those that do."""
    for use in (lambda t: t.render("answer/z@1", {}), lambda t: t.digest("answer/z@1")):
        with pytest.raises(TemplateError) as caught:
            use(Templates(TEXTS))

        assert caught.value.facts["known"] == tuple(TEXTS)


def test_a_lock_that_fits_lets_all_through():
    """Texts under their own digests are handed out."""
    assert check_lock(TEXTS, lock_of(TEXTS)).texts == TEXTS


def test_a_changed_released_template_is_refused():
    """One letter changed under a released name is refused by that name."""
    changed = TEXTS | {"persona/y@2": "あなたは?"}

    assert reason_of(changed, lock_of(TEXTS)) == ("changed", {"templates": ("persona/y@2",)})


def test_a_template_without_a_line_is_refused():
    """A text that LOCK does not know is refused."""
    more = TEXTS | {"persona/new@1": "x"}

    assert reason_of(more, lock_of(TEXTS)) == ("not_locked", {"templates": ("persona/new@1",)})


def test_a_line_without_its_template_is_refused():
    """A released template that is gone is refused."""
    fewer = {"answer/x@1": TEXTS["answer/x@1"]}

    assert reason_of(fewer, lock_of(TEXTS)) == ("not_locked", {"templates": ("persona/y@2",)})


@pytest.mark.parametrize(
    "line", ["", "x", "0" * 63 + "  persona/y@2", "0" * 64 + " persona/y@2", "0" * 64 + "  persona/y"]
)
def test_a_line_that_is_none_is_refused(line):
    """A line of another form is refused by its number."""
    assert reason_of(TEXTS, f"{lock_of(TEXTS)}{line}\n") == ("lock_line", {"line": 3})


def test_a_name_locked_twice_is_refused():
    """A second line for a name cannot overrule the first."""
    changed = TEXTS | {"persona/y@2": "あなたは?"}
    second = lock_of({"persona/y@2": "あなたは?"})

    assert reason_of(changed, lock_of(TEXTS) + second) == ("lock_line", {"line": 3})


def test_the_shipped_lock_fits():
    """The shipped templates are those that the shipped LOCK names, byte for byte as UTF-8."""
    folder = Path(__file__).parents[2] / "prompts"
    texts = {
        str(path.relative_to(folder))[: -len(".txt")]: path.read_bytes().decode()
        for path in folder.glob("*/*.txt")
    }
    assert len(texts) >= 8

    assert check_lock(texts, (folder / "LOCK").read_text()).texts == load_assets().templates.texts


@pytest.mark.parametrize("space", SPACES, ids=lambda s: f"{s.kind}-{getattr(s, 'unit', '')}")
def test_the_shipped_answer_templates_take_the_places_of_their_space(space):
    """Each answer space's template renders with just the places that the form gives, question inside."""
    templates = load_assets().templates
    rendered = templates.render(template_for(space), places(space, CANARY, {"A": "甲", "B": "乙"}))

    assert CANARY in rendered
    assert "{{" not in rendered


def test_the_shipped_personas_take_no_variables():
    """Every persona of every shipped council renders without a variable, so no user text gets into it."""
    assets = load_assets()
    personas = {seat.persona for council in assets.councils.values() for seat in council.seats}

    assert all(assets.templates.render(f"persona/{persona}", {}) for persona in personas)
