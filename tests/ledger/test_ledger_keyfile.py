"""The tenant key: created once, with the ledger, and missed loudly."""

import base64
import concurrent.futures
import stat

import pytest

from magi.core.errors import KeyMissingError, LedgerUnavailableError
from magi.ledger.keyfile import asked_key, create_key_file, given_key, key_for_ledger, read_key_file


def test_a_key_file_is_created_with_the_ledger_and_read_ever_after(tmp_path, entropy):
    """The same key comes back, from a private file and nothing else in the folder."""
    path, ledger = tmp_path / "tenant.key", tmp_path / "ledger.db"
    first = key_for_ledger(ledger, path, "k1", entropy)
    ledger.touch()
    again = key_for_ledger(ledger, path, "k1", entropy)

    assert first.tenant_key("k1") == again.tenant_key("k1")
    assert len(first.tenant_key("k1")) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ledger.db", "tenant.key"]


def test_an_existing_ledger_without_its_key_file_gets_no_new_key(tmp_path, entropy):
    """A missing key is an error that names the path, never a fresh key."""
    path, ledger = tmp_path / "tenant.key", tmp_path / "ledger.db"
    ledger.touch()

    with pytest.raises(KeyMissingError) as raised:
        key_for_ledger(ledger, path, "k1", entropy)

    assert (raised.value.reason, raised.value.facts) == ("key_file", {"path": str(path)})
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"short", base64.b64encode(b"k" * 31), b"k" * 32, b"\xff" * 44, b"A" * 2000]
)
def test_a_malformed_key_file_is_named_and_not_quoted(tmp_path, entropy, content):
    """Anything but base64 of 32 bytes is refused with the path."""
    path = tmp_path / "tenant.key"
    path.write_bytes(content)

    with pytest.raises(KeyMissingError) as raised:
        key_for_ledger(tmp_path / "ledger.db", path, "k1", entropy)

    assert (raised.value.reason, raised.value.facts) == ("key_file_malformed", {"path": str(path)})


def test_a_folder_instead_of_a_key_file_is_named(tmp_path):
    """A path that cannot be read as a file is its own reason."""
    with pytest.raises(KeyMissingError) as raised:
        read_key_file(tmp_path, "k1")

    assert raised.value.reason == "key_file_unreadable"


def test_no_folder_no_key(tmp_path, entropy):
    """A key file in a folder that is not there cannot be created."""
    with pytest.raises(LedgerUnavailableError) as raised:
        key_for_ledger(tmp_path / "ledger.db", tmp_path / "none" / "tenant.key", "k1", entropy)

    assert raised.value.reason == "key_folder"


def test_of_many_creators_one_creates(tmp_path, entropy):
    """Concurrent creation leaves one whole key file that everybody reads."""
    path = tmp_path / "tenant.key"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda _: create_key_file(path, entropy), range(8)))

    assert created.count(True) == 1
    assert len(read_key_file(path, "k1").tenant_key("k1")) == 32


def test_a_given_value_is_a_key():
    """Base64 text from the settings gives the key; malformed text names its source only."""
    keys = given_key(base64.b64encode(b"k" * 32).decode(), "k1", source="MAGI_TENANT_KEY")

    assert keys.tenant_key("k1") == b"k" * 32
    with pytest.raises(KeyMissingError) as raised:
        given_key("canary", "k1", source="MAGI_TENANT_KEY")
    assert "canary" not in str(raised.value)
    assert raised.value.facts == {"source": "MAGI_TENANT_KEY"}


def test_an_unknown_key_id_is_missing_and_no_key_shows():
    """Asking for another id is an error, and neither repr nor error shows the key."""
    keys = given_key(base64.b64encode(b"k" * 32).decode(), "k1", source="s")

    with pytest.raises(KeyMissingError) as raised:
        keys.tenant_key("k2")

    assert raised.value.reason == "unknown_key_id"
    assert "kkk" not in repr(keys)


def test_a_command_is_asked_for_the_key_by_its_id(tmp_path):
    """What the command prints is the key, and its last argument the key's id."""
    value = base64.b64encode(b"k" * 32).decode()
    script = tmp_path / "kms"
    script.write_text(f'#!/bin/sh\n[ "$1" = --name ] && [ "$2" = k1 ] && echo {value}\n')
    script.chmod(0o700)

    keys = asked_key(f"'{script}' --name", "k1")

    assert keys.tenant_key("k1") == b"k" * 32


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("exit 3", "key_command"),
        ("echo short", "key_command_value"),
        ("echo secretvalue; exit 1", "key_command"),
    ],
)
def test_a_command_that_gives_no_key_is_an_error_without_its_words(tmp_path, body, reason):
    """A failing or wrong command is named; nothing of what it printed is in the error or its chain."""
    script = tmp_path / "kms"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o700)

    with pytest.raises(KeyMissingError) as raised:
        asked_key(str(script), "k1")

    assert raised.value.reason == reason
    assert "secretvalue" not in f"{raised.value}{raised.value.__cause__!r}"


@pytest.mark.parametrize("command", ["", "'", "/nowhere/at/all"])
def test_a_command_that_is_none_is_an_error(command):
    """An empty, unparsable or absent command is the same named error."""
    with pytest.raises(KeyMissingError) as raised:
        asked_key(command, "k1")

    assert raised.value.reason == "key_command"
