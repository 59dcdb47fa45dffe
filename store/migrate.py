"""Bring a database file to this program's schema. The only module, next to Tier 3 tables, that needs SQLModel."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from filelock import FileLock, Timeout
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from store.database import backup, connect
from store.errors import StoreError, store_error
from store.home import make_private

_PATIENCE = 60.0


def migrate(path: Path, version: int) -> None:
    """Migrate the file at `path`, after copying it to `backups/` when it holds anything; one process at a time.

    Raises StoreError, with the file as it was.
    """
    try:
        with FileLock(path.with_suffix(".migrate.lock"), timeout=_PATIENCE):
            current, empty = _state(path)
            if current >= version:
                return  # the twin was faster
            if not empty:
                backup(path, _backup_path(path, current))
            _upgrade(path, version)
    except Timeout as error:
        raise StoreError("busy", "Another revtops is migrating the database.", hint="Wait for it to finish.") from error
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else None
        found = store_error(cause) if isinstance(cause, sqlite3.Error) else StoreError("database", str(error))
        raise StoreError(
            found.kind,
            f"The database could not be brought to schema {version}, and is as it was. {found.message}",
            hint=found.hint or "A copy of it is in `backups/`, beside it.",
        ) from error


def _state(path: Path) -> tuple[int, bool]:
    """The file's schema version, and whether it is empty."""
    with closing(connect(path)) as connection:
        (current,) = connection.execute("PRAGMA user_version").fetchone()
        (objects,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return current, objects == 0


def _backup_path(path: Path, current: int) -> Path:
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
    return make_private(path.parent / "backups") / f"{path.stem}-schema{current}-{stamp}.db"


def _upgrade(path: Path, version: int) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    engine = create_engine(URL.create("sqlite", database=str(path)), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            # One transaction for everything, version included: a kill in the middle leaves the file as it was.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            command.upgrade(config, f"{version:04d}")
            connection.exec_driver_sql(f"PRAGMA user_version={version}")
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()
