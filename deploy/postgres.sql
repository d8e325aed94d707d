-- Roles of a ledger in PostgreSQL. Run once as the owner of the ledger's tables, in the ledger's database, after the
-- ledger was created; running it again does no harm. Passwords, pg_hba.conf and TLS are the operator's (docs/POSTGRES.md).
--
-- magi_writer     the service and its workers: add entries and bodies, erase bodies by a recorded act; no place, no head
-- magi_sequencer  the one process with the log key: gives places, writes tiles and head; sees no body and no data key
-- magi_auditor    reads everything (bodies are encrypted; opening one is a writer's act, since it is recorded)

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'magi_writer') THEN CREATE ROLE magi_writer LOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'magi_sequencer') THEN CREATE ROLE magi_sequencer LOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'magi_auditor') THEN CREATE ROLE magi_auditor LOGIN; END IF;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, magi_writer, magi_sequencer, magi_auditor;
GRANT USAGE ON SCHEMA public TO magi_writer, magi_sequencer, magi_auditor;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO magi_writer, magi_auditor;
GRANT INSERT (stream, ordinal, kind, bytes, leaf_hash) ON entry TO magi_writer;
GRANT INSERT ON body, data_key, erased, hold, ancestry, idempotency, claim TO magi_writer;
GRANT DELETE ON body, data_key, hold, claim TO magi_writer;
GRANT UPDATE ON ancestry, claim TO magi_writer;

GRANT SELECT ON entry, head, tile, key_check, alembic_version TO magi_sequencer;
GRANT UPDATE (seq) ON entry TO magi_sequencer;
GRANT INSERT, UPDATE ON head TO magi_sequencer;
GRANT INSERT ON tile TO magi_sequencer;
