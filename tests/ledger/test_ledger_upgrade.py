"""The tables' history: what alembic makes is what creation makes; an upgrade leaves a copy, or everything as it was."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect

from magi.core.errors import ForeignLedgerError, LedgerUnavailableError
from magi.ledger.database import connect_file, open_engine, writing_uri
from magi.ledger.migrations import HEAD, SCRIPTS, create_tables, run_pending
from magi.ledger.postgres import open_store, store_url
from magi.ledger.schema import SCHEMA_VERSION, metadata
from magi.ledger.upgrade import upgrade_database, upgrade_file

APPENDER = Path(__file__).with_name("appender.py")
NEXT = '''"""The next."""

revision = "next"
down_revision = "0001"


def upgrade():
    from alembic import op

    op.get_bind().exec_driver_sql("ALTER TABLE hold ADD COLUMN note TEXT")
    for statement in {more!r}:
        op.get_bind().exec_driver_sql(statement)
'''


def _scripts(tmp_path, *more):
    """The revisions as a later version of this program would have them: one more."""
    scripts = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "next.py").write_text(NEXT.format(more=more), encoding="utf-8")
    return scripts


def _sqlite(path):
    path.touch()
    return open_engine(lambda: connect_file(writing_uri(path)), begin="BEGIN IMMEDIATE", pooled=False)


def _schema_of_file(path):
    with sqlite3.connect(path) as connection:
        tables = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
        ).fetchall()
        marks = [
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        ]
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return [(*row[:3], "".join((row[3] or "").split())) for row in tables], marks, revision


def _schema_of_database(url):
    queries = (
        (
            "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, is_identity, collation_name"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 3"
        ),
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        (
            "SELECT conname, contype::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 3"
        ),
        "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        "SELECT version_num FROM alembic_version",
    )
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def test_alembic_makes_of_an_empty_file_what_creation_makes(tmp_path):
    """The same tables, indices, triggers, header and revision, one way or the other."""
    found = []
    for name, make in (("created", create_tables), ("migrated", run_pending)):
        engine = _sqlite(tmp_path / name)
        with engine.begin() as connection:
            make(connection)
        found.append(_schema_of_file(tmp_path / name))

    assert found[0] == found[1]
    assert found[0][1:] == ([(0x4D414749,), (SCHEMA_VERSION,)], [(HEAD,)])


def test_alembic_makes_of_an_empty_database_what_creation_makes(postgres_ledgers, postgres_server, request):
    """The same in PostgreSQL."""
    servers = request.config.pluginmanager.get_plugin(
        str(request.config.rootpath / "tests/conftest.py")
    ).servers
    found = []
    for make in (create_tables, run_pending):
        with servers.database(postgres_server) as url:
            engine = open_store(store_url(url))
            with engine.begin() as connection:
                make(connection)
            engine.dispose()
            found.append(_schema_of_database(url))

    assert found[0] == found[1]
    assert len(found[0][3]) == 6
    assert postgres_ledgers.opened == []


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_statements_are_written_for_the_tables_there_are(request, tmp_path, dialect):
    """Every table and column of the statements' side stands in the store, and no other but PostgreSQL's `arrival`."""
    if dialect == "sqlite":
        engine = _sqlite(tmp_path / "ledger.db")
    else:
        engine = open_store(store_url(request.getfixturevalue("postgres_url")))
    with engine.begin() as connection:
        create_tables(connection)
        there = inspect(connection)
        found = {
            (table, column["name"])
            for table in there.get_table_names()
            for column in there.get_columns(table)
        }
    engine.dispose()
    known = {(table.name, column.name) for table in metadata.sorted_tables for column in table.columns}

    assert found - known - {("entry", "arrival")} == {("alembic_version", "version_num")}
    assert known <= found


def test_a_new_ledger_needs_no_alembic(tmp_path):
    """A process that creates a ledger and writes loads neither alembic, nor the driver of PostgreSQL."""
    program = (
        "import runpy, sys; program = sys.argv.pop(1); runpy.run_path(program, run_name='__main__');"
        "print([name for name in ('alembic', 'psycopg') if name in sys.modules])"
    )
    path = tmp_path / "ledger.db"
    command = [sys.executable, "-c", program, str(APPENDER), str(path), "a", "1", "alone"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "[]"
    assert _schema_of_file(path)[2] == [(HEAD,)]


def _written(ledgers, drafts):
    async def story():
        async with ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered(answer=b"text")])

    asyncio.run(story())


def test_a_file_that_is_up_to_date_is_left_alone(sqlite_ledgers, drafts):
    """Nothing pending: no copy, and not a byte changed."""
    _written(sqlite_ledgers, drafts)
    before = sqlite_ledgers.path.read_bytes()
    done = upgrade_file(sqlite_ledgers.path)

    assert (done.before, done.after, done.copy) == (HEAD, HEAD, None)
    assert sqlite_ledgers.path.read_bytes() == before
    assert [file.name for file in sqlite_ledgers.path.parent.iterdir()] == ["ledger.db"]


def test_an_upgrade_leaves_a_copy_of_what_was(sqlite_ledgers, drafts, tmp_path):
    """The copy is private, one file, and opens as the ledger that it was; the ledger has the new tables."""
    _written(sqlite_ledgers, drafts)
    path = sqlite_ledgers.path
    done = upgrade_file(path, _scripts(tmp_path, f"PRAGMA user_version={SCHEMA_VERSION + 1}"))
    with sqlite3.connect(path) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(hold)")]
    connection.close()

    async def read():
        async with sqlite_ledgers.open(path=done.copy, read_only=True) as ledger:
            return await ledger.read("d/1")

    assert (done.before, done.after) == (HEAD, "next")
    assert columns == ["name", "stream", "note"]
    assert done.copy == path.with_name(f"ledger.db.before-{HEAD}")
    assert stat.S_IMODE(done.copy.stat().st_mode) == 0o600
    assert not done.copy.with_name(done.copy.name + "-wal").exists()
    assert len(asyncio.run(read())) == 1
    with pytest.raises(ForeignLedgerError) as raised:
        sqlite_ledgers.open()
    assert raised.value.reason == "newer_version"


def test_an_earlier_copy_is_not_overwritten(sqlite_ledgers, drafts, tmp_path):
    """A copy that is there already stops the upgrade before anything changes."""
    _written(sqlite_ledgers, drafts)
    copy = sqlite_ledgers.path.with_name(f"ledger.db.before-{HEAD}")
    copy.write_bytes(b"earlier")
    before = _schema_of_file(sqlite_ledgers.path)
    with pytest.raises(LedgerUnavailableError) as raised:
        upgrade_file(sqlite_ledgers.path, _scripts(tmp_path))

    assert raised.value.reason == "copy_exists"
    assert copy.read_bytes() == b"earlier"
    assert _schema_of_file(sqlite_ledgers.path) == before


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_an_upgrade_that_fails_changes_nothing(request, drafts, tmp_path, dialect):
    """A revision whose last statement fails is taken back with all before it, and the ledger opens as before."""
    ledgers = request.getfixturevalue(f"{dialect}_ledgers")
    _written(ledgers, drafts)
    scripts = _scripts(tmp_path, "CREATE TABLE half (x INTEGER)", "no statement")
    schema, place, upgrade = {
        "sqlite": (_schema_of_file, lambda: ledgers.path, upgrade_file),
        "postgres": (_schema_of_database, lambda: ledgers.url, upgrade_database),
    }[dialect]
    before = schema(place())
    with pytest.raises(LedgerUnavailableError):
        upgrade(place(), scripts)

    async def read():
        async with ledgers.open() as ledger:
            return await ledger.read("d/1")

    assert schema(place()) == before
    assert len(asyncio.run(read())) == 1


def test_a_database_is_upgraded(postgres_ledgers, drafts, tmp_path):
    """What is pending runs; afterwards this version refuses the newer ledger."""
    _written(postgres_ledgers, drafts)
    current = upgrade_database(postgres_ledgers.url)
    done = upgrade_database(postgres_ledgers.url, _scripts(tmp_path))
    with pytest.raises(ForeignLedgerError) as raised:
        postgres_ledgers.open()

    assert (current.before, current.after) == (HEAD, HEAD)
    assert (done.before, done.after, done.copy) == (HEAD, "next", None)
    assert raised.value.reason == "newer_version"


@pytest.mark.parametrize(("version", "reason"), [(SCHEMA_VERSION + 1, "newer_version"), (1, "other_version")])
def test_a_file_of_a_version_nobody_can_upgrade_is_refused(sqlite_ledgers, version, reason):
    """A newer file, and one of the form that was never released, are named and left alone."""
    asyncio.run(sqlite_ledgers.open().close())
    with sqlite3.connect(sqlite_ledgers.path) as connection:
        connection.execute(f"PRAGMA user_version={version}")
    connection.close()
    for attempt in (lambda: upgrade_file(sqlite_ledgers.path), sqlite_ledgers.open):
        with pytest.raises(ForeignLedgerError) as raised:
            attempt()

        assert raised.value.reason == reason


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET bytes = x'00'",
        "DELETE FROM entry",
        "UPDATE tile SET hashes = x'00'",
        "DELETE FROM tile",
    ],
)
def test_rows_of_the_log_stay(sqlite_ledgers, statement):
    """A hasty hand is stopped before it changes or deletes an entry or a tile."""
    asyncio.run(sqlite_ledgers.open().close())
    with sqlite3.connect(sqlite_ledgers.path) as connection:
        connection.execute("INSERT INTO tile VALUES (0, 0, x'00')")
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute(statement)
    connection.close()
