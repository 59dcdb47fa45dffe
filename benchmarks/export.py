"""A table of deals into a file of each format, by `revtops export`: CPU, memory, and how large the file is."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from benchmarks.contenders import WORK
from benchmarks.figures import size_name, size_of
from benchmarks.ours import REVTOPS
from revtops_tui.engine.workspace import Workspace
from store import upsert
from store.connections import save_connection
from store.upsert import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BATCH = 10_000
_FORMATS = ("csv", "jsonl", "parquet", "xlsx")
_FLAT = 1.5
"""The most that memory may grow by, from a tenth of the rows to all of them."""
_FIELDS = (
    "source_id",
    "name",
    "amount",
    "stage",
    "probability",
    "close_date",
    "created_date",
    "last_modified_date",
    "owner_email",
    "account_source_id",
    "pipeline_source_id",
    "currency",
    "url",
    "custom_fields",
)


def _deals(first: int, count: int) -> Iterator[tuple[Any, ...]]:
    for i in range(first, first + count):
        day = f"2026-{i % 12 + 1:02}-{i % 28 + 1:02}"
        moment = f"{day}T08:{i % 60:02}:{i % 59:02}.000000Z"
        yield (
            str(9_000_000_000 + i),
            f"Renewal of contract {i:07d}",
            250.25 * (i % 4_000),
            f"Stage {i % 7}",
            0.1 * (i % 10),
            day,
            moment,
            moment,
            f"owner{i % 50}@company.example",
            str(7_000_000_000 + i % 20_000),
            f"7000000{i % 2 + 1}",
            ("EUR", "USD", "GBP")[i % 3],
            f"https://crm.example/deals/{i}",
            f'{{"region": "EMEA", "score": {i % 100}}}',
        )


def _fill(home: Path, rows: int) -> None:
    shutil.rmtree(home, ignore_errors=True)
    with Workspace(home, "benchmark") as ws:
        connection = save_connection(ws.database, ws.organization_id, "hubspot", source_system="hubspot")
        scope = Scope(connection.id, ws.organization_id, "hubspot")
        for first in range(0, rows, _BATCH):
            batch = list(_deals(first, min(_BATCH, rows - first)))
            ws.database.writer.run(lambda c, batch=batch: upsert.apply(c, "deals", scope, _FIELDS, batch))


def _export(home: Path, file: Path) -> measure.Usage:
    command = [REVTOPS, "--home", home, "--org", "benchmark", "export", "deals", file, "--force"]
    return measure.run([str(part) for part in command])


def main(arguments: Sequence[str]) -> int:
    """Read the command line; 1 when the memory of some format grows with the rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks export", description=__doc__)
    parser.add_argument("--rows", default="1M", help="how many deals (default: %(default)s)")
    rows = size_of(parser.parse_args(arguments).rows)
    WORK.mkdir(exist_ok=True)
    home = WORK / "data" / "export"
    peaks: dict[str, float] = {}
    flat = True
    for count in (rows // 10, rows):
        _fill(home, count)
        for ending in _FORMATS:
            file = home / f"deals.{ending}"
            used = _export(home, file)
            size = file.stat().st_size / 1e6
            print(
                f"{size_name(count):>5}  {ending:<8} {used.cpu:6.1f} s CPU  {used.peak_mb:5.0f} MB peak  {size:6.0f} MB"
            )
            flat = flat and used.peak_mb <= peaks.setdefault(ending, used.peak_mb) * _FLAT
            file.unlink()
    shutil.rmtree(home)
    return 0 if flat else 1
