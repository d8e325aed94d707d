"""The folder of one's own: complete or absent; files whole or absent; nothing taken over by accident."""

import pytest

from magi.assets import load_assets
from magi.cli.own_assets import make_own, put
from magi.core.errors import SeatRefusedError


def test_the_folder_is_made_once(tmp_path):
    """Made where there is none or an empty one, sound as it is; left alone where anything stands."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")

    assert [make_own(tmp_path / name) for name in ("new/deep", "empty", "full", "empty")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert load_assets(tmp_path / "new/deep").cards == load_assets(tmp_path / "empty").cards
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["note"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full", "new"]


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path):
    """Where a file stands in the way the error comes through, and no half copy is left."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        make_own(tmp_path / "file")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_is_put_whole_and_never_over_another(tmp_path):
    """The first put writes, the second is refused, a wished one replaces; no other name is ever left."""
    path = tmp_path / "a.toml"
    put(path, "一", replace=False)
    with pytest.raises(SeatRefusedError, match="exists"):
        put(path, "二", replace=False)
    kept = path.read_text(encoding="utf-8")
    put(path, "三", replace=True)

    assert (kept, path.read_text(encoding="utf-8")) == ("一", "三")
    assert [each.name for each in tmp_path.iterdir()] == ["a.toml"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    """When the write fails, neither the file nor a part of it remains."""
    with pytest.raises(UnicodeEncodeError):
        put(tmp_path / "a.toml", "\udcff", replace=False)

    assert list(tmp_path.iterdir()) == []
