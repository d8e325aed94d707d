"""The tables of a ledger, in SQLite and PostgreSQL.

`entry` is the log: its rows are only ever added, and the Merkle tree stands over `bytes` in order of `seq`. `head`
is its signed head, `tile` the full hash tiles below it. `body`, `data_key` and `key_check` hold what can be erased
without touching the log; `erased` and `hold` follow from records and stand here to be looked up. `ancestry`,
`idempotency` and `claim` are working state beside the log, written in the same transactions and outside the tree,
each row under a seal (`state`).
Leaves to others: every statement.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

APPLICATION_ID = 0x4D414749
"""ASCII "MAGI", in the header of an SQLite file: tells our file from any other."""
SCHEMA_VERSION = 2
"""Goes into the file header and the first record; a newer one is refused."""
FIRST_VERSION = 2
"""The first that was released; what is older was never promised to be read."""

_SEQ = BigInteger().with_variant(Integer, "sqlite")  # SQLite: only INTEGER PRIMARY KEY is the row id itself

metadata = MetaData()

entry = Table(
    "entry",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("stream", String, nullable=False),
    Column("ordinal", _SEQ, nullable=False),
    Column("kind", String, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    UniqueConstraint("stream", "ordinal"),
)

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", _SEQ, nullable=False),
    Column("edge", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
)

tile = Table(
    "tile",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", _SEQ, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

data_key = Table(
    "data_key",
    metadata,
    Column("stream", String, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

body = Table(
    "body",
    metadata,
    Column("commitment", String, primary_key=True),
    Column("stream", String, ForeignKey("data_key.stream"), nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("length", _SEQ, nullable=False),
)

erased = Table(
    "erased",
    metadata,
    Column("commitment", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("ordinal", _SEQ, nullable=False),  # of the tombstone in stream `retention`
)

hold = Table(
    "hold",
    metadata,
    Column("name", String, primary_key=True),
    Column("stream", String, primary_key=True),
)

key_check = Table(
    "key_check",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("proof", LargeBinary, nullable=False),
)

ancestry = Table(
    "ancestry",
    metadata,
    Column("digest", String, primary_key=True),
    Column("label", Integer, nullable=False),
    Column("stream", String, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("hash", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

claim = Table(
    "claim",
    metadata,
    Column("stream", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)
