"""The database file: made, opened again, migrated, refused, copied; and its one writer."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from store.connections import connections
from store.database import FILE_NAME, SCHEMA_VERSION, Database, backup
from store.errors import StoreError
from store.migrate import migrate
from store.rowset import RowSet, runs


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _foreign(home: Path, statements: str) -> Path:
    """A database file of another program, or of another time."""
    home.mkdir(exist_ok=True)
    connection = sqlite3.connect(home / FILE_NAME)
    connection.executescript(statements)
    connection.close()
    return home / FILE_NAME


def _backups(home: Path) -> list[Path]:
    return sorted((home / "backups").glob("*.db")) if (home / "backups").exists() else []


def _remember(connection: sqlite3.Connection) -> int:
    return connection.execute("INSERT INTO settings VALUES ('colour', 'blue')").rowcount


# -- opening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["home", "deep/down/home", "with space", "what?", "50%", "a#b", "ünï'\"code"])
def test_a_new_file_is_its_owners_alone(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    umask = os.umask(0)
    try:
        with Database.open(home) as database:
            database.writer.run(_remember)
            assert (_mode(home), _mode(home / FILE_NAME)) == (0o700, 0o600)
            assert {_mode(path) for path in home.glob(f"{FILE_NAME}-*")} == {0o600}
    finally:
        os.umask(umask)
    with Database.open(home) as database:
        assert database.reader().execute("SELECT * FROM settings").fetchall() == [("colour", "blue")]
    assert _backups(home) == []


def test_the_promised_pragmas_hold(tmp_path: Path) -> None:
    with Database.open(tmp_path) as database:
        asked = ("journal_mode", "foreign_keys", "synchronous", "user_version")
        answers = database.writer.run(lambda c: [c.execute(f"PRAGMA {name}").fetchone()[0] for name in asked])
        assert answers == ["wal", 1, 1, SCHEMA_VERSION]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.reader().execute("DELETE FROM settings")
    assert not list(tmp_path.glob("*-wal"))  # the last to close folds it back into the file


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = _foreign(tmp_path, f"PRAGMA user_version={SCHEMA_VERSION + 1}; CREATE TABLE new(x);")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="written by a newer revtops") as failure:
        Database.open(tmp_path)
    assert (failure.value.kind, bool(failure.value.hint)) == ("too_new", True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"not a database at all" * 100, "not_a_database"), (b"SQLite format 3\0" + b"x" * 5000, "not_a_database")],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(StoreError) as failure:
        Database.open(tmp_path)
    assert (failure.value.kind, (tmp_path / FILE_NAME).read_bytes()) == (kind, content)


def test_a_data_directory_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match="cannot be used as the data directory"):
        Database.open(tmp_path / "home")


_AS_NOBODY = """
import os, sys
from contextlib import closing
from pathlib import Path
import store.migrate
from store.database import Database
from store.errors import StoreError

if os.geteuid() == 0:  # whom no permission stops
    os.setuid(65534)
try:
    with Database.open(Path(sys.argv[1])) as database:
        print(database.reader().execute("SELECT count(*) FROM settings").fetchone()[0], flush=True)
        database.writer.run(lambda c: c.execute("INSERT INTO settings VALUES ('a', 'b')").rowcount)
except StoreError as error:
    print(error.kind, error.message)
"""


def test_a_read_only_file_can_be_read_and_says_why_it_is_not_written() -> None:
    with TemporaryDirectory() as folder:  # not below tmp_path, whose parents nobody else may enter
        home = Path(folder)
        Database.open(home).close()
        (home / FILE_NAME).chmod(0o400)
        if os.geteuid() == 0:
            os.chown(home, 65534, 65534)
            os.chown(home / FILE_NAME, 65534, 65534)
        finished = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(home)], capture_output=True, text=True, check=True, timeout=60
        )
    assert finished.stdout.splitlines() == ["0", "read_only The database file is read-only."]


# -- migrating -------------------------------------------------------------------------------------------------------


def test_an_older_file_is_migrated_after_a_backup(tmp_path: Path) -> None:
    _foreign(tmp_path, "CREATE TABLE notes(text); INSERT INTO notes VALUES ('keep me');")
    with Database.open(tmp_path) as database:
        assert database.reader().execute("SELECT text FROM notes").fetchall() == [("keep me",)]
        assert database.reader().execute("SELECT count(*) FROM deals").fetchone() == (0,)
    (copy,) = _backups(tmp_path)
    assert (_mode(copy), _mode(copy.parent)) == (0o600, 0o700)
    connection = sqlite3.connect(copy)
    assert [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")] == ["notes"]
    connection.close()


def test_a_file_of_the_last_schema_keeps_its_connections(tmp_path: Path) -> None:
    migrate(tmp_path / FILE_NAME, SCHEMA_VERSION - 1)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as older, older:
        older.execute("INSERT INTO organizations VALUES ('acme', 'Acme', '2026-03-01')")
        older.execute(
            "INSERT INTO connections(organization_id, slug, name, source_system, status, identity, created_at) "
            "VALUES ('acme', 'crm', 'default', 'crm', 'connected', 'Ada', '2026-03-01')"
        )
    with Database.open(tmp_path) as database:
        (kept,) = connections(database, "acme")
    assert (kept.selector, kept.identity, kept.granted_scopes) == ("crm", "Ada", None)


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = _foreign(tmp_path, "CREATE TABLE goals(mine); INSERT INTO goals VALUES (1);")
    for attempt in (1, 2):
        with pytest.raises(StoreError, match=r"and is as it was.*goals already exists"):
            Database.open(tmp_path)
        connection = sqlite3.connect(path)
        assert [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")] == ["goals"]
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
        connection.close()
        assert len(_backups(tmp_path)) == attempt


_KILLED = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from store.database import Database

@event.listens_for(Engine, "before_cursor_execute")
def kill(connection, cursor, statement, *_):
    if statement.strip().startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

Database.open(Path(sys.argv[1])).close()
print("survived")
"""


@pytest.mark.parametrize("before", ["CREATE TABLE deals", "INSERT INTO alembic_version", "COMMIT"])
def test_a_process_killed_in_a_migration_leaves_the_file_as_it_was(tmp_path: Path, before: str) -> None:
    _foreign(tmp_path, "CREATE TABLE notes(text); INSERT INTO notes VALUES ('keep me');")
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path), before], capture_output=True, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")] == ["notes"]
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()
    with Database.open(tmp_path) as database:  # the lock of the dead is no obstacle
        assert database.reader().execute("SELECT text FROM notes").fetchall() == [("keep me",)]


def test_two_that_open_at_once_migrate_once(tmp_path: Path) -> None:
    _foreign(tmp_path, "CREATE TABLE notes(text);")
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(Database.open(tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), len(_backups(tmp_path))) == (4, 1)
    for database in opened:
        database.close()


# -- copying ---------------------------------------------------------------------------------------------------------


def test_a_backup_is_whole_while_others_write(tmp_path: Path) -> None:
    with Database.open(tmp_path / "home") as database:
        database.writer.run(_remember)
        size = backup(database.path, tmp_path / "copy.db")
        assert (_mode(tmp_path / "copy.db"), (tmp_path / "copy.db").stat().st_size) == (0o600, size)
        with pytest.raises(FileExistsError):
            backup(database.path, tmp_path / "copy.db")
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT * FROM settings").fetchall() == [("colour", "blue")]
    copy.close()


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        backup(tmp_path / "broken.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


# -- writing ---------------------------------------------------------------------------------------------------------


def test_a_job_that_fails_is_undone_and_the_next_goes_on(tmp_path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        _remember(connection)
        raise ValueError("no")

    with Database.open(tmp_path) as database:
        with pytest.raises(ValueError, match="no"):
            database.writer.run(fail)
        with pytest.raises(StoreError, match="no such table"):
            database.writer.run(lambda c: c.execute("SELECT * FROM nowhere").fetchall())
        assert database.writer.run(_remember) == 1
        assert database.writer.submit(lambda c: c.execute("DELETE FROM settings").rowcount, keep=False).result() == 1
        assert database.reader().execute("SELECT count(*) FROM settings").fetchone() == (1,)


def test_readers_see_what_is_committed_and_never_wait(tmp_path: Path) -> None:
    written, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        _remember(connection)
        written.set()
        go_on.wait(20)

    with Database.open(tmp_path) as database:
        job = database.writer.submit(slow)
        assert written.wait(20)
        assert database.reader().execute("SELECT count(*) FROM settings").fetchone() == (0,)
        go_on.set()
        job.result()
        assert database.reader().execute("SELECT count(*) FROM settings").fetchone() == (1,)


def test_a_reader_ends_with_its_thread(tmp_path: Path) -> None:
    def open_files() -> int:
        return sum(1 for file in Path("/dev/fd").iterdir() if _is_ours(file))

    def _is_ours(file: Path) -> bool:
        try:
            return os.path.samestat(file.stat(), database.path.stat())
        except OSError:
            return False

    with Database.open(tmp_path) as database:
        database.reader()
        before = open_files()
        for _ in range(20):
            thread = threading.Thread(target=database.reader)
            thread.start()
            thread.join()
        assert open_files() < before + 5  # SQLite closes a file a little later while another reader is at it


def test_what_was_submitted_is_written_before_it_closes(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    jobs = [
        database.writer.submit(lambda c, n=n: c.execute("INSERT INTO settings VALUES (?, '')", (str(n),)).rowcount)
        for n in range(50)
    ]
    database.close()
    assert all(job.done() for job in jobs)
    database.close()  # a second time does no harm
    assert database.writer.submit(_remember).result(timeout=20) == 1  # and it opens again when it is used again
    assert database.reader().execute("SELECT count(*) FROM settings").fetchone() == (51,)
    database.close()


# -- sets of rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_a_row_set_is_a_set(seed: int) -> None:
    chance = random.Random(seed)
    expected: set[int] = set()
    rows = RowSet()
    for _ in range(20):
        first = chance.randrange(200)
        last = first + chance.randrange(40)
        some = {chance.randrange(300) for _ in range(chance.randrange(10))}
        rows.add_range(first, last)
        rows.add(some)
        expected |= some | set(range(first, last + 1))
        rows = RowSet(rows.pack())
    assert ({n for n in range(400) if n in rows}, len(rows)) == (expected, len(expected))
    assert all(rows.count_below(n) == sum(one < n for one in expected) for n in range(-1, 400))
    assert [n for first, last in runs(expected) for n in range(first, last + 1)] == sorted(expected)
