"""The bias gate: decided and recorded apart from residency."""

import pytest

from magi.assets import load_assets
from magi.core.card import Ancestor
from magi.residency.bias import bias_reasons
from magi.residency.plan import plan, seated
from magi.residency.policy import admit
from magi.residency.profile import Ban


@pytest.fixture(scope="module")
def assets():
    """The shipped cards and profiles."""
    return load_assets()


def test_open_weights_from_abroad_pass_one_gate_and_not_the_other(assets, build):
    """DeepSeek's weights on a domestic host see an internal text; on territory the second gate alone bars them."""
    origins = ("DeepSeek-R1-Distill-Qwen-32B-Japanese",)
    card = build.card(
        developer="CyberAgent", weights_origin=origins, lineage=assets.lineage.ancestors(origins)
    )
    profile = assets.profiles["domestic-only"]

    assert admit(1, card, profile, (), build.DAY).admitted
    ruling = admit(1, card, profile, ("territory",), build.DAY)
    assert (ruling.admitted, ruling.residency, ruling.bias) == (False, (), ("bias_territory_lineage",))


def test_the_plan_records_both_gates_apart(assets, build):
    """On a listed topic the plan keeps the seat out with the bias reason in its own field, and none in the other."""
    council = assets.council("open-weights")
    admissions = plan(
        council, assets.cards, 1, assets.profiles["domestic-only"], build.DAY, topics=("diplomacy",)
    )
    told = {entry.card: (entry.admitted, entry.reasons, entry.bias) for entry in admissions}

    assert told["qwen2.5-coder-1.5b"] == (
        False,
        (),
        ("bias_diplomacy_developer", "bias_diplomacy_lineage"),
    )
    assert told["gemma3-270m"] == told["smollm2-135m"] == (True, (), ())
    assert [seat.seat for seat in seated(council.seats, admissions)] == ["balthasar", "casper"]


def test_the_rehearsal_speaks_on_every_topic(assets, build):
    """The invented agents at home have a whole lineage and no topic bars them."""
    profile = assets.profiles["domestic-only"]
    for name in ("standin-ichi", "standin-ni", "standin-san"):
        assert admit(1, assets.cards[name], profile, tuple(profile.bans), build.DAY).admitted


def test_a_suspected_ancestor_bars_too(assets, build):
    """Distillation that is only suspected leads to a ban like weights that went in."""
    line = (
        Ancestor(name="base", developer="x", country="JP"),
        Ancestor(name="DeepSeek-V3", developer="DeepSeek", country="CN", suspected=True),
    )

    assert bias_reasons(build.card(lineage=line), assets.profiles["domestic-only"], ["history"]) == (
        "bias_history_lineage",
    )


def test_a_ban_by_name_bars_descendants_and_the_model_itself(assets, build):
    """A banned name bars in any letter case: an ancestor's, and the card's own origin; a country is not needed."""
    profile = assets.profiles["domestic-only"].model_copy(
        update={"bans": {"history": Ban(lineages=("LLAMA-3.1-70b",))}}
    )
    elyza = assets.cards["elyza-jp-70b"]

    assert bias_reasons(elyza, profile, ["history"]) == ("bias_history_lineage",)
    assert bias_reasons(assets.cards["gemma3-270m"], profile, ["history"]) == ()
    assert "bias_history_lineage" in bias_reasons(
        build.card(weights_origin=("Llama-3.1-70B",), lineage=None), profile, ["history"]
    )


def test_an_unknown_lineage_bars_on_listed_topics_only(assets, build):
    """A card whose lineage nobody knows is asked about anything but the listed topics."""
    profile = assets.profiles["domestic-only"]

    assert bias_reasons(build.card(), profile, ["weather"]) == bias_reasons(build.card(), profile, []) == ()
    assert bias_reasons(build.card(), profile, ["weather", "security"]) == ("bias_security_lineage_unknown",)


def test_an_empty_ban_list_bars_nobody(assets, build):
    """A profile may decide to ban nobody on a topic; then an unknown lineage does not matter either."""
    profile = assets.profiles["domestic-only"].model_copy(update={"bans": {"history": Ban()}})

    assert bias_reasons(build.card(developer_country="CN"), profile, ["history"]) == ()


def test_every_topic_is_told_once_in_order(assets, build):
    """Topics given twice or in another order give the same reasons."""
    profile = assets.profiles["domestic-only"]
    once = bias_reasons(build.card(), profile, ["diplomacy", "history"])

    assert once == bias_reasons(build.card(), profile, ["history", "diplomacy", "history"])
    assert once == ("bias_diplomacy_lineage_unknown", "bias_history_lineage_unknown")
