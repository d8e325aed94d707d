"""Scripts and behaviours: who plays what, and what cannot even be written down."""

import ast
import dataclasses
import math
from pathlib import Path

import pytest

from magi.standin import script as script_module
from magi.standin.script import (
    CloseUnanswered,
    CutStream,
    Delay,
    Garbage,
    Hang,
    Redirect,
    Reply,
    Request,
    SlowStream,
    Status,
    by_model,
    fixed,
    sequence,
)

REQUEST = Request("m", (("user", "x"),))


def test_sequence_goes_on_and_stays_at_the_last():
    """The n-th request meets the n-th behaviour, later ones the last."""
    script = sequence(Reply("一"), Reply("二"), Reply("三"))

    assert [script(REQUEST).content for _ in range(5)] == ["一", "二", "三", "三", "三"]


def test_sequence_needs_a_behaviour():
    """An empty sequence is refused at once."""
    with pytest.raises(ValueError, match="at least one"):
        sequence()


def test_by_model_keeps_its_own_copy():
    """Changing the mapping later does not change the script."""
    parts = {"m": Reply("一")}
    script = by_model(parts)
    parts["m"] = Reply("二")

    assert script(REQUEST) == Reply("一")
    assert script.models == ("m",)


def test_fixed_always_does_the_same():
    """A fixed script repeats itself."""
    script = fixed(CloseUnanswered())

    assert script(REQUEST) == script(REQUEST) == CloseUnanswered()


def test_last_user_text_skips_other_roles():
    """The last user message counts, wherever it stands; without one there is no text."""
    request = Request("m", (("user", "一"), ("user", "二"), ("assistant", "三")))

    assert request.last_user_text == "二"
    assert Request("m", (("system", "s"),)).last_user_text == ""


@pytest.mark.parametrize(
    "build",
    [
        lambda: Delay(-1, Reply("")),
        lambda: Delay(math.inf, Reply("")),
        lambda: Hang(math.nan),
        lambda: Hang(3601),
        lambda: SlowStream("", -0.1),
        lambda: CutStream("", -1),
        lambda: CutStream("\ud800"),
        lambda: Reply("\udfff"),
        lambda: Reply(None, refusal="\ud800"),
        lambda: Status(200),
        lambda: Status(600),
        lambda: Garbage(b"", status=101),
        lambda: Redirect("http://127.0.0.1/", status=200),
        lambda: Redirect("http://127.0.0.1/\r\nX: y"),
        lambda: Garbage(b"", headers=(("X-Split", "a\r\nb"),)),
        lambda: Garbage(b"", "text/plain\n"),
        lambda: Status(500, headers=(("X Y", "z"),)),
        lambda: Status(429, retry_after="1\n"),
    ],
)
def test_impossible_behaviours_cannot_be_built(build):
    """Endless waits, wrong statuses and text that cannot be sent are refused when written down."""
    with pytest.raises(ValueError, match="expected"):
        build()


def test_behaviours_are_frozen():
    """No behaviour can be changed after it was built."""
    values = [Reply(""), Status(500), Hang(), CloseUnanswered(), Garbage(b""), REQUEST]

    assert all(value.__dataclass_params__.frozen for value in values)
    with pytest.raises(dataclasses.FrozenInstanceError):
        values[0].content = "x"


def test_stand_in_imports_nothing_else_of_magi():
    """No module of the stand-in imports another part of the product."""
    folder = Path(script_module.__file__).parent
    modules = sorted(folder.glob("*.py"))
    imported = {
        name
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert len(modules) > 8
    assert not [
        name
        for name in imported
        if name.split(".")[0] in {"", "magi"} and not name.startswith("magi.standin")
    ]
