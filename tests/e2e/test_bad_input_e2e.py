"""Bad input through the real command: 2 for the caller's fault, 1 for the world's, words that help, nothing half done.

Each case also holds: Japanese by default, English with --lang en, no traceback, not a word of the question on
stderr, nothing on stdout, and no ledger where none was needed.
"""

import contextlib
import os
import sqlite3
import subprocess
from dataclasses import dataclass, field

import pytest

from magi.ledger.keyfile import read_key_file
from magi.ledger.verify import verify
from magi.wiring import KEY_ID

CANARY = "椿の花壇7301"
QUESTION = f"{CANARY}を実施するべきか。はいかいいえで答えてください。"
CARDS = ("own-a", "own-b", "own-c")
NOWHERE = "http://127.0.0.1:1/v1"
MAX_CHARS = 100_000
JAPANESE = range(0x3040, 0x30FF)


def assets_of(kit, tmp_path, agents=None, **changes):
    """A copy of the checkout's assets with the council `own`."""
    agents = agents or {card: kit.card_text(card, NOWHERE) for card in CARDS}
    return kit.write_assets(tmp_path / "assets", agents, **changes)


def check_complaint(magi, done, code, *words, english=False):
    """What holds for every refusal."""
    assert done.code == code, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert CANARY not in done.err
    assert done.err.strip()
    assert any(ord(char) in JAPANESE for char in done.err) is not english
    for word in words:
        assert word in done.err
    assert not magi.ledger.exists()


@dataclass(frozen=True)
class Case:
    """Arguments, the words that the refusal must hold, in Japanese and in English, and standard input."""

    arguments: tuple
    japanese: tuple
    english: tuple
    stdin: bytes = b""
    env: dict = field(default_factory=dict)


NAMES = {
    "unknown council": Case(
        ("ask", "--council", "nope", QUESTION), ("nope", "rehearsal"), ("No council 'nope'",)
    ),
    "unknown label": Case(
        ("ask", "--label", "open", "--rehearsal", QUESTION), ("open", "public"), ("No label",)
    ),
    "unknown space": Case(("ask", "--space", "maybe", QUESTION), ("maybe", "yes-no"), ("answer space",)),
    "unknown profile": Case(
        ("ask", "--rehearsal", QUESTION),
        ("nope", "domestic-only"),
        ("No profile",),
        env={"MAGI_PROFILE": "nope"},
    ),
    "empty question": Case(("ask", ""), ("空",), ("empty",)),
    "blank question": Case(("ask", "　\n "), ("空",), ("empty",)),
    "empty standard input": Case(("ask", "-"), ("空",), ("empty",)),
    "long question": Case(("ask", CANARY + "a" * MAX_CHARS), (str(MAX_CHARS),), ("too long",)),
    "long standard input": Case(
        ("ask", "-"), (str(MAX_CHARS),), ("too long",), stdin=QUESTION.encode() * 20_000
    ),
    "just too long": Case(("ask", "-"), (str(MAX_CHARS),), ("too long",), stdin=b"a" * (MAX_CHARS + 1)),
    "argument in another encoding": Case(("ask", QUESTION.encode("cp932")), ("UTF-8",), ("UTF-8",)),
    "standard input in another encoding": Case(
        ("ask", "-"), ("UTF-8",), ("UTF-8",), stdin=QUESTION.encode("euc-jp")
    ),
    "one option": Case(("ask", "--option", f"ア={CANARY}", QUESTION), ("--option",), ("two options",)),
    "an option without a name": Case(("ask", "--option", CANARY, QUESTION), ("ア=本文",), ("A=text",)),
    "the same option twice": Case(
        ("ask", "--option", "ア=x", "--option", "ア=y", QUESTION), ("ア=本文",), ("A=text",)
    ),
    "an empty option": Case(("ask", "--option", "A=", "--option", "B=y", QUESTION), ("A", "空"), ("'A'",)),
    "a question in pieces": Case(("ask", QUESTION, CANARY), ("引用符",), ("quotation marks",)),
    "an option that is none": Case(("ask", f"--{CANARY}", QUESTION), ("--help",), ("--help",)),
    "no question": Case(("ask",), ("--help",), ("--help",)),
    "a rehearsal council in earnest": Case(
        ("ask", "--council", "rehearsal", QUESTION), ("--rehearsal",), ("--rehearsal",)
    ),
    "replay of nothing": Case(("replay",), ("--all",), ("--all",)),
    "replay of too much": Case(("replay", "abc", "--all"), ("--all",), ("--all",)),
}


@pytest.mark.parametrize("what", NAMES)
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_callers_fault_is_named(magi, what, lang):
    """What the caller can mend is exit code 2, in the caller's language, and creates nothing."""
    case = NAMES[what]
    english = lang == "en"
    arguments = (*case.arguments, "--lang", "en") if english else case.arguments
    done = magi.run(*arguments, stdin=case.stdin, **case.env)

    check_complaint(magi, done, 2, *(case.english if english else case.japanese), english=english)
    assert not magi.home.exists()


def test_unknown_language_is_refused_in_japanese(magi):
    """A language that is not there is the caller's fault; the words come in the default language."""
    check_complaint(magi, magi.run("ask", "--lang", "fr", QUESTION), 2, "fr", "en")


def test_the_installed_command_itself_refuses_broken_bytes(magi):
    """The console script, started by the system, takes bytes that are no UTF-8 without a traceback."""
    check_complaint(magi, magi.real(b"ask", QUESTION.encode("euc-jp")), 2, "UTF-8")


def test_endless_standard_input_ends(magi):
    """Standard input without end is read up to the limit and refused."""
    reading, writing = os.pipe()
    with subprocess.Popen(["yes"], stdout=writing) as endless:  # noqa: S607  # found on the path, POSIX
        os.close(writing)
        with open(reading, "rb") as source:  # noqa: PTH123  # a descriptor
            done = magi.run("ask", "-", source=source)
        endless.wait()

    check_complaint(magi, done, 2, str(MAX_CHARS))


def broken(kind):
    """A change of one asset file: path in the folder, and what becomes of its text."""
    card = "agents/own-a.toml"
    return {
        "not TOML": (card, lambda text: text + "\n= =", ("own-a.toml", "toml")),
        "not UTF-8": (card, None, ("own-a.toml", "not_utf8")),
        "unknown key": (card, lambda text: text + 'colour = "red"\n', ("own-a.toml", "backend.colour")),
        "missing keys": (
            card,
            lambda text: "\n".join(
                line for line in text.splitlines() if line.split(" ")[0] not in ("family", "zone", "stream")
            ),
            ("own-a.toml", "model.family", "backend.zone", "endpoint.stream"),
        ),
        "council not TOML": ("agents/councils/own.toml", lambda text: text + "[[", ("own.toml", "toml")),
        "council key": ("agents/councils/own.toml", lambda text: "x = 1\n" + text, ("own.toml", "x")),
        "council without card": (
            "agents/councils/own.toml",
            lambda text: text.replace("own-c", "own-z"),
            ("own-z",),
        ),
        "changed prompt": ("prompts/answer/open@1.txt", lambda text: text + ".", ("answer/open@1",)),
        "LOCK lost": ("prompts/LOCK", lambda _: "", ("LOCK",)),
        "one file's name": (card, lambda text: text.replace('id = "own-a"', 'id = "own-q"'), ("own-a.toml",)),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "not TOML",
        "not UTF-8",
        "unknown key",
        "missing keys",
        "council not TOML",
        "council key",
        "council without card",
        "changed prompt",
        "LOCK lost",
        "one file's name",
    ],
)
def test_a_broken_asset_names_file_and_keys(kit, magi, tmp_path, kind):
    """A broken card, council or prompt is refused with its file and every key that is wrong."""
    folder = assets_of(kit, tmp_path)
    name, change, words = broken(kind)
    path = folder / name
    if change is None:
        path.write_bytes(path.read_text("utf-8").replace("Own", "自前").encode("cp932"))
    else:
        path.write_text(change(path.read_text("utf-8")), "utf-8")
    done = magi.run("ask", "--council", "own", QUESTION, MAGI_ASSETS_DIR=folder)

    check_complaint(magi, done, 2, *words)


def test_assets_that_are_not_there(magi, tmp_path):
    """A folder without agents is the caller's fault, named."""
    done = magi.run("ask", QUESTION, MAGI_ASSETS_DIR=tmp_path / "nowhere")

    check_complaint(magi, done, 2, "nowhere")


def councils(kit, kind):
    """Agents and changes of a council that may not deliberate, and the words that say why."""
    cards = {card: kit.card_text(card, NOWHERE) for card in CARDS}
    one_family = {name: text.replace(f"family-{name}", "family-x") for name, text in cards.items()}
    two_of_one = {name: text.replace("Maker own-b", "Maker own-a") for name, text in cards.items()}
    keyed = cards | {
        "own-a": kit.card_text("own-a", NOWHERE, key_env="E2E_FIRST_KEY"),
        "own-c": kit.card_text("own-c", NOWHERE, key_env="E2E_SECOND_KEY"),
    }
    return {
        "two seats": (dict(list(cards.items())[:2]), {}, ("席が 2", "3 席")),
        "one family": (one_family, {}, ("family-x",)),
        "one vendor": (two_of_one, {}, ("Maker own-a", "定足数")),
        "quorum": (cards, {"quorum": 4}, ("定足数 4",)),
        "no keys": (keyed, {}, ("E2E_FIRST_KEY", "E2E_SECOND_KEY", "--rehearsal")),
    }[kind]


@pytest.mark.parametrize("kind", ["two seats", "one family", "one vendor", "quorum", "no keys"])
def test_a_council_that_may_not_deliberate(kit, magi, tmp_path, kind):
    """Too few seats, one family, one deciding vendor, or keys that are not there: refused before anything is made."""
    agents, changes, words = councils(kit, kind)
    folder = assets_of(kit, tmp_path, agents, **changes)
    done = magi.run("ask", "--council", "own", QUESTION, MAGI_ASSETS_DIR=folder)

    check_complaint(magi, done, 2, *words)
    assert not magi.home.exists()


def test_a_council_that_the_label_empties_is_refused_on_record(kit, magi, tmp_path):
    """Seats left out by the label leave too few: exit 2 with reasons, a `refused` record, no text of the question."""
    agents = {card: kit.card_text(card, NOWHERE) for card in CARDS}
    agents["own-c"] = kit.card_text("own-c", NOWHERE, day=kit.day_before(200))
    folder = assets_of(kit, tmp_path, agents)
    done = magi.run("ask", "--council", "own", QUESTION, MAGI_ASSETS_DIR=folder)
    replayed = magi.run("replay", "--all")

    assert (done.code, done.out) == (2, "")
    assert "own-c" in done.err
    assert CANARY not in done.err
    assert (replayed.code, "不成立 1" in replayed.out) == (0, True)
    assert CANARY.encode() not in magi.ledger.read_bytes()


def foreign(path, kind):
    """A file that is no ledger of this program."""
    path.parent.mkdir(exist_ok=True)
    if kind == "a text":
        path.write_text("これは記録ではありません。\n" * 100)
        return
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
        if kind == "a newer ledger":
            connection.execute("PRAGMA application_id = 0x4D414749")
            connection.execute("PRAGMA user_version = 99")
        connection.commit()


@pytest.mark.parametrize("kind", ["a text", "another database", "a newer ledger"])
@pytest.mark.parametrize("command", [("ask", "--rehearsal", QUESTION), ("replay", "--all")])
def test_a_foreign_file_is_left_as_it_is(magi, kind, command):
    """A file in the ledger's place that is something else is refused, and not one byte of it changes."""
    magi.run("ask", "--rehearsal", "鍵を作るための問いです。")
    magi.ledger.unlink()
    foreign(magi.ledger, kind)
    before = magi.ledger.read_bytes()
    done = magi.run(*command)

    assert (done.code, done.out) == (2, ""), done.err
    assert ("新しい版" if kind == "a newer ledger" else "MAGI_HOME") in done.err
    assert "Traceback" not in done.err
    assert CANARY not in done.err
    assert magi.ledger.read_bytes() == before


def sound(magi):
    """Whether the ledger is whole."""
    return verify(magi.ledger, read_key_file(magi.home / "tenant.key", KEY_ID)).sound


@pytest.mark.parametrize("what", ["lost", "malformed", "another"])
def test_a_tenant_key_that_does_not_fit(magi, what):
    """A lost, broken or wrong tenant key is refused with what to do; the ledger stays as it was."""
    assert magi.run("ask", "--rehearsal", "はい、いいえで答える問いです。").code == 0
    key, ledger = magi.home / "tenant.key", magi.ledger.read_bytes()
    kept = key.read_bytes()
    key.unlink()
    if what != "lost":
        key.write_bytes(b"x" if what == "malformed" else b"A" * 43 + b"=\n")
    done = magi.run("ask", "--rehearsal", QUESTION)
    key.write_bytes(kept)

    assert (done.code, done.out) == (2, "")
    assert "MAGI_TENANT_KEY" in done.err
    assert CANARY not in done.err
    assert magi.ledger.read_bytes() == ledger
    assert sound(magi)


def test_a_malformed_key_in_the_environment(magi):
    """A tenant key that is no key is refused, and not repeated."""
    done = magi.run("ask", "--rehearsal", QUESTION, MAGI_TENANT_KEY="not-a-key")

    check_complaint(magi, done, 2, "MAGI_TENANT_KEY")
    assert "not-a-key" not in done.err


def test_an_unknown_deliberation(magi):
    """A record number that is not there is the caller's fault, and the message says how to list them."""
    magi.run("ask", "--rehearsal", "窓口を開けるべきか。")
    done = magi.run("replay", "0123456789abcdef")

    assert (done.code, done.out) == (2, "")
    assert "magi replay --all" in done.err


@pytest.mark.parametrize("command", [("replay", "--all"), ("replay", "0123456789abcdef")])
def test_replay_without_a_ledger(magi, command):
    """Without a ledger there is nothing to replay: exit 1, where it was looked for, what makes one; none is made."""
    check_complaint(magi, magi.run(*command), 1, "MAGI_HOME", "magi ask")


def test_a_home_that_cannot_be_made(magi, tmp_path):
    """A file in the way of the ledger's folder is the world's fault, with its path."""
    (tmp_path / "file").write_text("x")
    done = magi.run("ask", "--rehearsal", QUESTION, MAGI_HOME=tmp_path / "file" / "home")

    check_complaint(magi, done, 1, "file/home")
