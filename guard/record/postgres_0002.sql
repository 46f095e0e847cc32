-- What receptionists and supervisors may open. Source: FORMAT.md, "Roles that read a part".
-- Run by the role that owns the tables: `guard record migrate`, or `guard role tables | psql -1`;
-- again, too, for groups that came later. It touches no table of postgres_0001.sql, and
-- guard.version stays: a guard that knows nothing of it goes on beside one that does.

CREATE SCHEMA IF NOT EXISTS guard_roles;

-- One row: one message, sealed to one person's key. No row, no access; a message that is erased
-- takes its rows with it, whichever guard erases it.
CREATE TABLE IF NOT EXISTS guard_roles.shared (
    item bigint NOT NULL,
    login name NOT NULL,
    role text COLLATE "C" NOT NULL CHECK (role IN ('receptionist', 'supervisor')),
    received bigint NOT NULL,
    sealed bytea NOT NULL,
    seen bigint,
    noted boolean NOT NULL DEFAULT false,
    practice text COLLATE "C" NOT NULL DEFAULT guard.practice(),
    PRIMARY KEY (practice, item, login),
    FOREIGN KEY (practice, item) REFERENCES guard.blob (practice, seq) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS shared_login ON guard_roles.shared (login, received);
CREATE INDEX IF NOT EXISTS shared_seen ON guard_roles.shared (practice)
    WHERE seen IS NOT NULL AND NOT noted;

-- In which practices this login is what.
CREATE OR REPLACE FUNCTION guard_roles.mine() RETURNS TABLE (practice text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = guard, pg_temp AS $$
    SELECT m.practice, substr(g.rolname::text, length('guard_') + 1)
    FROM guard.member m
    JOIN pg_roles r ON r.rolname = m.role
    JOIN pg_roles g ON g.rolname IN ('guard_receptionist', 'guard_supervisor')
    WHERE pg_has_role(session_user, r.oid, 'member')
      AND pg_has_role(session_user, g.oid, 'member')
$$;

-- By the server's clock, and once: nobody says when they saw it, and nobody takes it back.
CREATE OR REPLACE FUNCTION guard_roles.seen_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seen IS DISTINCT FROM OLD.seen THEN
        NEW.seen := COALESCE(OLD.seen, (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER seen_once BEFORE UPDATE ON guard_roles.shared
    FOR EACH ROW EXECUTE FUNCTION guard_roles.seen_once();

ALTER TABLE guard_roles.shared ENABLE ROW LEVEL SECURITY;
ALTER TABLE guard_roles.shared FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS of_the_record ON guard_roles.shared;
DROP POLICY IF EXISTS of_the_reader ON guard_roles.shared;
DROP POLICY IF EXISTS seen_by_the_reader ON guard_roles.shared;
-- Whoever is shown a practice's record is shown what of it is shared.
CREATE POLICY of_the_record ON guard_roles.shared
    USING (practice = (SELECT guard.practice())
        AND (SELECT has_table_privilege('guard.entry'::regclass, 'SELECT')))
    WITH CHECK (practice = (SELECT guard.practice())
        AND (SELECT has_table_privilege('guard.entry'::regclass, 'SELECT')));
-- Everybody else sees what was sealed to them, while both the therapist and whoever runs the
-- database say that they are what they are.
CREATE POLICY of_the_reader ON guard_roles.shared FOR SELECT
    USING (login = session_user
        AND (practice, role) IN (SELECT m.practice, m.role FROM guard_roles.mine() m));
CREATE POLICY seen_by_the_reader ON guard_roles.shared FOR UPDATE
    USING (login = session_user
        AND (practice, role) IN (SELECT m.practice, m.role FROM guard_roles.mine() m));

-- Rights, for those of the groups that the cluster has. None for guard_auditor: to whom a letter
-- is open tells what it is about, and nothing here is there to be verified.
DO $$
DECLARE one text;
BEGIN
    FOR one IN SELECT rolname FROM pg_roles WHERE rolname IN ('guard_scanner', 'guard_therapist',
        'guard_receptionist', 'guard_supervisor') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA guard_roles TO %I', one);
        EXECUTE format('GRANT SELECT ON guard_roles.shared TO %I', one);
    END LOOP;
    FOR one IN SELECT rolname FROM pg_roles
        WHERE rolname IN ('guard_scanner', 'guard_therapist') LOOP
        EXECUTE format('GRANT INSERT, DELETE, UPDATE (noted) ON guard_roles.shared TO %I', one);
    END LOOP;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'guard_supervisor') THEN
        GRANT UPDATE (seen) ON guard_roles.shared TO guard_supervisor;
    END IF;
END $$;
