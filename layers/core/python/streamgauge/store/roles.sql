-- The database roles, made as the master user through the RDS Data API. Every statement may run any number of times.
-- A statement ends with a semicolon at the end of a line that an empty line follows.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'migrator') THEN CREATE ROLE migrator LOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'writer') THEN CREATE ROLE writer LOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN CREATE ROLE reader LOGIN; END IF;
END
$$;

-- Who is in rds_iam shows a token of its IAM role instead of a password.
GRANT rds_iam TO migrator, writer, reader;

-- The master user must be a member to hand over the schema and to set migrator's default privileges.
GRANT migrator TO CURRENT_USER;

GRANT ALL ON SCHEMA public TO migrator;

GRANT USAGE ON SCHEMA public TO reader;

-- What writer makes (a day's partition) belongs to migrator, as everything else.
GRANT migrator TO writer;

ALTER ROLE writer SET role TO 'migrator';

GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;

ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA public GRANT SELECT ON TABLES TO reader;

-- An open connection keeps Aurora awake, and a stuck one keeps its locks.
ALTER ROLE migrator SET idle_session_timeout TO '60s';

ALTER ROLE migrator SET idle_in_transaction_session_timeout TO '15s';

ALTER ROLE migrator SET lock_timeout TO '10s';

ALTER ROLE migrator SET statement_timeout TO '800s';

ALTER ROLE writer SET idle_session_timeout TO '60s';

ALTER ROLE writer SET idle_in_transaction_session_timeout TO '15s';

ALTER ROLE writer SET lock_timeout TO '10s';

-- Below the 300 s of consumers and schedules; callers of the API have left after 30 s, the function with them.
ALTER ROLE writer SET statement_timeout TO '270s';

ALTER ROLE reader SET idle_session_timeout TO '60s';

ALTER ROLE reader SET idle_in_transaction_session_timeout TO '15s';

ALTER ROLE reader SET lock_timeout TO '10s';

ALTER ROLE reader SET statement_timeout TO '27s';
