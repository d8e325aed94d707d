"""`magi agents attest`: from a new key to a proof on the card, and every refusal by name."""

import pytest

from magi.assets import load_assets

CARD = "openai-gpt-jp"
BY = "審査官 A"


def sign(command, key, *facts, card=CARD, **more):
    """Run the command for a card."""
    options = [word for fact in facts for word in ("--fact", fact)]
    return command.run("agents", "attest", card, *options, "--by", BY, "--key", key, **more)


@pytest.fixture
def key(command, tmp_path):
    """A fresh key file, and what was printed when it was made."""
    path = tmp_path / "attestor.pem"
    done = command.run("agents", "attest", "--new-key", "--by", BY, "--key", path)
    assert done.error is None, done.out
    return path, done.out


def printed_key(out):
    """The lines that the command said would trust the key."""
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("[keys."))
    return "\n".join(lines[start : start + 2]) + "\n"


def test_a_signed_fact_is_a_proof_once_the_key_is_trusted(command, key):
    """Nobody is trusted until the printed lines stand in attestors.toml; then the card carries the proof."""
    path, out = key
    done = sign(command, path, "inference_scope=GLOBAL", "project_region=JP")
    before = load_assets(command.home / "assets")
    (command.agents / "attestors.toml").write_text(printed_key(out), encoding="utf-8")
    after = load_assets(command.home / "assets")

    assert done.error is None
    assert printed_key(done.out) == printed_key(out)
    assert (before.cards[CARD].proofs, before.attestation_problems) == ((), {CARD: ("attestation_key",)})
    assert {(p.fact, p.value, p.by) for p in after.cards[CARD].proofs} == {
        ("inference_scope", "GLOBAL", BY),
        ("project_region", "JP", BY),
    }
    assert "[keys." not in sign(command, path, "project_region=JP").out


def test_the_check_names_an_attestation_that_proves_nothing(command, key):
    """`magi agents check` says which card's attestation is none, and why."""
    sign(command, key[0], "inference_scope=JP")
    out = command.run("agents", "check").out

    assert any(CARD in line and "信頼された鍵がない" in line for line in out.splitlines())


@pytest.mark.parametrize(
    "facts",
    [
        (),
        ("kindness=JP",),
        ("inference_scope",),
        ("inference_scope=JP", "inference_scope=US"),
        ("inference_scope=",),
    ],
)
def test_a_fact_of_another_form_is_refused_and_nothing_written(command, key, facts):
    """No facts, unknown ones, no value, and one fact twice are refused before anything is written."""
    done = sign(command, key[0], *facts)

    assert done.reason == "attestation_form"
    assert not (command.agents / "attestations").exists()


def test_other_refusals_are_named(command, key, tmp_path):
    """A card that is not there, no key, and a key file that stands already are refused by name."""
    assert sign(command, key[0], "inference_scope=JP", card="nobody").reason == "card"
    assert sign(command, tmp_path / "none.pem", "inference_scope=JP").reason == "signing_key"
    again = command.run("agents", "attest", "--new-key", "--by", BY, "--key", key[0])
    assert again.reason == "signing_key_exists"
    assert "--fact" in command.run("agents", "attest", "--by", BY, "--key", key[0]).out
