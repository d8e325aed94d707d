"""`magi audit export` as an auditor runs it: what it opens is on record first, what it writes is private and whole."""

import asyncio
import json
import shutil
import sqlite3
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from magi.cli.export import FORMS, _private_file
from magi.cli.ledger_opened import open_for_writing
from magi.cli.main import app
from magi.core.acts import Erased
from magi.core.errors import MagiError, MalformedFileError
from magi.core.ports import Draft
from magi.settings import read_settings
from magi.words import say

WORDS = ("庁舎の給茶機の件", "食堂の混雑の件")
READER = ("--bodies", "--who", "監査 花子", "--why", "K-2026/15")


@dataclass(frozen=True)
class Desk:
    """A home with two finished rehearsals, and a folder to write to."""

    home: Path
    out: Path

    @property
    def environment(self):
        """All variables that the command reads."""
        return {"MAGI_HOME": str(self.home), "MAGI_ASSETS_DIR": "", "MAGI_LANG": "ja"}

    def run(self, *words):
        """Run one command; its exit code or the reason of its refusal, and what it printed."""
        done = CliRunner().invoke(app, [str(word) for word in words], env=self.environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            assert isinstance(done.exception, MagiError), done.exception
            return done.exception.reason, done.output
        return done.exit_code, done.output

    def export(self, *words):
        """Run `magi audit export`."""
        return self.run("audit", "export", *words)

    def records(self, kind):
        """Every record of a kind, parsed, in order."""
        with sqlite3.connect(self.home / "ledger.db") as database:
            rows = database.execute("select bytes from entry where kind = ? order by seq", (kind,)).fetchall()
        database.close()
        return [json.loads(row[0]) for row in rows]

    @property
    def ids(self):
        """The deliberations' record numbers, oldest first."""
        return [record["stream"].removeprefix("d/") for record in self.records("opened")]

    def write(self, stream, event):
        """Put an act on record."""
        settings = read_settings(self.environment)

        async def act():
            async with open_for_writing(settings, None) as log:
                await log.append(stream, None, [Draft(event)])

        asyncio.run(act())


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A home in which two questions were asked; copied by every test."""
    desk = Desk(tmp_path_factory.mktemp("asked") / "home", Path())
    for words in WORDS:
        code, output = desk.run("ask", "--rehearsal", words, "--space", "yes-no")
        assert code == 0, output
    return desk.home


@pytest.fixture
def desk(asked, tmp_path):
    """A home of the test's own."""
    shutil.copytree(asked, tmp_path / "home")
    (tmp_path / "out").mkdir()
    return Desk(tmp_path / "home", tmp_path / "out")


def written(folder):
    """Every file below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("form", sorted(FORMS))
def test_without_bodies_nothing_is_opened(desk, form):
    """Every form can be had of a ledger whose tenant key is not here; no access is recorded, no text is written."""
    (desk.home / "tenant.key").unlink()
    code, _ = desk.export(desk.ids[0], "--form", form, "--out", desk.out / "file")

    assert code == 0
    assert (desk.out / "file").stat().st_size > 500
    assert WORDS[0] not in (desk.out / "file").read_text(encoding="utf-8")
    assert desk.records("accessed") == []


def test_each_opened_body_is_on_record(desk):
    """With bodies the page holds question and answers, and the log an access for each of them, by whom and why."""
    code, _ = desk.export(desk.ids[0], "--form", "html", "--out", desk.out / "a.html", *READER)
    opened = [
        r for kind in ("opened", "answered") for r in desk.records(kind) if r["stream"] == f"d/{desk.ids[0]}"
    ]
    shown = {ref["commitment"] for r in opened for ref in r["refs"] if ref["name"] in ("question", "answer")}
    accesses = [record["data"] for record in desk.records("accessed")]

    assert code == 0
    assert WORDS[0] in (desk.out / "a.html").read_text(encoding="utf-8")
    assert Counter(access["commitment"] for access in accesses) == Counter(shown)
    assert {(access["who"], access["why"]) for access in accesses} == {("監査 花子", "K-2026/15")}


def test_all_of_a_period_as_one_file_holds_every_body(desk):
    """JSONL with bodies has every record of every deliberation and a line for every body, each opened once."""
    code, _ = desk.export("--all", "--form", "jsonl", "--out", desk.out / "all.jsonl", *READER)
    lines = [json.loads(line) for line in (desk.out / "all.jsonl").read_bytes().splitlines()]
    bodies = [line["body"]["commitment"] for line in lines if "body" in line]
    records = [line for line in lines if "data" in line]

    assert code == 0
    assert {record["stream"] for record in records} == {f"d/{name}" for name in desk.ids}
    assert sorted(bodies) == sorted(ref["commitment"] for record in records for ref in record["refs"])
    assert sorted(a["data"]["commitment"] for a in desk.records("accessed")) == sorted(bodies)


def test_all_of_a_period_as_pages_is_a_folder(desk):
    """A page a deliberation in a folder that is made; files and folder are their owner's alone."""
    code, output = desk.export("--all", "--form", "html", "--out", desk.out / "pages")
    paths = written(desk.out / "pages")

    assert code == 0, output
    assert [path.name for path in paths] == sorted(f"{name}.html" for name in desk.ids)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert stat.S_IMODE((desk.out / "pages").stat().st_mode) == 0o700


def test_a_period_holds_its_days(desk):
    """A period before the first question has none of them, one that holds today has all."""
    before = desk.export("--all", "--to", "2020-01-01", "--form", "csv", "--out", desk.out / "none.csv")
    since = desk.export("--all", "--from", "2020-01-01", "--form", "csv", "--out", desk.out / "all.csv")

    assert (before[0], since[0]) == (0, 0)
    assert len((desk.out / "none.csv").read_bytes().splitlines()) == 1
    assert len((desk.out / "all.csv").read_bytes().splitlines()) == 3


def test_no_file_is_replaced_unasked(desk):
    """A file that is there stays, and no body is opened for a new one; with --force it is replaced."""
    path = desk.out / "a.html"
    path.write_text("mine")
    refused, _ = desk.export(desk.ids[0], "--form", "html", "--out", path, *READER)
    kept, accesses = path.read_text(), desk.records("accessed")
    forced, _ = desk.export(desk.ids[0], "--form", "html", "--out", path, "--force")

    assert (refused, kept, accesses) == ("exists", "mine", [])
    assert forced == 0
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "reader",
    [
        (),
        ("--who", "h"),
        ("--why", "K"),
        ("--who", " ", "--why", "K"),
        ("--who", "h", "--why", "書きたいことを書く"),
        ("--who", "x" * 201, "--why", "K"),
    ],
)
def test_bodies_need_a_name_and_a_case(desk, reader):
    """Without who and why, or with prose that could not be erased, nothing is opened, recorded or written."""
    code, _ = desk.export(desk.ids[0], "--form", "html", "--out", desk.out / "a.html", "--bodies", *reader)

    assert code == 2
    assert written(desk.out) == []
    assert desk.records("accessed") == []


@pytest.mark.parametrize("form", ["csv", "prov"])
def test_forms_without_text_open_none(desk, form):
    """Asking for bodies in a form that holds none is refused before anything is opened."""
    code, output = desk.export(desk.ids[0], "--form", form, "--out", desk.out / "a", *READER)

    assert code == 2
    assert say("export.no_bodies_in_form", "ja", form=form)[:10] in output
    assert desk.records("accessed") == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nix", "--form", "csv"), "deliberation"),
        (("--all", "--form", "pdf"), "form"),
        (("--form", "csv"), 2),
        (("nix", "--all", "--form", "csv"), 2),
        (("nix", "--from", "2026-01-01", "--form", "csv"), 2),
    ],
)
def test_a_wrong_order_writes_nothing(desk, words, reason):
    """An unknown number or form, and an order of neither one nor all, are refused and leave no file."""
    code, _ = desk.export(*words, "--out", desk.out / "a")

    assert code == reason
    assert written(desk.out) == []


def test_a_broken_log_is_not_exported(desk):
    """Of a log with one changed byte nothing is exported, and the first bad record is named."""
    with sqlite3.connect(desk.home / "ledger.db") as database:
        for (guard,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {guard}")
        changed = "cast(replace(cast(bytes as text), 'domestic', 'Domestic') as blob)"
        database.execute(f"update entry set bytes = {changed} where kind = 'opened'")  # noqa: S608  # no input
    database.close()
    code, output = desk.export(desk.ids[0], "--form", "html", "--out", desk.out / "a.html")

    assert code == 1
    assert f"d/{desk.ids[0]}#0" in output
    assert written(desk.out) == []


def test_erased_bodies_are_said_with_their_tombstone(desk):
    """After an erasure the page and the JSONL name who erased what; the texts that are left are still there."""
    answers = [r for r in desk.records("answered") if r["stream"] == f"d/{desk.ids[0]}"]
    gone = next(ref["commitment"] for ref in answers[0]["refs"] if ref["name"] == "answer")
    erased = Erased(
        stream=f"d/{desk.ids[0]}", commitments=(gone,), why="request", by="総務課 山田", whole=False
    )
    desk.write("retention", erased)
    page, lines = desk.out / "a.html", desk.out / "a.jsonl"
    codes = [
        desk.export(desk.ids[0], "--form", path.suffix[1:], "--out", path, *READER)[0]
        for path in (page, lines)
    ]
    body = next(
        parsed["body"]
        for line in lines.read_bytes().splitlines()
        if (parsed := json.loads(line)).get("body", {}).get("commitment") == gone
    )

    assert codes == [0, 0]
    assert "総務課 山田 が消去しました" in page.read_text(encoding="utf-8")
    assert (body["state"], body["erased_by"], "text" in body) == ("erased", "総務課 山田", False)
    assert WORDS[0] in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_is_whole_or_not_there(tmp_path, replace):
    """When writing fails, neither a part nor a half file is left, and what was there before stays."""
    path = tmp_path / "a"
    if replace:
        path.write_text("before")

    def fail():
        with _private_file(path, replace=replace) as file:
            file.write(b"half")
            file.fileno(0)  # takes no argument: the writing ends here

    with pytest.raises(TypeError):
        fail()

    assert [found.name for found in tmp_path.iterdir()] == (["a"] if replace else [])
    assert not replace or path.read_text() == "before"


def test_a_name_taken_in_the_meantime_is_not_replaced(tmp_path):
    """A file that somebody made after the first look is not replaced."""
    (tmp_path / "a").write_text("theirs")
    with pytest.raises(MalformedFileError, match="exists"), _private_file(tmp_path / "a", replace=False):
        pass

    assert (tmp_path / "a").read_text() == "theirs"
