"""Assets: one bad file refuses the folder, and says which file and why."""

import datetime
import hashlib
import re
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magi.assets import MAX_FILE_BYTES, assets_root, code_version, load_assets, lock_version
from magi.attest.attestation import attest, text_of
from magi.attest.keys import public_hex
from magi.core.card import JAPAN_TIME
from magi.core.errors import MalformedFileError, TemplateError, UnknownNameError
from magi.words import catalogue

ROOT = Path(__file__).parents[2]
CARD = "agents/standin-ichi.toml"
COUNCIL = "agents/councils/rehearsal.toml"
TEMPLATE = "prompts/answer/open@1.txt"


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped agents and prompts."""
    for part in ("agents", "prompts"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def refusal(folder):
    """Why a folder is refused, and at which file."""
    with pytest.raises(MalformedFileError) as caught:
        load_assets(folder)
    return caught.value.reason, caught.value.facts["file"].removeprefix(f"{folder}/")


def test_the_shipped_folder_loads_whole():
    """Every shipped file is there under its own name."""
    assets = load_assets()

    assert set(assets.cards) == {path.stem for path in (ROOT / "agents").glob("*.toml")} - {"lineage"}
    assert set(assets.councils) == {path.stem for path in (ROOT / "agents/councils").glob("*.toml")}
    assert set(assets.profiles) == {"domestic-only", "gennai", "local-government"}
    assert assets.attestation_problems == {}
    assert [card.id for card in assets.cards.values() if card.lineage is None or card.proofs] == []
    assert {t for council in assets.councils.values() for s in council.seats for t in s.targets} <= set(
        assets.cards
    )


def test_a_folder_of_ones_own_stands_instead_of_the_shipped_one(folder):
    """With an override, nothing of the shipped agents is left."""
    (folder / "agents/magi-extra.toml").write_text(
        (folder / CARD).read_text(encoding="utf-8").replace('id = "standin-ichi"', 'id = "magi-extra"')
    )
    (folder / "agents/sakura-llm-jp-3.1.toml").unlink()
    cards = load_assets(folder).cards

    assert "magi-extra" in cards
    assert "sakura-llm-jp-3.1" not in cards
    assert assets_root(folder) == folder


@pytest.mark.parametrize("file", [CARD, COUNCIL])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"id = ", "toml"),
        (b"id = 'a'\nid = 'b'\n", "toml"),
        (b"title = '\xff\xfe'", "not_utf8"),
        (b"\xef\xbb\xbfid = 'x'", "toml"),
        (b"", "keys"),
        (b"#" * (MAX_FILE_BYTES + 1), "too_large"),
    ],
    ids=["cut", "twice", "not-utf8", "bom", "empty", "too-large"],
)
def test_a_malformed_file_is_refused_by_name(folder, file, content, reason):
    """Broken TOML, a key twice, other encodings, an empty or an enormous file are refused with the file's name."""
    (folder / file).write_bytes(content)

    assert refusal(folder) == (reason, file)


@pytest.mark.parametrize("file", [CARD, COUNCIL])
def test_an_id_that_is_not_the_files_name_is_refused(folder, file):
    """A file moved to another name does not become another card or council."""
    other = Path(file).with_name("a-copy.toml")
    (folder / file).rename(folder / other)

    assert refusal(folder) == ("name", str(other))


@pytest.mark.parametrize("file", [CARD, COUNCIL])
@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda name: name.replace("a", "ａ")])
def test_an_id_twice_is_refused_with_both_files(folder, file, change):
    """Two files with one id, in whatever letter case or width, are refused, and both are named."""
    own = (folder / file).stem
    text = (folder / file).read_text(encoding="utf-8")
    other = (folder / file).with_name("zz-copy.toml")
    other.write_text(text.replace(f'"{own}"', f'"{change(own)}"', 1), encoding="utf-8")
    with pytest.raises(MalformedFileError) as caught:
        load_assets(folder)

    assert caught.value.reason == "duplicate_id"
    assert all(name in " ".join(caught.value.facts["problems"]) for name in (f"{own}.toml", other.name))


def dated(folder, name, day, **changes):
    """A profile of one's own: the shipped default under another name, day, and lines changed."""
    shipped = next((ROOT / "magi/residency/profiles").glob("domestic-only@*.toml")).read_text(
        encoding="utf-8"
    )
    text = shipped.replace('"domestic-only"', f'"{name}"').replace('"2026-11-22"', f'"{day}"')
    for line, value in changes.items():
        text = re.sub(rf"^{line} = .*$", f"{line} = {value}", text, count=1, flags=re.MULTILINE)
    path = folder / "profiles" / f"{name}@{day}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_past_day_is_judged_under_the_profile_of_that_day(folder):
    """Of several versions the one in force on the day counts: none before the first, no future one early."""
    for day, evidence in (("2026-01-01", 10), ("2026-06-01", 20), ("2999-01-01", 30)):
        dated(folder, "own", day, evidence_days=evidence)
    assets = load_assets(folder)

    def days(text):
        return assets.profile("own", datetime.date.fromisoformat(text)).evidence_days

    assert [days(d) for d in ("2026-01-01", "2026-05-31", "2026-06-01", "2998-12-31", "2999-01-01")] == [
        10,
        10,
        20,
        20,
        30,
    ]
    with pytest.raises(UnknownNameError):
        days("2025-12-31")
    assert assets.profile("own").evidence_days == 20
    assert assets.profiles["own"].evidence_days == 30


def test_a_record_finds_the_version_it_names(folder):
    """Every version is found by what a manifest keeps; a version with one line changed is not the same."""
    dated(folder, "own", "2026-01-01")
    dated(folder, "own", "2026-06-01")
    assets = load_assets(folder)
    for profile in assets.dated_profiles:
        assert assets.profile_version(profile.version) is profile
    gone = assets.dated_profiles[0].model_copy(update={"evidence_days": 1}).version

    with pytest.raises(UnknownNameError):
        assets.profile_version(gone)


def test_a_profile_under_another_name_or_twice_is_refused(folder):
    """A profile's file is named name@day, and a version is not given twice."""
    path = dated(folder, "own", "2026-01-01")
    path.rename(path.with_name("own@2026-01-02.toml"))
    with pytest.raises(MalformedFileError, match="name"):
        load_assets(folder)
    path.with_name("own@2026-01-02.toml").unlink()
    dated(folder, "domestic-only", "2026-11-22")

    with pytest.raises(MalformedFileError, match="duplicate_id"):
        load_assets(folder)


def test_an_origin_outside_the_table_has_no_known_lineage(folder):
    """A card whose weights the table does not know loads, with its lineage unknown; so do all without a table."""
    path = folder / "agents/lineage.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"ichi"', '"other"'), encoding="utf-8")
    cards = load_assets(folder).cards
    path.unlink()

    assert (cards["standin-ichi"].lineage, cards["standin-ni"].lineage is None) == (None, False)
    assert {card.lineage for card in load_assets(folder).cards.values()} == {None}


def attested(folder, card_id, *, day=None):
    """Attest a card of the folder and trust the signer there; the attestation's file."""
    key = Ed25519PrivateKey.generate()
    day = day or datetime.datetime.now(JAPAN_TIME).date()
    made = attest(load_assets(folder).cards[card_id], {"inference_scope": "GLOBAL"}, day, "審査官", key)
    path = folder / "agents/attestations" / f"{card_id}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text_of(made), encoding="utf-8")
    trusted = f'[keys."審査官"]\npublic_key = "{public_hex(key)}"\n'
    (folder / "agents/attestors.toml").write_text(trusted, encoding="utf-8")
    return path


def test_a_trusted_attestation_is_bound_to_its_card(folder):
    """The attested card, and no other, carries the proof, and stays the same card by digest."""
    before = load_assets(folder).cards
    attested(folder, "openai-gpt-jp")
    assets = load_assets(folder)

    assert [(proof.fact, proof.value, proof.how) for proof in assets.cards["openai-gpt-jp"].proofs] == [
        ("inference_scope", "GLOBAL", "attestation")
    ]
    assert [card.id for card in assets.cards.values() if card.proofs] == ["openai-gpt-jp"]
    assert {n: c.digest for n, c in assets.cards.items()} == {n: c.digest for n, c in before.items()}


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda folder, _: (folder / "agents/attestors.toml").unlink(), "attestation_key"),
        (lambda _, path: path.write_text("x = "), "toml"),
        (lambda _, path: path.write_text(""), "attestation_form"),
        (
            lambda folder, _: attested(folder, "openai-gpt-jp", day=datetime.date(2020, 1, 1)),
            "attestation_day",
        ),
        (lambda _, path: path.rename(path.with_name("standin-ni.toml")), "attestation_card"),
        (lambda _, path: path.rename(path.with_name("nobody.toml")), "card_unknown"),
    ],
    ids=["untrusted", "not toml", "empty", "old", "other card", "no card"],
)
def test_a_bad_attestation_proves_nothing_and_is_named(folder, spoil, problem):
    """Whatever is wrong with an attestation, the folder loads, no card has a proof, and the problem is named."""
    spoil(folder, attested(folder, "openai-gpt-jp"))
    assets = load_assets(folder)

    assert [card.id for card in assets.cards.values() if card.proofs] == []
    assert list(assets.attestation_problems.values()) == [(problem,)]
    assert f"attest.{problem}" in catalogue()


@pytest.mark.parametrize("file", ["agents/lineage.toml", "agents/attestors.toml"])
def test_a_broken_table_beside_the_cards_refuses_the_folder(folder, file):
    """A lineage table or a list of trusted keys that cannot be read is refused by name, never skipped."""
    attested(folder, "openai-gpt-jp")
    (folder / file).write_text("surprise = 1", encoding="utf-8")

    assert refusal(folder) == ("keys", file)


def test_a_file_that_cannot_be_read_is_refused(folder):
    """A folder where a file should be is an unreadable file."""
    (folder / CARD).unlink()
    (folder / CARD).mkdir()

    assert refusal(folder) == ("unreadable", CARD)


@pytest.mark.parametrize("part", ["agents", "agents/councils"])
def test_an_empty_folder_is_refused(folder, part):
    """A folder without cards, or without councils, is a mistake, not an empty set."""
    for path in (folder / part).glob("*.toml"):
        path.unlink()

    assert refusal(folder) == ("no_files", part)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    """An override that points nowhere is refused; the shipped files do not step in."""
    assert refusal(tmp_path / "nowhere") == ("no_files", "agents")


def test_a_missing_lock_is_refused(folder):
    """Templates without LOCK are refused."""
    (folder / "prompts/LOCK").unlink()

    assert refusal(folder) == ("unreadable", "prompts/LOCK")


def test_a_changed_template_is_refused(folder):
    """One character more in a released template refuses the folder by the template's name."""
    path = folder / TEMPLATE
    path.write_text(path.read_text(encoding="utf-8") + "x", encoding="utf-8")

    with pytest.raises(TemplateError) as caught:
        load_assets(folder)

    assert caught.value.facts["templates"] == ("answer/open@1",)


def test_unknown_names_are_refused_with_those_there_are():
    """A council or profile that does not exist is refused, and the known ones are listed."""
    assets = load_assets()
    for look, known in ((assets.council, assets.councils), (assets.profile, assets.profiles)):
        with pytest.raises(UnknownNameError) as caught:
            look("nowhere")

        assert caught.value.facts["known"] == tuple(sorted(known))
        assert look(min(known)) is known[min(known)]


def test_versions_are_digests_of_what_is_there():
    """The code's version repeats and holds the given version; the lock's is the digest of the lock file."""
    locked = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()

    assert code_version("1.2") == code_version("1.2")
    assert code_version("1.2").startswith("1.2+sha256:")
    assert lock_version() == f"sha256:{locked}"
