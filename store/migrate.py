"""Bring a database file to this program's schema. The only module, next to Tier 3 tables, that needs SQLModel."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from alembic import command
from alembic.config import Config
from filelock import FileLock
from sqlalchemy import create_engine

from store.database import backup, connect
from store.home import make_private


def migrate(path: Path, version: int) -> None:
    """Migrate the file at `path`, after copying it to `backups/` when it holds anything; one process at a time."""
    with FileLock(path.with_suffix(".migrate.lock"), timeout=60):
        connection = connect(path)
        (current,) = connection.execute("PRAGMA user_version").fetchone()
        connection.close()
        if current >= version:
            return  # the twin was faster
        if current:
            backup(path, _backup_path(path, current))
        _upgrade(path, version)


def _backup_path(path: Path, current: int) -> Path:
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
    return make_private(path.parent / "backups") / f"{path.stem}-schema{current}-{stamp}.db"


def _upgrade(path: Path, version: int) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
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
