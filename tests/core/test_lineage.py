"""The lineage of weights: a graph without cycles, every problem at once, unknown never empty."""

import tomllib
from pathlib import Path

import pytest

from magi.core.errors import MalformedFileError
from magi.core.lineage import EMPTY, parse_lineage

SHIPPED = Path(__file__).parents[2] / "agents" / "lineage.toml"


def model(*parents, country="JP", suspected=()):
    """One entry."""
    return {"developer": "x", "country": country, "parents": list(parents), "suspected": list(suspected)}


def problems(models):
    """Why a table is refused."""
    with pytest.raises(MalformedFileError) as caught:
        parse_lineage({"models": models}, "x")
    return caught.value.facts["problems"]


def names(table, *origins):
    """Ancestors by name, suspected ones marked."""
    return [ancestor.name + "?" * ancestor.suspected for ancestor in table.ancestors(origins)]


@pytest.fixture(scope="module")
def shipped():
    """The shipped table."""
    return parse_lineage(tomllib.loads(SHIPPED.read_text(encoding="utf-8")), "lineage.toml")


def test_a_merged_model_has_several_parents_each_told_once():
    """Ancestors of a diamond are told once, nearest first, the model itself before all."""
    table = parse_lineage(
        {"models": {"d": model("b", "c"), "b": model("a"), "c": model("a"), "a": model(), "z": model()}}, "x"
    )

    assert names(table, "d") == ["d", "b", "c", "a"]
    assert names(table, "a", "a") == ["a"]
    assert names(table) == []


def test_an_unknown_origin_makes_the_whole_lineage_unknown():
    """One name that the table lacks beside known ones gives no lineage, not a shorter one."""
    table = parse_lineage({"models": {"a": model()}}, "x")

    assert table.ancestors(["a", "nobody"]) is None
    assert EMPTY.ancestors(["a"]) is None


def test_suspicion_is_marked_and_inherited():
    """What only a suspicion leads to is marked, and its ancestors too; what is sure by another way is not."""
    table = parse_lineage(
        {
            "models": {
                "child": model("base"),
                "base": model("root", suspected=["teacher"]),
                "teacher": model("root", "lab"),
                "root": model(),
                "lab": model(),
            }
        },
        "x",
    )

    assert names(table, "child") == ["child", "base", "root", "teacher?", "lab?"]


def test_names_match_in_any_letter_case():
    """An origin is found in another letter case and keeps the table's spelling."""
    table = parse_lineage({"models": {"Qwen2.5-1.5B": model(), "b": model("QWEN2.5-1.5b")}}, "x")

    assert names(table, "B", " qwen2.5-1.5B ") == ["b", "Qwen2.5-1.5B"]


def test_all_problems_are_named_at_once():
    """Names twice and parents or suspects without an entry are all in one refusal."""
    found = problems({"a": model("gone"), "A": model(), "b": model(suspected=["lost"])})

    assert "A: twice" in found
    assert "b.suspected: lost has no entry" in found
    assert len(found) in (2, 3)


@pytest.mark.parametrize(
    ("models", "ring"),
    [
        ({"a": model("a")}, {"a"}),
        ({"a": model("b"), "b": model("A")}, {"a", "b"}),
        ({"a": model("b"), "b": model("c"), "c": model("b"), "d": model()}, {"a", "b", "c"}),
    ],
    ids=["itself", "two", "beneath"],
)
def test_a_cycle_is_refused(models, ring):
    """A model among its own ancestors is refused with all that hang on it, and nothing else."""
    assert {problem.split(":")[0] for problem in problems(models)} == ring


def test_a_mutual_suspicion_is_no_cycle():
    """Two makers may suspect each other; walking that ends."""
    table = parse_lineage({"models": {"a": model(suspected=["b"]), "b": model(suspected=["a"])}}, "x")

    assert names(table, "a") == ["a", "b?"]


@pytest.mark.parametrize(
    "entry",
    [{}, {"developer": "x", "country": "Japan", "parents": []}, model() | {"surprise": 1}, {"parents": []}],
    ids=str,
)
def test_an_entry_outside_its_schema_is_refused(entry):
    """Missing facts, other country names and unknown keys are refused; parents are never just left out."""
    assert problems({"a": entry})


def test_a_long_line_of_descent_is_walked():
    """Two thousand generations are no problem of recursion."""
    models = {f"m{n}": model(f"m{n + 1}") for n in range(2_000)} | {"m2000": model()}

    assert len(parse_lineage({"models": models}, "x").ancestors(["m0"])) == 2_001


@pytest.mark.parametrize(
    ("name", "ancestor", "country"),
    [
        ("Llama-3.1-ELYZA-JP-70B", "Llama-3.1-70B", "US"),
        ("ELYZA-Thinking-1.0-Qwen-32B", "Qwen2.5-32B", "CN"),
        ("Takane 32B", "Command R+", "CA"),
        ("Rakuten AI 2.0", "Mistral-7B-v0.1", "FR"),
        ("Rakuten AI 3.0", "DeepSeek-V3", "CN"),
        ("DeepSeek-R1-Distill-Qwen-14B-Japanese", "DeepSeek-R1", "CN"),
        ("DeepSeek-R1-Distill-Qwen-14B-Japanese", "Qwen2.5-14B", "CN"),
        ("Qwen2.5-Coder-1.5B-Instruct", "Qwen2.5-1.5B", "CN"),
    ],
)
def test_the_shipped_table_knows_derived_models(shipped, name, ancestor, country):
    """Models of domestic developers on foreign weights are told from those trained from the start."""
    found = {each.name: each.country for each in shipped.ancestors([name])}

    assert found[ancestor] == country
    assert {each.country for each in shipped.ancestors(["plamo-3.0", "llm-jp-3.1-8x13b"])} == {"JP"}


def test_the_suspected_distillation_of_the_sources_is_there(shipped):
    """DeepSeek's suspected teacher is an ancestor under suspicion, of what was made from it too."""
    assert "GPT-4?" in names(shipped, "Rakuten AI 3.0")
