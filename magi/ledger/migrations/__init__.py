"""The schema's history: every revision of the tables, for SQLite and PostgreSQL, and what brings a store up to date.

A revision is a list of statements for each dialect (`versions`). A new store executes all of them and is stamped, so
alembic, which takes a third of a second to import, is needed for an upgrade only; what it makes of an empty store is
the same. Revisions that were released are never changed.

Promises: a store is brought up to date in one transaction, or left as it was. Leaves to others: whose store it is, and
a copy beforehand (`magi.ledger.upgrade`).
"""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, select

from magi.ledger.migrations.versions import r0001_tables

SCRIPTS = Path(__file__).parent
REVISIONS = (r0001_tables,)
"""In order; the last is what this program reads and writes."""
HEAD = REVISIONS[-1].revision

VERSION_TABLE = "alembic_version"
_version = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def statements(dialect: str) -> Iterator[str]:
    """Everything that makes an empty store of a dialect (`sqlite`, `postgresql`) one of this program, in order."""
    for revision in REVISIONS:
        yield from revision.STATEMENTS[dialect]
    yield (
        f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
        f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
    )
    yield f"INSERT INTO {VERSION_TABLE} (version_num) VALUES ('{HEAD}')"  # noqa: S608  # our own constant


def create_tables(connection: Connection) -> None:
    """Make the tables of an empty store, inside the transaction that the caller began."""
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def revision_of(connection: Connection) -> str | None:
    """The revision that a store with a version table is at; None where the table is empty."""
    found = connection.execute(select(_version.c.version_num)).scalars().first()
    return None if found is None else str(found)


def is_known(revision: str | None) -> bool:
    """Whether this program has a revision, so that it could bring the store up to date."""
    return any(revision == one.revision for one in REVISIONS)


def run_pending(connection: Connection, scripts: Path = SCRIPTS) -> None:
    """Run every pending revision in the transaction that the caller began.

    Raises:
        DBAPIError: the store refused a statement; roll back.
    """
    from alembic import command  # noqa: PLC0415  # a third of a second, for an upgrade only
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    command.upgrade(config, "head")
