"""Settings: what the environment may say, and that no secret shows."""

import dataclasses
from pathlib import Path

import pytest

from magi.settings import NAMES, read_settings

VALUES = {
    "MAGI_HOME": "/srv/magi",
    "MAGI_ASSETS_DIR": "/srv/assets",
    "MAGI_COUNCIL": "c",
    "MAGI_PROFILE": "p",
    "MAGI_TENANT": "t",
    "MAGI_TENANT_KEY": "ひみつ鍵",
    "MAGI_TENANT_KEY_COMMAND": "kms get",
    "MAGI_LANG": "en",
    "MAGI_DICTIONARY": "/srv/words.toml",
    "MAGI_LEDGER_URL": "postgresql://localhost/magi",
    "MAGI_RETENTION": "/srv/retention.toml",
    "MAGI_AUDITORS": "/srv/auditors.toml",
    "MAGI_FOUR_EYES": "secret",
}


def test_an_empty_environment_gives_the_defaults():
    """Nothing set: the mixed council, the strictest profile, Japanese, the home folder, no assets named."""
    found = read_settings({})

    assert (found.council, found.profile, found.tenant, found.lang) == (
        "magi",
        "domestic-only",
        "local",
        "ja",
    )
    assert found.home == Path("~/.magi").expanduser()
    assert (found.named_assets_dir, found.tenant_key) == (None, None)


def test_every_name_reaches_its_setting():
    """Each variable that the program says it reads changes a setting of its own."""
    assert set(VALUES) == set(NAMES)
    plain = dataclasses.replace(read_settings({}), secrets={})
    for name in NAMES:
        found = dataclasses.replace(read_settings({name: VALUES[name]}), secrets={})

        assert [f.name for f in dataclasses.fields(found) if getattr(found, f.name) != getattr(plain, f.name)]


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_counts_as_unset(name):
    """A variable set to nothing is not a setting."""
    assert dataclasses.replace(read_settings({name: ""}), secrets={}) == dataclasses.replace(
        read_settings({}), secrets={}
    )


def test_the_files_lie_in_the_home():
    """Ledger and key stand beside each other in MAGI_HOME."""
    found = read_settings(VALUES)

    assert (found.ledger_path, found.key_path) == (Path("/srv/magi/ledger.db"), Path("/srv/magi/tenant.key"))
    assert found.assets_dir == Path("/srv/assets")


def test_assets_of_ones_own_stand_before_those_of_the_package(tmp_path):
    """A named folder always counts, `assets/` of the home once it is there, and without either the package's."""
    home = read_settings({"MAGI_HOME": str(tmp_path)})
    named = read_settings({"MAGI_HOME": str(tmp_path), "MAGI_ASSETS_DIR": str(tmp_path / "named")})
    before = home.assets_dir
    (tmp_path / "assets").mkdir()

    assert before is None
    assert home.assets_dir == home.own_assets_dir == tmp_path / "assets"
    assert named.assets_dir == named.own_assets_dir == tmp_path / "named"


def test_no_secret_shows_in_the_representation():
    """Neither the tenant key nor any other variable shows when settings are printed."""
    shown = repr(read_settings(VALUES | {"SOME_API_KEY": "ひみつのAPI鍵"}))

    assert "ひみつ" not in shown


def test_settings_are_frozen():
    """Settings are read once and cannot be set."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_settings({}).tenant = "other"
