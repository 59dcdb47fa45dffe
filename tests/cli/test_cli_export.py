"""Rows into files, from the command line."""

from __future__ import annotations

import csv
import signal
from pathlib import Path

import pytest

from revtops_tui.words import file_size
from tests.cli.test_cli_completion import candidates
from tests.support.command_line import CommandLine, Shop, deals, ended


@pytest.fixture
def stocked(revtops: CommandLine, connected_shop: Shop) -> CommandLine:
    connected_shop.change(deals=deals(20))
    assert revtops("sync", "shop").code == 0
    return revtops


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_table(stocked: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    view = ("--filter", "amount:>1800", "--sort", "amount", "--descending", "--columns", "name, amount")
    done = stocked("export", "deals", str(file), *view)
    assert (done.code, done.stdout) == (0, f"Wrote 2 rows to {file} ({file.stat().st_size} bytes).\n")
    assert rows_of(file) == [["name", "amount"], ["Deal 20", "2000.0"], ["Deal 19", "1900.0"]]


def test_a_file_that_is_there_is_kept_unless_forced(stocked: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "deals.jsonl"
    file.write_text("mine")
    refused = stocked("export", "deals", str(file), "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (1, "exists")
    assert refused.json["error"]["hint"] == "--force replaces it."
    done = stocked("export", "deals", str(file), "--force", "--json")
    assert done.json == {
        "file": str(file),
        "format": "jsonl",
        "rows": 20,
        "bytes": file.stat().st_size,
        "notes": [],
    }


def test_a_query_gives_all_its_rows_to_a_file(stocked: CommandLine, tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 2000) SELECT x FROM n"
    assert stocked("sql", endless, "--output", str(tmp_path / "n.csv"), "--json").json["rows"] == 2000
    assert stocked("sql", endless, "--output", str(tmp_path / "m.csv"), "--limit", "7", "--json").json["rows"] == 7
    stocked("queries", "save", "numbers", endless)
    ran = stocked("queries", "run", "numbers", "--output", str(tmp_path / "saved.parquet"), "--json")
    assert (ran.json["rows"], ran.json["format"]) == (2000, "parquet")


def test_a_system_s_answer(stocked: CommandLine, connected_shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "answer.csv"
    connected_shop.change(answer={"columns": ["id", "tags"], "rows": [[7, ["a", "b"]]], "truncated": True})
    done = stocked("query", "shop", "anything", "--output", str(file))
    assert done.code == 0
    assert "There is more" in done.stderr
    assert rows_of(file) == [["id", "tags"], ["7", '["a", "b"]']]
    refused = stocked("query", "shop", "anything", "--output", str(file))
    assert (refused.code, refused.stderr) == (1, f"{file} is already there.\n--force replaces it.\n")
    connected_shop.change(answer={"one": "thing"})
    assert "The answer has no rows." in stocked("query", "shop", "any", "--output", str(tmp_path / "a.csv")).stderr


def test_ctrl_c_leaves_no_file(revtops: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    process = revtops.terminal("sql", endless, "--output", str(folder / "n.csv"))
    process.expect("rows, .*Ctrl-C stops it")
    process.kill(signal.SIGINT)
    process.expect("The export was cancelled|The query was cancelled")
    assert ended(process) == 130
    assert list(folder.iterdir()) == []


def test_tables_are_completed(stocked: CommandLine) -> None:
    assert "deals" in candidates(stocked, "export", "de")


def test_sizes_in_words() -> None:
    assert [file_size(n) for n in (0, 1, 999, 4_200, 97_000_000, 999_960, 1_300_000_000)] == [
        "0 bytes",
        "1 byte",
        "999 bytes",
        "4.2 kB",
        "97 MB",
        "1.0 MB",
        "1.3 GB",
    ]
