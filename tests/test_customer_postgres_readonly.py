"""Customer Postgres cannot write: every way that was found to try it, and the roles that it refuses."""

import contextlib
import re

import psycopg
import pytest

from connectors.errors import ConnectorError, InvalidInputError, PermissionDeniedError
from tests.support.crm_database import PASSWORD, Connect, Crm, connect, crm, failure, until
from tests.support.postgres import postgres_server

__all__ = ["connect", "crm", "postgres_server"]  # fixtures
pytestmark = pytest.mark.xdist_group("postgres")

VARIES = ConnectorError
"""Refused or harmless, depending on the server's version."""

# Each is the text of a query, and what it gives: an error, or None for an answer that does no harm.
TRICKS: list[tuple[str, type[ConnectorError] | None]] = [
    # statements that are no query
    ("INSERT INTO notes (note) VALUES ('x')", InvalidInputError),
    ("UPDATE notes SET note = 'x'", InvalidInputError),
    ("DELETE FROM notes", InvalidInputError),
    ("TRUNCATE notes", InvalidInputError),
    ("DROP TABLE notes", InvalidInputError),
    ("CREATE TABLE mine (id int)", InvalidInputError),
    ("COPY notes FROM STDIN", InvalidInputError),
    ("COPY (SELECT 1) TO PROGRAM 'cat > /tmp/revtops-trick'", InvalidInputError),
    ("DO $$ BEGIN DELETE FROM notes; END $$", InvalidInputError),
    ("CALL run('DELETE FROM notes')", InvalidInputError),
    ("EXPLAIN ANALYZE DELETE FROM notes", InvalidInputError),
    ("PREPARE p AS DELETE FROM notes", InvalidInputError),
    ("NOTIFY channel", InvalidInputError),
    ("VACUUM", InvalidInputError),
    ("ALTER ROLE owner SET default_transaction_read_only = off", InvalidInputError),
    # leaving or loosening the transaction
    ("SET TRANSACTION READ WRITE", InvalidInputError),
    ("SET default_transaction_read_only = off", InvalidInputError),
    ("COMMIT", InvalidInputError),
    ("COMMIT; DELETE FROM notes", InvalidInputError),
    ("SELECT 1; COMMIT; DELETE FROM notes", InvalidInputError),
    ("SELECT 1; DELETE FROM notes; --", InvalidInputError),
    ("SELECT 1 /* ; */ ; CLOSE ALL; DELETE FROM notes", InvalidInputError),
    ("SELECT 1\n;\nSET TRANSACTION READ WRITE;\nDELETE FROM notes", InvalidInputError),
    ("SELECT 1\0; DELETE FROM notes", InvalidInputError),
    ("SELECT set_config('transaction_read_only', 'off', true)", PermissionDeniedError),
    ("SELECT set_config('transaction_read_only', 'off', false), wipe()", PermissionDeniedError),
    ("SELECT set_config('default_transaction_read_only', 'off', false)", None),
    ("SELECT set_config('session_authorization', 'postgres', false)", PermissionDeniedError),
    ("SELECT set_config('role', 'postgres', false)", PermissionDeniedError),
    ("SELECT run('COMMIT')", InvalidInputError),
    ("SELECT run('SET TRANSACTION READ WRITE')", PermissionDeniedError),
    # queries that write
    ("WITH gone AS (DELETE FROM notes RETURNING *) SELECT * FROM gone", InvalidInputError),
    ("WITH new AS (INSERT INTO notes (note) VALUES ('x') RETURNING *) TABLE new", InvalidInputError),
    ("SELECT * INTO mine FROM notes", InvalidInputError),
    ("SELECT * FROM notes FOR UPDATE", PermissionDeniedError),
    ("SELECT nextval('notes_id_seq')", PermissionDeniedError),
    ("SELECT setval('notes_id_seq', 1000)", PermissionDeniedError),
    ("SELECT * FROM trap", PermissionDeniedError),
    ("SELECT wipe()", PermissionDeniedError),
    ("SELECT * FROM notes WHERE wipe() > 0", PermissionDeniedError),
    ("SELECT run('DELETE FROM notes')", PermissionDeniedError),
    ("SELECT run('CREATE ROLE intruder SUPERUSER')", PermissionDeniedError),
    ("SELECT run('ALTER TABLE notes ADD COLUMN x int')", PermissionDeniedError),
    ("SELECT query_to_xml('DELETE FROM notes', true, true, '')", InvalidInputError),
    ("SELECT * FROM ts_stat('DELETE FROM notes')", InvalidInputError),
    ("SELECT lo_create(4711)", VARIES),
    ("SELECT lo_from_bytea(4712, 'x')", VARIES),
    # reaching around the transaction
    ("SELECT pg_read_file('postgresql.conf')", PermissionDeniedError),
    ("SELECT pg_ls_dir('.')", PermissionDeniedError),
    ("SELECT lo_import('/etc/passwd')", PermissionDeniedError),
    ("SELECT pg_create_physical_replication_slot('mine')", PermissionDeniedError),
    ("SELECT pg_reload_conf()", PermissionDeniedError),
    ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'", PermissionDeniedError),
    ("SELECT pg_notify('channel', 'x')", None),
    ("SELECT pg_advisory_lock(42)", None),
]


@pytest.mark.parametrize(("trick", "outcome"), TRICKS, ids=[trick[:60] for trick, _ in TRICKS])
async def test_no_trick_changes_anything(
    connect: Connect, crm: Crm, trick: str, outcome: type[ConnectorError] | None
) -> None:
    before = crm.state()
    attempt = connect(username="owner").query(trick)
    if outcome is VARIES:
        with contextlib.suppress(ConnectorError):
            await attempt
    elif outcome:
        await failure(attempt, outcome)
    else:
        await attempt
    await until(lambda: crm.state()[-1] == 0)  # a session's advisory locks go when the server notices its end
    assert crm.state() == before


async def test_the_tricks_would_change_something_without_the_locks(crm: Crm) -> None:
    """What the test above is worth: the same role, connected plainly, does write, and the state shows it."""
    before = crm.state()
    with psycopg.connect(
        host=crm.server.host, port=crm.server.port, dbname="sales", user="owner", password=PASSWORD
    ) as plain:
        plain.execute("SELECT wipe(), lo_create(4711)")
        plain.commit()
    assert crm.state() != before
    crm.admin.execute("SELECT lo_unlink(4711); INSERT INTO notes VALUES (1, 'first'), (2, 'second')")
    assert crm.state() == before


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        ("ALTER ROLE strong SUPERUSER", "is a superuser"),
        ("ALTER ROLE strong REPLICATION", "may replicate"),
        ("GRANT pg_execute_server_program TO strong", "is a member of pg_execute_server_program"),
        ("GRANT pg_write_server_files TO strong", "is a member of pg_write_server_files"),
        ("GRANT pg_read_server_files TO strong", "is a member of pg_read_server_files"),
        ("GRANT pg_signal_backend TO strong", "is a member of pg_signal_backend"),
        ("CREATE ROLE team ROLE strong; GRANT pg_read_server_files TO team", "is a member of pg_read_server_files"),
        ("ALTER ROLE strong NOINHERIT; GRANT postgres TO strong", "is a member of .*postgres"),
    ],
)
async def test_roles_that_reach_beyond_the_transaction_are_refused(
    connect: Connect, crm: Crm, grant: str, reason: str
) -> None:
    crm.admin.execute(f"CREATE ROLE strong LOGIN PASSWORD '{PASSWORD}'".encode())
    try:
        assert "strong on" in await connect(username="strong").test_connection()
        crm.admin.execute(grant.encode())
        for attempt in ("test_connection", "get_schema"):
            told = await failure(getattr(connect(username="strong"), attempt)(), PermissionDeniedError)
            assert re.search(reason, told)
        told = await failure(connect(username="strong").query("SELECT 1"), PermissionDeniedError)
    finally:
        crm.admin.execute("DROP ROLE strong; DROP ROLE IF EXISTS team")
    assert "CREATE ROLE revtops_reader" in told
    assert 'GRANT CONNECT ON DATABASE "sales" TO revtops_reader;' in told
    assert "GRANT SELECT ON ALL TABLES IN SCHEMA public TO revtops_reader;" in told


async def test_the_recommended_role_is_accepted(connect: Connect, crm: Crm) -> None:
    """The statements of the refusal are run as they are printed."""
    told = await failure(
        connect(username="postgres", password=crm.server.password).query("SELECT 1"), PermissionDeniedError
    )
    statements = told[told.index("CREATE ROLE") :]
    crm.admin.execute(statements.encode())
    try:
        reader = connect(username="revtops_reader", password="choose-one")
        assert (await reader.query("SELECT note FROM notes ORDER BY id"))["rows"] == [["first"], ["second"]]
    finally:
        crm.admin.execute("DROP OWNED BY revtops_reader; DROP ROLE revtops_reader")
