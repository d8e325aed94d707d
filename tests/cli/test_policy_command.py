"""`magi policy`: labels and their reasons without a ledger, files of texts, and a named person's changes."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from magi.assets import load_assets
from magi.cli.explain import profile_named, reason_of
from magi.cli.label_file import (
    CHUNK_LINES,
    INLINE_CHUNKS,
    MAX_LINE_BYTES,
    Ground,
    Rows,
    _chunks,
    _interrupted_after,
)
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.residency.label import Label
from magi.residency.policy import NO_TOPICS, admit
from magi.wiring import today

MAGI = Path(sys.executable).with_name("magi")
CANARY = "椿坂 環奈"
PERSONAL = f"{CANARY}様の個人番号は123456789018です。窓口で確認済み。"
PLAIN = "窓口を土曜にも開けるべきか。"
CLASSIFIED = "特定秘密の文書の要点をまとめてください。"


def rows_of(done):
    """The JSON lines that a command printed, whatever it said beside them."""
    return [json.loads(line) for line in done.out.splitlines() if line.startswith("{")]


def written(tmp_path, *lines):
    """A file of these lines: bytes as they are, everything else as JSON."""
    raw = [
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() for line in lines
    ]
    file = tmp_path / "texts.jsonl"
    file.write_bytes(b"\n".join(raw) + b"\n")
    return file


@pytest.fixture(scope="module")
def assets():
    """The shipped agents, councils and profiles."""
    return load_assets(None)


def test_explain_gives_label_hits_rulings_and_councils(command, assets):
    """Each hit has rule, label, span and reasons in both languages; each agent and council has its ruling."""
    shown = json.loads(command.run("policy", "explain", PERSONAL, "--label", "public", "--json").out)
    number = next(hit for hit in shown["hits"] if hit["label"] == "specific-personal")

    assert (shown["label"], shown["declared"]) == ("specific-personal", "public")
    assert PERSONAL[number["start"] : number["end"]] == "123456789018"
    assert number["ja"]
    assert number["en"]
    assert set(shown["agents"]) == set(assets.cards)
    assert not any(agent["admitted"] for agent in shown["agents"].values())
    assert all(agent["residency"] for agent in shown["agents"].values())
    assert set(shown["councils"]) == set(assets.councils)
    assert {each["may_sit"] for each in shown["councils"].values()} == {False}


def test_explain_and_the_policy_rule_alike(command, assets):
    """What is printed of every agent is the policy's own ruling, all reasons of both gates."""
    for word in ("public", "internal", "personal"):
        shown = json.loads(command.run("policy", "explain", PLAIN, "--label", word, "--json").out)
        for name, card in assets.cards.items():
            ruling = admit(shown_label(shown), card, assets.profile("domestic-only"), NO_TOPICS, today())

            assert shown["agents"][name]["admitted"] is ruling.admitted
            assert (*shown["agents"][name]["residency"],) == ruling.residency
            assert (*shown["agents"][name]["bias"],) == ruling.bias
    assert shown["councils"]["rehearsal"] == {
        "may_sit": True,
        "seats": ["melchior", "balthasar", "casper"],
        "reason": None,
    }


def shown_label(shown):
    """The label that was printed."""
    return Label[shown["label"].upper().replace("-", "_")]


def test_a_topic_is_named_and_bars_at_its_own_gate(command):
    """A text of a listed topic names it, and an agent barred by its lineage has that reason apart."""
    text = "尖閣諸島の領有権について、わが国の立場を説明してください。"
    shown = json.loads(command.run("policy", "explain", text, "--label", "public", "--json").out)

    assert shown["topics"]
    assert any("bias_" in reason for reason in shown["agents"]["qwen2.5-coder-1.5b"]["bias"])


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_words_of_the_text_are_shown_on_demand_only(command, lang):
    """Without --show-text no word of the text is printed, with it the place has carets under it."""
    quiet = command.run("policy", "explain", PERSONAL, "--lang", lang).out
    loud = command.run("policy", "explain", PERSONAL, "--lang", lang, "--show-text").out

    assert "環奈" not in quiet
    assert "123456789018" not in quiet
    assert "my_number" in quiet
    assert "環奈" in loud
    assert "^^^^^^^^^^^^ my_number" in loud


def test_control_characters_of_a_text_do_not_reach_the_screen(command):
    """What is shown of a text cannot move the cursor or turn its direction."""
    loud = command.run("policy", "explain", f"\x1b[2J\u202e{PERSONAL}", "--show-text").out

    assert "\x1b" not in loud
    assert "\u202e" not in loud


def test_no_command_without_a_record_makes_a_ledger(command, tmp_path):
    """Explaining, the table, labelling a file and a lowering that is refused leave no home behind."""
    file = written(tmp_path, {"id": 1, "text": PLAIN})
    command.run("policy", "explain", CLASSIFIED)
    command.run("policy", "table")
    command.run("policy", "label", file)
    nothing = command.run("policy", "lower", PLAIN, "--to", "public", "--by", "A", "--reason", "r")
    barred = command.run("policy", "lower", CLASSIFIED, "--to", "public", "--by", "A", "--reason", "r")
    nobody = command.run("policy", "lower", PERSONAL, "--to", "public", "--by", " ", "--reason", "r")
    why = command.run("policy", "lower", PERSONAL, "--to", "public", "--by", "A", "--reason", " ")

    assert nothing.reason == "lowering_nothing"
    assert barred.reason == "lowering_classified"
    assert nobody.reason == "name_form"
    assert why.reason == "lowering_incomplete"
    assert not command.home.exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("explain", PLAIN, "--label", "Public"), "label"),
        (("explain", PLAIN, "--profile", "nobody"), "profile"),
        (("table", "--profile", "gennai@2020-01-01"), "profile"),
        (("lower", PERSONAL, "--to", "PUBLIC", "--by", "A", "--reason", "r"), "label"),
        (("label", "-", "--profile", "nobody"), "profile"),
    ],
)
def test_an_unknown_name_is_refused(command, words, reason):
    """A near miss of a label and a profile that there is not are named as unknown."""
    done = command.run("policy", *words)

    assert isinstance(done.error, UnknownNameError)
    assert done.reason == reason


def test_the_table_is_the_profile(command, assets):
    """Classes, conditions, zones and topics are the profile's, and each agent's labels are the policy's."""
    for name in assets.profiles:
        profile = assets.profile(name)
        shown = json.loads(command.run("policy", "table", "--profile", name, "--json").out)
        for label in Label:
            row = shown["labels"][label.word]

            assert [c for c in "ABCDE" if profile.opens(label, c)] == list(row["classes"])
            assert all((*found,) == profile.conditions_on(label, c) for c, found in row["classes"].items())
            assert (row["zones"] is None) is (not profile.zones)
        for card in assets.cards.values():
            today_ = [x.word for x in Label if admit(x, card, profile, NO_TOPICS, today()).admitted]

            assert shown["agents"][card.id]["admitted"] == today_


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("profile", ["domestic-only", "gennai", "local-government"])
def test_the_table_has_words_for_everything(command, profile, lang):
    """No key of the catalogue shows through in the table of any profile."""
    done = command.run("policy", "table", "--profile", profile, "--lang", lang)

    assert done.error is None
    assert "policy." not in done.out
    assert profile in done.out


def test_a_dated_profile_can_be_named_by_its_day(command, assets):
    """`name@day` is that version, whether or not it is in force."""
    version = assets.dated_profiles[0]

    assert profile_named(assets, command.settings, f"{version.name}@{version.effective_from}") == version
    assert profile_named(assets, command.settings, None) == assets.profile("domestic-only")


# A file of texts.


def test_every_line_comes_out_once_in_order(command, tmp_path):
    """Good lines are labelled, bad ones named by id or line, doubles reported and kept; exit code 2."""
    file = written(
        tmp_path,
        b"\xef\xbb\xbf" + json.dumps({"id": "a", "text": PLAIN, "declared": "public"}).encode(),
        {"id": 7, "text": PERSONAL, "declared": "public"},
        b"no json",
        b"",
        {"id": "b"},
        {"id": "c", "text": 3},
        {"id": "d", "text": PLAIN, "declared": "Public"},
        {"id": "e", "text": PLAIN, "declared": 0},
        b'{"id": "f", "text": "\xff"}',
        b"[1]",
        b'{"id": "g", "text": "a", "text": "b"}',
        {"id": True, "text": PLAIN},
        {"id": "7", "text": PLAIN, "declared": "機密性2"},
        {"text": CLASSIFIED, "declared": "public"},
        b'{"id": "h", "text": "\\ud800", "declared": null, "gold": "x"}',
    )
    done = command.run("policy", "label", file)
    rows = rows_of(done)

    assert done.error is None
    assert [row.get("id", row.get("line")) for row in rows] == [
        "a", 7, 3, "b", "c", "d", "e", 9, 10, 11, 12, "7", 14, "h"
    ]  # fmt: skip
    assert [row.get("error") for row in rows] == [
        None, None, "not_json", "no_text", "no_text", "declared_unknown", "declared_unknown", "not_utf8",
        "not_an_object", "duplicate_key", "bad_id", "duplicate_id", None, None,
    ]  # fmt: skip
    assert [row["label"] for row in rows if "label" in row] == [
        "public", "specific-personal", "internal", "classified", "internal"
    ]  # fmt: skip


def test_a_line_has_hits_with_spans_and_every_agents_ruling(command, assets, tmp_path):
    """A hit names rule, label, view, span and reasons; `admitted` is the policy's word on every agent."""
    file = written(
        tmp_path,
        {"id": 1, "text": PERSONAL, "declared": "public"},
        {"id": 2, "text": PLAIN, "declared": "public"},
    )
    first, second = rows_of(command.run("policy", "label", file))
    number = next(hit for hit in first["hits"] if hit["label"] == "specific-personal")

    assert set(number) == {"rule", "label", "view", "start", "end", "ja", "en"}
    assert PERSONAL[number["start"] : number["end"]] == "123456789018"
    assert (second["hits"], set(second["admitted"].values())) == ([], {True})
    assert set(first["admitted"]) == set(assets.cards)
    assert not any(first["admitted"].values())


def test_no_word_of_a_text_is_in_the_output(command, tmp_path):
    """Labels, rules and places stand for the text, also in what is said of bad lines."""
    bad = f"{{'id': {CANARY}".encode()
    file = written(
        tmp_path, {"id": 1, "text": PERSONAL}, bad, {"id": 2, "text": [CANARY]}, {"id": CANARY * 99}
    )
    out = tmp_path / "labels.jsonl"
    done = command.run("policy", "label", file, "--out", out)

    assert "環奈" not in done.out + out.read_text("utf-8")
    assert len(out.read_text("utf-8").splitlines()) == 4


def test_the_profile_decides_who_is_admitted(command, tmp_path):
    """The same text under another profile may be admitted elsewhere; its own words for labels count."""
    file = written(tmp_path, {"id": 1, "text": PLAIN, "declared": "自治体機密性3B"})
    known = rows_of(command.run("policy", "label", file, "--profile", "local-government"))
    unknown = rows_of(command.run("policy", "label", file))

    assert known[0]["label"] == "sensitive-personal"
    assert unknown[0]["error"] == "declared_unknown"


def test_an_organisations_own_words_count(command, tmp_path):
    """The dictionary that the settings name labels texts of a file too."""
    dictionary = tmp_path / "own.toml"
    dictionary.write_text(DICTIONARY, encoding="utf-8")
    file = written(tmp_path, {"id": 1, "text": "玄武計画の進め方を示してください。", "declared": "public"})
    plain = rows_of(command.run("policy", "label", file))
    own = rows_of(command.run("policy", "label", file, MAGI_DICTIONARY=dictionary))

    assert (plain[0]["label"], own[0]["label"]) == ("public", "secret")


DICTIONARY = """
[[entry]]
id = "genbu"
label = "secret"
words = ["玄武計画"]
ja = "未公表の計画の名前です。"
en = "The name of an unpublished plan."
"""


@pytest.mark.parametrize("name", ["nothing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(command, tmp_path, name):
    """A file that is not there, and a folder, are refused by name."""
    done = command.run("policy", "label", tmp_path / name)

    assert isinstance(done.error, MalformedFileError)


def test_a_long_file_is_shared_out_and_stays_in_order(tmp_path):
    """The real command on more lines than one process takes: all cores, every id in order, exit code 0."""
    count = CHUNK_LINES * (INLINE_CHUNKS + 4) + 3
    lines = [{"id": n, "text": PERSONAL if n % 3 else PLAIN, "declared": "public"} for n in range(count)]
    file = written(tmp_path, *lines)
    done = subprocess.run(
        [MAGI, "policy", "label", "-"],
        input=file.read_bytes(),
        capture_output=True,
        env={"MAGI_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)},
        timeout=60,
        check=False,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert (done.returncode, done.stderr) == (0, b"")
    assert [row["id"] for row in rows] == list(range(count))
    assert all((row["label"] == "public") is (row["id"] % 3 == 0) for row in rows)
    assert not (tmp_path / "home").exists()


def test_explain_reads_standard_input(tmp_path):
    """The real command labels what it is piped, and says the rule and not the words."""
    done = subprocess.run(
        [MAGI, "policy", "explain", "-", "--lang", "en"],
        input=PERSONAL.encode(),
        capture_output=True,
        env={"MAGI_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)},
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert b"specific personal" in done.stdout
    assert "環奈".encode() not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def rows(assets):
    """What labels lines, in this process."""
    from magi.settings import read_settings  # noqa: PLC0415  # no environment of this machine

    return Rows(Ground(read_settings({}), assets.profile("domestic-only"), assets.cards))


def test_what_ends_its_process_counts_as_the_strictest(rows):
    """A chunk whose worker died is labelled as if every strictest rule had fired, and counts as bad."""
    line = json.dumps({"id": 1, "text": PLAIN, "declared": "public"}).encode()
    (done,) = rows.given_up([(1, line)])
    (sound,) = rows.chunk([(1, line)])

    assert (done.fields["label"], done.bad) == ("classified", True)
    assert [hit["rule"] for hit in done.fields["hits"]] == ["error.unfinished"]
    assert not any(done.fields["admitted"].values())
    assert (sound.fields["label"], sound.bad) == ("public", False)


def test_a_line_that_is_too_long_is_named_and_the_next_one_done(rows, tmp_path):
    """A line over the limit is not kept in memory and comes out as too long; lines after it are labelled."""
    file = tmp_path / "long.jsonl"
    with file.open("wb") as out:
        out.write(b'{"id":1,"text":"a"}\n')
        out.write(b'{"id":2,"text":"' + b"a" * (MAX_LINE_BYTES + 7) + b'"}\n')
        out.write(b'{"id":3,"text":"a"}')
    with file.open("rb") as source:
        found = [done.fields for chunk in _chunks(source) for done in rows.chunk(chunk)]

    assert [(f.get("id", f.get("line")), f.get("error")) for f in found] == [
        (1, None),
        (2, "line_too_long"),
        (3, None),
    ]


def test_a_detector_that_swallows_its_alarm_is_cut_again():
    """The alarm comes back until the work has ended, whatever catches it on the way."""
    cuts = []

    def stubborn():
        while len(cuts) < 3:
            try:
                while True:
                    pass
            except TimeoutError:
                cuts.append(time.monotonic())
        raise TimeoutError

    with pytest.raises(TimeoutError), _interrupted_after(0.02):
        stubborn()

    assert len(cuts) == 3


def test_a_rule_without_words_of_its_own_has_some():
    """What came to no end has its reason in both languages."""
    assert all(reason_of("error.unfinished", {})[lang] for lang in ("ja", "en"))
