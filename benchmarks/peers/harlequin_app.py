"""Harlequin over an empty SQLite database in memory. Run by Harlequin's own Python: see `drive.py`."""

from __future__ import annotations

from typing import Any


def app() -> Any:
    """The app."""
    from harlequin.app import Harlequin
    from harlequin_sqlite import HarlequinSqliteAdapter

    return Harlequin(adapter=HarlequinSqliteAdapter([":memory:"]), record_history=False, no_download_tzdata=True)
