"""A table of a million rows and 20 columns in a terminal, beside textual-fastdatatable and Textual's own DataTable.

The same rows lie in our database, in a Parquet file for textual-fastdatatable, and in a list for DataTable, which is
given a tenth of them: a million take it minutes and gigabytes. What is measured is in `grid_app.py`.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from functools import cache
from types import new_class
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from benchmarks.contenders import HERE, WORK, make_environment
from benchmarks.figures import Figures, size_name
from benchmarks.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROWS, _FEW = 1_000_000, 100_000
_COLUMNS = [f"column_{number:02}" for number in range(20)]
_TABLE = "wide"
_PEER = "textual-fastdatatable"
_NAMES = ("Acme Robotics", "Globex 日本", "Initech Foods", "Umbrella Health", "Stark Énergie", "Wayne Logistics")
_CONTENDERS = (("revtops", _ROWS), (_PEER, _ROWS), ("revtops", _FEW), (_PEER, _FEW), ("DataTable", _FEW))


def measure_grid(runs: int) -> Figures:
    """`grid/<widget> <size>/...`: what `grid_app.py` sees, of each in turn."""
    make_environment(_PEER)
    figures = Figures()
    folders = {rows: _made(rows) for rows in (_ROWS, _FEW)}
    for _ in range(runs):
        for widget, rows in _CONTENDERS:
            seen = _drive(widget, folders[rows])
            figures.add(f"grid/{widget} {size_name(rows)}", **seen)
            cost = f"open {seen['open_ms']:.0f} ms, {seen['open_mb']:.1f} MB; page {seen['page_ms']:.1f} ms"
            print(f"{widget:>22} {size_name(rows):>5} {cost}", file=sys.stderr)
    for folder in folders.values():
        shutil.rmtree(folder)
    return figures


def _drive(widget: str, folder: Path) -> dict[str, float]:
    """Run one widget over a folder's rows in a terminal, in the environment that has it."""
    python = sys.executable if widget == "revtops" else str(WORK / "venvs" / _PEER / "bin" / "python")
    report = WORK / "seen.json"
    command = [python, str(HERE / "grid_app.py"), "--widget", widget, "--folder", str(folder), "--table", _TABLE]
    screen = bytearray()
    env = {"PYTHONPATH": str(HERE.parent), "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
    try:
        with terminal(b"", screen) as program:
            measure.run([*command, "--report", str(report)], env=env, terminal=program)
    except measure.CommandError as error:
        error.add_note(screen[-4000:].decode(errors="replace"))
        raise
    seen: dict[str, float] = json.loads(report.read_text())
    return seen


def _made(rows: int) -> Path:
    """A data directory with a table of so many rows, and the same rows as a Parquet file, or a JSON file when few."""
    from revtops_tui.engine.export import export_table
    from revtops_tui.engine.workspace import Workspace
    from store.connections import ensure_connection
    from store.extend import ensure_table

    folder = WORK / "data" / f"grid-{size_name(rows)}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"making {rows:,} rows ...", file=sys.stderr)
    with Workspace(folder, "bench") as ws:
        connection = ensure_connection(ws.database, "bench", "bench")
        ensure_table(ws.database, _TABLE, _model())
        marks = ", ".join("?" * (len(_COLUMNS) + 1))
        statement = (
            f"INSERT INTO {_TABLE}(connection_id, organization_id, source_system, synced_at, "
            f"source_id, {', '.join(_COLUMNS)}) "
            f"VALUES ({connection.id}, 'bench', 'bench', '2026-01-01T00:00:00.000000Z', {marks})"
        )
        ws.database.writer.run(lambda c: c.executemany(statement, _values(rows)).rowcount)
        export_table(ws, _TABLE, folder / f"{_TABLE}.parquet", columns=_COLUMNS)
    if rows == _FEW:
        document = {"columns": _COLUMNS, "rows": [row[1:] for row in _values(rows)]}
        (folder / f"{_TABLE}.json").write_text(json.dumps(document))
    return folder


@cache
def _model() -> type[Any]:
    """The declaration of the table, as a connector that brings an entity of its own makes one."""
    from store.tables import EntityRow

    kinds = {name: (int if place % 4 == 1 else str) | None for place, name in enumerate(_COLUMNS)}
    content: dict[str, Any] = {"__tablename__": _TABLE, "__annotations__": kinds}
    content |= dict.fromkeys(_COLUMNS)
    return new_class("Wide", (EntityRow,), {"table": True}, lambda namespace: namespace.update(content))


def _values(rows: int) -> Iterator[list[Any]]:
    chance = random.Random(5)
    kinds = (
        lambda number: f"{_NAMES[number % len(_NAMES)]} {number}",
        lambda _: chance.randrange(1_000_000),
        lambda number: ("won", "lost", "open", None)[number % 4],
        lambda number: f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T08:30:00.000000Z",
    )
    for number in range(rows):
        yield [str(number), *(kinds[place % len(kinds)](number + place) for place in range(len(_COLUMNS)))]
