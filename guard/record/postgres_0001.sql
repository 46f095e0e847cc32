-- The tables of a clinic's records. Source: FORMAT.md, "PostgreSQL and S3".
-- Run once by the role that owns them: `guard record migrate`, or psql. Never edited once
-- released; a later change is postgres_0002.sql.

CREATE SCHEMA guard;
CREATE SCHEMA guard_keys;
CREATE TABLE guard.version (number integer PRIMARY KEY);

-- Which role, or which group of roles, may open which practice's record.
CREATE TABLE guard.member (
    practice text COLLATE "C" NOT NULL,
    role name NOT NULL,
    PRIMARY KEY (practice, role)
);

-- The practice that this session asked for, if it may; else none, and so no row is seen.
CREATE FUNCTION guard.practice() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = guard, pg_temp AS $$
    SELECT m.practice FROM guard.member m
    WHERE m.practice = current_setting('guard.practice', true)
      AND pg_has_role(session_user, m.role, 'member')
    LIMIT 1
$$;

CREATE FUNCTION guard.instr(body bytea, part bytea) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN position(part IN body);

-- Its row is locked by whoever writes: the log is one line.
CREATE TABLE guard.head (
    practice text COLLATE "C" PRIMARY KEY DEFAULT guard.practice()
);

-- The practice is the last column of each, so that it need not be named.
CREATE TABLE guard.entry (
    seq bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    item bigint,
    owner text COLLATE "C",
    at bigint NOT NULL,
    body bytea NOT NULL,
    sealed bytea,
    leaf bytea NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, seq)
);
CREATE INDEX entry_kind ON guard.entry (practice, kind, seq);
CREATE INDEX entry_item ON guard.entry (practice, item, seq) WHERE item IS NOT NULL;
CREATE INDEX entry_owner ON guard.entry (practice, owner, kind, seq) WHERE owner IS NOT NULL;

-- A message lies in the row, or in the object store under its digest until `locked` at least.
CREATE TABLE guard.blob (
    seq bigint NOT NULL,
    ct bytea,
    digest bytea NOT NULL,
    size bigint NOT NULL,
    locked bigint,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, seq)
);
ALTER TABLE guard.blob ALTER COLUMN ct SET STORAGE EXTERNAL; -- sealed bytes do not compress
CREATE INDEX blob_locked ON guard.blob (practice, locked) WHERE locked IS NOT NULL;

CREATE TABLE guard.checkpoint (
    size bigint NOT NULL,
    frontier bytea NOT NULL,
    note text NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, size)
);

CREATE TABLE guard.location (
    account text COLLATE "C" NOT NULL,
    folder text COLLATE "C" NOT NULL,
    validity bigint NOT NULL,
    uid bigint NOT NULL,
    item bigint NOT NULL,
    seq bigint NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, account, folder, validity, uid, item)
);
CREATE INDEX location_item ON guard.location (practice, item);

CREATE TABLE guard.content (
    mac bytea NOT NULL,
    item bigint NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, mac)
);

CREATE TABLE guard.cursor (
    account text COLLATE "C" NOT NULL,
    folder text COLLATE "C" NOT NULL,
    validity bigint NOT NULL,
    uid bigint NOT NULL,
    missing text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, account, folder)
);

CREATE TABLE guard.task (
    name text COLLATE "C" NOT NULL,
    item bigint NOT NULL,
    seq bigint NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, name, item)
);

CREATE TABLE guard.name (
    mac bytea NOT NULL,
    owner text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, mac, owner)
);

-- The files of keys/. Apart, because they are backed up apart: FORMAT.md, "Erasing".
CREATE TABLE guard_keys.public (
    place text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    data bytea NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, place, name)
);
CREATE TABLE guard_keys.sealed (
    place text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    data bytea NOT NULL,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, place, name)
);

-- Against slips only, as in SQLite: which order covers which entry is for verify.
CREATE FUNCTION guard.only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'blob' THEN
        IF (NEW.seq, NEW.digest, NEW.size, NEW.practice)
            = (OLD.seq, OLD.digest, OLD.size, OLD.practice)
            AND NEW.ct IS NOT DISTINCT FROM OLD.ct THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'entry' THEN
        IF NEW.sealed IS NULL
            AND (NEW.seq, NEW.kind, NEW.at, NEW.body, NEW.leaf, NEW.practice)
            = (OLD.seq, OLD.kind, OLD.at, OLD.body, OLD.leaf, OLD.practice)
            AND NEW.item IS NOT DISTINCT FROM OLD.item
            AND NEW.owner IS NOT DISTINCT FROM OLD.owner
            AND EXISTS (SELECT 1 FROM guard.entry WHERE kind = 'shredded' AND seq > OLD.seq) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'blob' THEN
        IF EXISTS (SELECT 1 FROM guard.entry WHERE kind = 'shredded' AND seq > OLD.seq) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the record only grows';
END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['entry', 'blob', 'checkpoint'] LOOP
        EXECUTE format('CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON guard.%I
            FOR EACH ROW EXECUTE FUNCTION guard.only_grows()', t);
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON guard.%I
            FOR EACH STATEMENT EXECUTE FUNCTION guard.only_grows()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['guard.head', 'guard.entry', 'guard.blob', 'guard.checkpoint',
        'guard.location', 'guard.content', 'guard.cursor', 'guard.task', 'guard.name',
        'guard_keys.public', 'guard_keys.sealed'] LOOP
        -- Forced, so that the owner of the tables sees no other practice either.
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
        -- In a subquery, so that it is asked once a statement and not once a row.
        EXECUTE format('CREATE POLICY one_practice ON %s
            USING (practice = (SELECT guard.practice()))
            WITH CHECK (practice = (SELECT guard.practice()))', t);
    END LOOP;
END $$;

-- Rights, for those of the three groups that the cluster has. guard_scanner adds and cannot
-- open a key; guard_therapist reads and orders; guard_auditor verifies.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'guard_scanner') THEN
        GRANT USAGE ON SCHEMA guard, guard_keys TO guard_scanner;
        GRANT SELECT ON ALL TABLES IN SCHEMA guard TO guard_scanner;
        GRANT UPDATE ON guard.head TO guard_scanner;
        GRANT INSERT ON guard.entry, guard.blob, guard.checkpoint TO guard_scanner;
        GRANT UPDATE (locked) ON guard.blob TO guard_scanner;
        GRANT INSERT, UPDATE, DELETE
            ON guard.location, guard.content, guard.cursor, guard.task, guard.name
            TO guard_scanner;
        GRANT SELECT, INSERT ON guard_keys.public TO guard_scanner;
        GRANT SELECT (practice, place, name), INSERT ON guard_keys.sealed TO guard_scanner;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'guard_therapist') THEN
        GRANT USAGE ON SCHEMA guard, guard_keys TO guard_therapist;
        GRANT SELECT ON ALL TABLES IN SCHEMA guard TO guard_therapist;
        GRANT UPDATE ON guard.head TO guard_therapist;
        GRANT INSERT ON guard.entry, guard.blob, guard.checkpoint TO guard_therapist;
        GRANT UPDATE (sealed) ON guard.entry TO guard_therapist;
        GRANT UPDATE (locked), DELETE ON guard.blob TO guard_therapist;
        GRANT INSERT, UPDATE, DELETE
            ON guard.location, guard.content, guard.cursor, guard.task, guard.name
            TO guard_therapist;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA guard_keys
            TO guard_therapist;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'guard_auditor') THEN
        GRANT USAGE ON SCHEMA guard, guard_keys TO guard_auditor;
        GRANT SELECT ON ALL TABLES IN SCHEMA guard TO guard_auditor;
        GRANT SELECT ON guard_keys.public TO guard_auditor;
        GRANT SELECT (practice, place, name) ON guard_keys.sealed TO guard_auditor;
    END IF;
END $$;

INSERT INTO guard.version VALUES (1);
