"""The first tables.

PostgreSQL differs in `entry`: a writer adds a row without `seq`, which the sequencer gives it (`arrival` says in what
order). The triggers are guards against accidents and hasty hands, no proof: whoever owns the tables can drop them.
"""

revision = "0001"
down_revision = None

_SHARED = (
    """CREATE TABLE head (
    id INTEGER NOT NULL PRIMARY KEY,
    size {big} NOT NULL,
    edge {blob} NOT NULL,
    note {blob} NOT NULL
)""",
    """CREATE TABLE tile (
    level INTEGER NOT NULL,
    number {big} NOT NULL,
    hashes {blob} NOT NULL,
    PRIMARY KEY (level, number)
)""",
    """CREATE TABLE data_key (
    stream {text} NOT NULL PRIMARY KEY,
    key_id {text} NOT NULL,
    nonce {blob} NOT NULL,
    wrapped {blob} NOT NULL
)""",
    """CREATE TABLE body (
    commitment {text} NOT NULL PRIMARY KEY,
    stream {text} NOT NULL REFERENCES data_key (stream),
    salt {blob} NOT NULL,
    nonce {blob} NOT NULL,
    ciphertext {blob} NOT NULL,
    length {big} NOT NULL
)""",
    "CREATE INDEX body_stream ON body (stream)",
    """CREATE TABLE erased (
    commitment {text} NOT NULL PRIMARY KEY,
    stream {text} NOT NULL,
    ordinal {big} NOT NULL
)""",
    """CREATE TABLE hold (
    name {text} NOT NULL,
    stream {text} NOT NULL,
    PRIMARY KEY (name, stream)
)""",
    """CREATE TABLE key_check (
    key_id {text} NOT NULL PRIMARY KEY,
    proof {blob} NOT NULL
)""",
    """CREATE TABLE ancestry (
    digest {text} NOT NULL PRIMARY KEY,
    label INTEGER NOT NULL,
    stream {text} NOT NULL,
    seal {blob} NOT NULL
)""",
    """CREATE TABLE idempotency (
    hash {text} NOT NULL PRIMARY KEY,
    stream {text} NOT NULL,
    seal {blob} NOT NULL
)""",
    """CREATE TABLE claim (
    stream {text} NOT NULL PRIMARY KEY,
    owner {text} NOT NULL,
    expires_ms {big} NOT NULL,
    seal {blob} NOT NULL
)""",
)

_SQLITE = (
    "PRAGMA application_id=1296123721",  # "MAGI"
    """CREATE TABLE entry (
    seq INTEGER NOT NULL PRIMARY KEY,
    stream VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    bytes BLOB NOT NULL,
    leaf_hash BLOB NOT NULL,
    UNIQUE (stream, ordinal)
)""",
    *(table.format(big="INTEGER", blob="BLOB", text="VARCHAR") for table in _SHARED),
    *(
        f"CREATE TRIGGER {table}_{name} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the rows of {table} are never changed'); END"
        for table in ("entry", "tile")
        for name, act in (("stays", "UPDATE"), ("remains", "DELETE"))
    ),
    "PRAGMA user_version=2",
)

_POSTGRESQL = (
    """CREATE TABLE entry (
    stream TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    seq BIGINT,
    arrival BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    leaf_hash BYTEA NOT NULL,
    PRIMARY KEY (stream, ordinal),
    CONSTRAINT entry_seq UNIQUE (seq)
)""",
    "CREATE INDEX entry_waiting ON entry (arrival) WHERE seq IS NULL",
    *(table.format(big="BIGINT", blob="BYTEA", text='TEXT COLLATE "C"') for table in _SHARED),
    """CREATE FUNCTION entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION USING
    MESSAGE = 'the rows of ' || TG_TABLE_NAME || ' are never changed', ERRCODE = '55000'; END$$""",
    """CREATE TRIGGER entry_stays BEFORE UPDATE ON entry FOR EACH ROW
WHEN (OLD.seq IS NOT NULL OR NEW.seq IS NULL
    OR (OLD.stream, OLD.ordinal, OLD.arrival, OLD.kind, OLD.bytes, OLD.leaf_hash)
    IS DISTINCT FROM (NEW.stream, NEW.ordinal, NEW.arrival, NEW.kind, NEW.bytes, NEW.leaf_hash))
EXECUTE FUNCTION entry_refuse()""",
    "CREATE TRIGGER tile_stays BEFORE UPDATE ON tile FOR EACH ROW EXECUTE FUNCTION entry_refuse()",
    *(
        f"CREATE TRIGGER {table}_{name} BEFORE {act} ON {table} FOR EACH {each} EXECUTE FUNCTION entry_refuse()"
        for table in ("entry", "tile")
        for name, act, each in (("remains", "DELETE", "ROW"), ("whole", "TRUNCATE", "STATEMENT"))
    ),
)

STATEMENTS = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}


def upgrade() -> None:
    """Make the tables in an empty store."""
    from alembic import op  # noqa: PLC0415  # this module is read without alembic too

    connection = op.get_bind()
    for statement in STATEMENTS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
