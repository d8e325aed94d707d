"""Assets: one bad file refuses the folder, and says which file and why."""

import hashlib
import shutil
from pathlib import Path

import pytest

from magi.assets import MAX_FILE_BYTES, assets_root, code_version, load_assets, lock_version
from magi.core.errors import MalformedFileError, TemplateError, UnknownNameError

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

    assert set(assets.cards) == {path.stem for path in (ROOT / "agents").glob("*.toml")}
    assert set(assets.councils) == {path.stem for path in (ROOT / "agents/councils").glob("*.toml")}
    assert set(assets.profiles) == {"domestic-only"}
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
    """A file copied under another name does not become another card or council."""
    other = Path(file).with_name("a-copy.toml")
    shutil.copy(folder / file, folder / other)

    assert refusal(folder) == ("name", str(other))


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
