"""Takes an exported log into a store: into an empty one, or into one that stands at an earlier point of the same log.

Moving from SQLite to PostgreSQL or back, putting a lost ledger back, and bringing a restored backup up to date are
this one thing. Records, head and note are taken byte for byte, so root and signatures stay what they were, and no key
is needed to import; the log key is needed to go on writing afterwards.

1. The folder is checked to the full, and has to be a full export.
2. The store has to be empty, or sound and of this log, and its root that of the export at its size.
3. Missing entries come in order; tombstones and holds among them act as they did, so a body that a backup brought back
   is erased again. Then keys, bodies, and the working state, which replaces what was there.
4. The store is checked to the full, in the same transaction, and committed.

Promises: all or nothing, in one transaction; a new file takes its name when it is whole; nothing is signed. Leaves to
others: writing the folder (`export`), the account and password of a database (`postgres`).
"""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text, update

from magi.core.errors import ForeignLedgerError, KeyMissingError, MalformedFileError, TamperedError
from magi.core.ports import Keys
from magi.ledger.creation import create_file
from magi.ledger.database import (
    SqliteDialect,
    check_identity,
    connect_file,
    is_blank,
    open_engine,
    writing_uri,
)
from magi.ledger.dialect import Dialect
from magi.ledger.entries import parsed
from magi.ledger.erasure import empty_wal
from magi.ledger.files import sync_folder
from magi.ledger.head import HEAD_ID, SignerSource, read_head
from magi.ledger.migrations import create_tables
from magi.ledger.nodes import SignedHead, signed_head, stored_tile
from magi.ledger.note import Checkpoint
from magi.ledger.proof import root_of
from magi.ledger.published import check_signers
from magi.ledger.reading import Cells, StoreReader
from magi.ledger.retention import carry_out
from magi.ledger.schema import ancestry, body, claim, data_key, entry, head, idempotency, key_check, tile
from magi.ledger.tiles import TILE_WIDTH, TileNodes, tiles_completed
from magi.ledger.tree import Frontier, leaf_hash
from magi.ledger.verify import Brought, check_log
from magi.ledger.verify_export import ExportReader
from magi.ledger.verify_head import said_by
from magi.ledger.verify_records import ACTING, Value, envelope

BODIES_AT_ONCE = 16
"""Bodies in memory: a megabyte as a rule, and at worst sixteen recorded streams."""
ROWS_AT_ONCE = 500
"""Rows of the small tables in one statement."""


@dataclass(frozen=True)
class Imported:
    """What an import did: the head that the store has now, how many records and bodies it had before and has now.

    `erased` bodies were there before and are not now; `in_wal` tells that their bytes may still lie in the file's -wal,
    which somebody was reading. `signed_here` tells whether a key at hand may go on signing.
    """

    checkpoint: Checkpoint
    before: int
    bodies: int
    erased: int
    signed_here: bool
    in_wal: bool = False


def import_log(
    folder: Path, target: Path | str, *, log: str, keys: Keys | None, signers: SignerSource | None
) -> Imported:
    """Take the full export in `folder` into the SQLite file `target`, or, a text, the database of that address.

    With `keys` the bodies are opened for the check; with `signers` one of them must be a key of the log.

    Raises:
        MalformedFileError: `export_not_full`; `export_older` than the store; `out_exists`; `ledger_url`.
        ForeignLedgerError: the folder or the store is of another log or program.
        TamperedError: `import_unsound`, the folder, or `target_unsound`, the store has the problem `what`;
            `import_differs`, the store is not at an earlier point of the export; `rolled_back`, a newer checkpoint
            was given out.
        KeyMissingError: `export_other_key`, no key of the `signers` signed the export; `wrong_key`.
        LedgerUnavailableError, UncertainError: as `store`.
    """
    source = _checked(folder, log, keys)
    signed_here = _may_sign(source.keys, signers)
    with _writing(target, log) as (connection, blank):
        if blank:
            create_tables(connection)
        before, erased = _take_in(connection, folder, source, blank=blank)
        _check_sound(connection, source.head, keys)
        if signers is not None:
            check_signers(connection, signers)
        count = connection.execute(select(func.count()).select_from(body)).scalar_one()
    in_wal = erased > 0 and isinstance(target, Path) and not empty_wal(target)
    return Imported(source.head, before, count, erased, signed_here, in_wal)


@dataclass(frozen=True)
class _Source:
    """What the export says: its head and note, and the keys that signed it."""

    head: Checkpoint
    note: bytes
    keys: tuple[str, ...]


def _checked(folder: Path, log: str, keys: Keys | None) -> _Source:
    """Step 1."""
    reader = ExportReader(folder)
    report = check_log(reader, Brought(keys))
    if report.problems:
        raise TamperedError("import_unsound", path=str(folder), what=report.problems[0].what)
    if not reader.holds_bodies or not reader.holds_state:
        raise MalformedFileError("export_not_full", file=str(folder))
    stored = reader.head()
    said = None if stored is None else said_by(stored.note)
    if stored is None or said is None or said.root.hex() != report.root:
        raise TamperedError("import_unsound", path=str(folder), what="checkpoint")
    if said.origin != log:
        raise ForeignLedgerError("other_log", path=str(folder))
    return _Source(said, stored.note, report.signers)


def _may_sign(keys: Sequence[str], signers: SignerSource | None) -> bool:
    if signers is None:
        return False
    if not {signer.verifier.vkey for signer in signers.current()} & set(keys):
        raise KeyMissingError("export_other_key")
    return True


def _take_in(connection: Connection, folder: Path, source: _Source, *, blank: bool) -> tuple[int, int]:
    """Steps 2 and 3: how many records the store had before, and how many of its bodies were erased."""
    reader = ExportReader(folder)
    reader.head()
    known = None if blank else _check_earlier(connection, reader, source)
    before = 0 if known is None else known.checkpoint.size
    bodies = connection.execute(select(func.count()).select_from(body)).scalar_one()
    _add_entries(connection, reader, source, before)
    erased = bodies - connection.execute(select(func.count()).select_from(body)).scalar_one()
    for key_rows in _chunks(reader.rows("data_key") or iter(())):
        _put_keys(connection, key_rows)
    _replace(connection, key_check, reader)
    _add_bodies(connection, reader, blank=blank)
    for table in (ancestry, idempotency, claim):
        _replace(connection, table, reader)
    return before, erased


def _check_earlier(connection: Connection, reader: ExportReader, source: _Source) -> SignedHead | None:
    """Step 2: the head of a store that is sound and at an earlier point, None where nothing was placed yet."""
    if read_head(connection) is None:
        return None
    report = check_log(StoreReader(connection), Brought(), "tree")
    if report.problems:
        raise TamperedError("target_unsound", what=report.problems[0].what)
    known = signed_head(connection)
    old, new = known.checkpoint, source.head
    if old.size > new.size:
        raise MalformedFileError("export_older", size=new.size, known=old.size)

    def read(level: int, number: int, width: int) -> bytes:
        found = reader.tile(level, number, width)
        return found if isinstance(found, bytes) else b""

    if root_of(old.size, TileNodes(read, new.size)) != old.root:
        raise TamperedError("import_differs", size=old.size)
    return known


def _add_entries(connection: Connection, reader: ExportReader, source: _Source, before: int) -> None:
    stored = read_head(connection)
    frontier = Frontier() if stored is None else Frontier.resume(stored.size, stored.edge)
    waiting = _waiting(connection)
    for chunk in reader.entries(columns=False):
        rows = [_entry_row(seq, data) for seq, data, _ in chunk if seq >= before]
        frontier.extend(row["leaf_hash"] for row in rows)
        fresh = [row for row in rows if not _placed(connection, row, waiting)]
        if fresh:
            connection.execute(insert(entry), fresh)
        acting = [row for row in fresh if row["kind"] in ACTING]
        carry_out(connection, [parsed(row["bytes"]) for row in acting])
    if waiting or (frontier.size, frontier.root()) != (source.head.size, source.head.root):
        raise TamperedError("import_differs", size=source.head.size)
    for level, number in tiles_completed(before, frontier.size):
        hashes = stored_tile(connection, level, number, TILE_WIDTH)
        connection.execute(insert(tile).values(level=level, number=number, hashes=hashes))
    row = {"size": frontier.size, "edge": b"".join(frontier.edge), "note": source.note}
    if stored is None:
        connection.execute(insert(head).values(id=HEAD_ID, **row))
    else:
        connection.execute(update(head).where(head.c.id == HEAD_ID).values(**row))


def _entry_row(seq: int, data: bytes) -> dict[str, Any]:
    value: Value = envelope(data) or {}
    try:
        columns = {name: value[name] for name in ("stream", "ordinal", "kind")}
    except KeyError as error:  # the folder was changed since it was checked
        raise TamperedError("record", seq=seq) from error
    return {"seq": seq, **columns, "bytes": data, "leaf_hash": leaf_hash(data)}


def _waiting(connection: Connection) -> dict[tuple[str, int], bytes]:
    """Leaf hashes of records that the store has and that have no place there yet (a PostgreSQL backup)."""
    query = select(entry.c.stream, entry.c.ordinal, entry.c.leaf_hash).where(entry.c.seq.is_(None))
    return {(row.stream, row.ordinal): bytes(row.leaf_hash) for row in connection.execute(query)}


def _placed(connection: Connection, row: Mapping[str, Any], waiting: dict[tuple[str, int], bytes]) -> bool:
    """Give a record that waits in the store its place in the export; what it does, it did when it was written."""
    leaf = waiting.pop((row["stream"], row["ordinal"]), None)
    if leaf is None:
        return False
    if leaf != row["leaf_hash"]:
        raise TamperedError("import_differs", size=row["seq"])
    place = (entry.c.stream == row["stream"], entry.c.ordinal == row["ordinal"])
    connection.execute(update(entry).where(*place).values(seq=row["seq"]))
    return True


def _put_keys(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    query = select(data_key.c.stream).where(data_key.c.stream.in_([row["stream"] for row in rows]))
    known = set(connection.execute(query).scalars())
    for row in rows:
        if row["stream"] in known:
            connection.execute(update(data_key).where(data_key.c.stream == row["stream"]).values(**row))
    fresh = [row for row in rows if row["stream"] not in known]
    if fresh:
        connection.execute(insert(data_key), fresh)


def _add_bodies(connection: Connection, reader: ExportReader, *, blank: bool) -> None:
    names = [column.name for column in body.columns]
    for chunk in reader.entries(columns=False):
        refs = [ref["commitment"] for row in chunk for ref in (envelope(row[1]) or {}).get("refs", ())]
        for at in range(0, len(refs), BODIES_AT_ONCE):
            some = refs[at : at + BODIES_AT_ONCE]
            query = select(body.c.commitment).where(body.c.commitment.in_(some))
            there = set() if blank else set(connection.execute(query).scalars())
            found = reader.bodies([commitment for commitment in some if commitment not in there])
            if found:
                rows = [dict(zip(names, row, strict=True)) for row in found.values()]
                connection.execute(insert(body), rows)


def _replace(connection: Connection, table: Table, reader: ExportReader) -> None:
    connection.execute(delete(table))
    for rows in _chunks(reader.rows(table.name) or iter(()), table):
        connection.execute(insert(table), rows)


def _chunks(rows: Iterator[Cells], table: Table = data_key) -> Iterator[list[dict[str, Any]]]:
    names = [column.name for column in table.columns]
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(dict(zip(names, row, strict=True)))
        if len(chunk) == ROWS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _check_sound(connection: Connection, expected: Checkpoint, keys: Keys | None) -> None:
    """Step 4."""
    report = check_log(StoreReader(connection), Brought(keys))
    if report.problems:
        raise TamperedError("target_unsound", what=report.problems[0].what)
    if (report.records, report.root) != (expected.size, expected.root.hex()):
        raise TamperedError("import_differs", size=expected.size)


@contextlib.contextmanager
def _writing(target: Path | str, log: str) -> Iterator[tuple[Connection, bool]]:
    """One transaction on the store, alone, and whether it is blank; committed at the end."""
    if isinstance(target, str):
        with _in_database(target, log) as found:
            yield found
    elif target.exists():
        with _in_file(target, log) as found:
            yield found
    else:
        with _in_new_file(target, log) as found:
            yield found


@contextlib.contextmanager
def _in_file(path: Path, log: str) -> Iterator[tuple[Connection, bool]]:
    engine = open_engine(lambda: connect_file(writing_uri(path)), begin="BEGIN IMMEDIATE", pooled=False)
    dialect = SqliteDialect(path)
    with _committed(dialect, engine.connect) as connection:
        blank = is_blank(connection)
        if not blank:
            check_identity(connection, path, log=log)
        yield connection, blank


@contextlib.contextmanager
def _in_new_file(path: Path, log: str) -> Iterator[tuple[Connection, bool]]:
    """A file beside, which takes the name when it is whole: a service must not find a blank one and begin a new log."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    create_file(draft)
    try:
        with _in_file(draft, log) as found:
            yield found
        try:
            os.link(draft, path)  # a link, not a rename: it never replaces what is there
        except FileExistsError as error:
            raise MalformedFileError("out_exists", file=str(path)) from error
        sync_folder(path.parent)
    finally:
        for name in (draft, *draft.parent.glob(f"{draft.name}-*")):
            name.unlink(missing_ok=True)


@contextlib.contextmanager
def _in_database(url: str, log: str) -> Iterator[tuple[Connection, bool]]:
    # Not at the top: who imports into a file needs no PostgreSQL driver.
    from magi.ledger import postgres  # noqa: PLC0415

    address = postgres.store_url(url)
    dialect = postgres.PostgresDialect(address)
    engine = postgres.open_store(address, pool=1)
    try:
        with _committed(dialect, engine.connect) as connection:
            for name in (
                "statement_timeout",
                "idle_in_transaction_session_timeout",
            ):  # a whole log takes its time
                connection.exec_driver_sql(f"SET LOCAL {name} = 0")
            for name in (
                "create:",
                "sequence:",
            ):  # those of `postgres` and `sequencer`: nobody founds or places
                lock = text("SELECT pg_advisory_xact_lock(:one, hashtext(:name || current_schema()))")
                connection.execute(lock, {"one": postgres.LOCKS, "name": name})
            blank = postgres.is_blank(connection)
            if not blank:
                postgres.check_store(connection, dialect.where, log=log)
                connection.exec_driver_sql("LOCK TABLE entry, body, ancestry, claim IN EXCLUSIVE MODE")
            yield connection, blank
    finally:
        engine.dispose()


@contextlib.contextmanager
def _committed(dialect: Dialect, connect: Any) -> Iterator[Connection]:  # noqa: ANN401  # an engine's method
    """A transaction that is committed when the block ends well; the store's errors get their meaning."""
    try:
        with connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(*dialect.errors):
                    transaction.rollback()
                raise
            try:
                transaction.commit()
            except dialect.errors as error:
                raise dialect.after_failed_commit(connection, error) from error
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
