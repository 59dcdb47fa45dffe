"""Exports, read back by other programs' readers: the csv and json modules, openpyxl, arro3's Parquet."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from arro3.core import Table
from arro3.io import read_parquet

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.export import FORMATS, Options, export_rows, export_sql, export_table
from revtops_tui.engine.export import excel as excel_format
from revtops_tui.engine.workspace import Workspace
from store.credentials import MemoryCredentials
from tests.support.command_line import Shop
from tests.test_crash import small_disk
from tests.tui.shops import synced
from tests.tui.test_tui_hostile_text import HOSTILE

DEALS: list[dict[str, Any]] = [
    {
        "source_id": "1",
        "name": "Renewal",
        "amount": 1250.5,
        "stage": "won",
        "close_date": "2026-03-01",
        "created_date": "2026-03-01T08:30:00Z",
    },
    {"source_id": "2", "name": 'Rollout, with “quotes” and "these"', "amount": 99.0, "stage": "open"},
    {"source_id": "3", "name": "=1+1", "amount": None, "stage": "won", "created_date": "2026-12-31T23:59:59.5Z"},
]
csv.field_size_limit(10_000_000)
EVERY_FORMAT = pytest.mark.parametrize("ending", FORMATS)


@pytest.fixture
def ws(home: Path, shop: Shop) -> Iterator[Workspace]:
    with Workspace(home, credentials=MemoryCredentials()) as workspace:
        synced(workspace, shop, deals=DEALS)
        yield workspace


def rows_of_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def rows_of_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def rows_of_excel(path: Path, sheet: int = 0) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path)
    return [tuple(row) for row in book.worksheets[sheet].iter_rows(values_only=True)]


def table_of_parquet(path: Path) -> Table:
    return read_parquet(path).read_all()


def rows_of_parquet(path: Path) -> dict[str, list[Any]]:
    table = table_of_parquet(path)
    return {name: table[name].to_pylist() for name in table.schema.names}


def count_of(path: Path) -> int:
    """How many rows a file has, whatever its format."""
    return {
        ".csv": lambda: len(rows_of_csv(path)) - 1,
        ".jsonl": lambda: len(rows_of_lines(path)),
        ".xlsx": lambda: len(rows_of_excel(path)) - 1,
        ".parquet": lambda: table_of_parquet(path).num_rows,
    }[path.suffix]()


# -- what is in the files ----------------------------------------------------------------------------------------------


def test_csv(ws: Workspace, tmp_path: Path) -> None:
    done = export_table(ws, "deals", tmp_path / "deals.csv", columns=["name", "amount", "close_date", "created_date"])
    assert rows_of_csv(done.path) == [
        ["name", "amount", "close_date", "created_date"],
        ["Renewal", "1250.5", "2026-03-01", "2026-03-01T08:30:00.000000Z"],
        [DEALS[1]["name"], "99.0", "", ""],
        ["=1+1", "", "", "2026-12-31T23:59:59.500000Z"],
    ]
    assert (done.rows, done.bytes, done.format) == (3, done.path.stat().st_size, "csv")
    assert done.path.read_bytes().startswith(b"name,amount,close_date,created_date\r\n")
    assert done.path.stat().st_mode & 0o777 == 0o600


def test_csv_for_excel_on_windows(ws: Workspace, tmp_path: Path) -> None:
    done = export_sql(ws, "SELECT 'é' AS e", tmp_path / "e.csv", options=Options(bom=True))
    assert done.path.read_bytes() == b"\xef\xbb\xbfe\r\n\xc3\xa9\r\n"


def test_json_lines(ws: Workspace, tmp_path: Path) -> None:
    done = export_table(ws, "deals", tmp_path / "deals.jsonl", columns=["name", "amount"])
    assert rows_of_lines(done.path) == [{"name": deal["name"], "amount": deal["amount"]} for deal in DEALS]


def _moment(text: str) -> dt.datetime:
    """As a spreadsheet has it: without a zone."""
    return dt.datetime.fromisoformat(text)


def test_excel(ws: Workspace, tmp_path: Path) -> None:
    done = export_table(ws, "deals", tmp_path / "deals.xlsx", columns=["name", "amount", "close_date", "created_date"])
    assert rows_of_excel(done.path) == [
        ("name", "amount", "close_date", "created_date"),
        ("Renewal", 1250.5, _moment("2026-03-01"), _moment("2026-03-01T08:30:00")),
        (DEALS[1]["name"], 99, None, None),
        ("=1+1", None, None, _moment("2026-12-31T23:59:59.500000")),
    ]
    cell = openpyxl.load_workbook(done.path).worksheets[0]["A4"]
    assert cell.data_type == "s", "a text, which no spreadsheet computes"


def test_parquet(ws: Workspace, tmp_path: Path) -> None:
    done = export_table(ws, "deals", tmp_path / "deals.parquet")
    types = {name: str(table_of_parquet(done.path).schema.field(name).type) for name in ("id", "name", "amount")}
    assert [kind.strip().rsplit("<")[-1] for kind in types.values()] == ["Int64>", "Utf8>", "Float64>"]
    rows = rows_of_parquet(done.path)
    assert rows["amount"] == [1250.5, 99.0, None]
    assert rows["close_date"] == [dt.date(2026, 3, 1), None, None]
    assert rows["created_date"][0] == dt.datetime(2026, 3, 1, 8, 30, tzinfo=dt.UTC)
    assert rows["name"] == [deal["name"] for deal in DEALS]


@EVERY_FORMAT
def test_a_view_of_a_table(ws: Workspace, tmp_path: Path, ending: str) -> None:
    done = export_table(
        ws, "deals", tmp_path / f"won{ending}", columns=["name"], sort="name", descending=True, filter="stage:=won"
    )
    assert done.rows == count_of(done.path) == 2
    if ending == ".csv":
        assert rows_of_csv(done.path) == [["name"], ["Renewal"], ["=1+1"]]


@EVERY_FORMAT
def test_nothing_at_all(ws: Workspace, tmp_path: Path, ending: str) -> None:
    done = export_sql(ws, "SELECT name, amount FROM deals WHERE 0", tmp_path / f"none{ending}")
    assert done.rows == count_of(done.path) == 0


@EVERY_FORMAT
def test_more_rows_than_a_chunk(ws: Workspace, tmp_path: Path, ending: str) -> None:
    query = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 25001) SELECT x, 'row ' || x AS y FROM n"
    )
    seen: list[int] = []
    done = export_sql(ws, query, tmp_path / f"many{ending}", progress=lambda rows, total: seen.append(rows))
    assert done.rows == count_of(done.path) == 25_001
    assert seen == sorted(seen)
    assert seen[-1] == 25_001


@EVERY_FORMAT
def test_a_limit(ws: Workspace, tmp_path: Path, ending: str) -> None:
    assert count_of(export_sql(ws, "SELECT * FROM deals", tmp_path / f"two{ending}", limit=2).path) == 2


@EVERY_FORMAT
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_anybody_s_text_comes_back_as_it_was(tmp_path: Path, ending: str, text: str) -> None:
    done = export_rows([text[:50], "b"], [[text, 1]], tmp_path / f"text{ending}")
    found: Any = {
        ".csv": lambda: rows_of_csv(done.path)[1][0],
        ".jsonl": lambda: rows_of_lines(done.path)[0][text[:50]],
        ".xlsx": lambda: openpyxl.utils.escape.unescape(rows_of_excel(done.path)[1][0]),
        ".parquet": lambda: rows_of_parquet(done.path)[text[:50].replace("\0", "␀")][0],
    }[ending]()
    if ending == ".xlsx" and len(text) > excel_format.LONGEST_TEXT:
        assert found == text[: excel_format.LONGEST_TEXT]
        assert done.notes == ("1 text longer than Excel's 32,767 characters, cut.",)
    else:
        assert found == text


STRANGE: dict[str, tuple[Any, str, Any]] = {
    "half a character": ("a\ud800b", "a?b", "a\ud800b"),
    "bytes": (b"\x00\xff", "AP8=", "AP8="),
    "a list": ([1, {"é": None}], '[1, {"é": null}]', [1, {"é": None}]),
    "a decimal": (Decimal("12.50"), "12.50", "12.50"),
    "more than 64 bits": (2**70, str(2**70), 2**70),
    "a day": (dt.date(2026, 3, 1), "2026-03-01", "2026-03-01"),
    "true": (True, "true", True),
    "no number": (float("inf"), "inf", None),
}


@pytest.mark.parametrize(("value", "text", "document"), STRANGE.values(), ids=STRANGE.keys())
def test_values_that_only_live_systems_have(tmp_path: Path, value: Any, text: str, document: Any) -> None:
    def written(ending: str) -> Path:
        return export_rows(["v"], [[value]], tmp_path / f"v{ending}").path

    assert rows_of_csv(written(".csv"))[1] == [text]
    assert rows_of_lines(written(".jsonl")) == [{"v": document}]
    assert str(rows_of_excel(written(".xlsx"))[1][0]).lower().replace("\ufffd", "?") == text.lower()
    (found,) = rows_of_parquet(written(".parquet"))["v"]
    assert found == (value if isinstance(value, bytes | bool | float) else text)


def test_columns_of_the_same_name_are_told_apart(ws: Workspace, tmp_path: Path) -> None:
    done = export_sql(ws, "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a", tmp_path / "a.jsonl")
    assert rows_of_lines(done.path) == [{"a": 1, "a_3": 2, "a_2": 3, "a_4": 4}]


# -- types -------------------------------------------------------------------------------------------------------------

MANY = 30_000
LATE: dict[str, tuple[Sequence[Any], str]] = {
    "integers, then a float": ([*range(MANY), 0.5], "Float64"),
    "integers, then a text": ([*range(MANY), "x"], "Utf8"),
    "integers, then a big one": ([*range(MANY), 2**63], "Utf8"),
    "nothing, then a text": ([*[None] * MANY, "x"], "Utf8"),
    "nothing, then an integer": ([*[None] * MANY, 7], "Int64"),
    "times, then a day that is none": (
        [*["2026-01-01T00:00:00.000000Z"] * MANY, "2026-02-30T00:00:00.000000Z"],
        "Utf8",
    ),
    "days, then a time": ([*["2026-01-01"] * MANY, "2026-01-01T00:00:00.000000Z"], "Utf8"),
    "flags": ([True, None, False], "Boolean"),
    "flags and numbers": ([True, 1], "Utf8"),
}


@pytest.mark.parametrize(("values", "kind"), LATE.values(), ids=LATE.keys())
def test_a_type_holds_for_every_row(tmp_path: Path, values: Sequence[Any], kind: str) -> None:
    done = export_rows(["v", "n"], [[value, 1] for value in values], tmp_path / "v.parquet")
    table = table_of_parquet(done.path)
    assert kind in str(table.schema.field("v").type)
    assert "Int64" in str(table.schema.field("n").type)
    last = table["v"].to_pylist()[-1]
    assert str(last) == str(values[-1])
    assert done.rows == table.num_rows == len(values)


def test_true_and_false_of_a_table(ws: Workspace, tmp_path: Path) -> None:
    with closing(sqlite3.connect(ws.database.path)) as database, database:
        database.execute(
            "INSERT INTO pipelines (connection_id, organization_id, source_system, source_id, synced_at, is_default) "
            "SELECT id, organization_id, 'shop', 'p', created_at, 1 FROM connections"
        )
    assert rows_of_lines(export_table(ws, "pipelines", tmp_path / "p.jsonl", columns=["is_default"]).path) == [
        {"is_default": True}
    ]


# -- Excel's limits ----------------------------------------------------------------------------------------------------


def test_what_a_sheet_cannot_hold_goes_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_format, "ROWS_OF_A_SHEET", 3)
    done = export_rows(["n"], [[n] for n in range(5)], tmp_path / "n.xlsx")
    assert [rows_of_excel(done.path, sheet) for sheet in range(3)] == [
        [("n",), (0,), (1,)],
        [("n",), (2,), (3,)],
        [("n",), (4,)],
    ]
    assert openpyxl.load_workbook(done.path).sheetnames == ["Rows", "Rows 2", "Rows 3"]


def test_numbers_that_excel_would_round_are_texts(tmp_path: Path) -> None:
    done = export_rows(["n"], [[2**53], [2**53 + 1], ["1899-12-31T00:00:00.000000Z"]], tmp_path / "n.xlsx")
    assert [row for (row,) in rows_of_excel(done.path)[1:]] == [2**53, str(2**53 + 1), "1899-12-31T00:00:00.000000Z"]


def test_more_columns_than_excel_has(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(excel_format.COLUMNS_OF_A_SHEET + 2)]
    done = export_rows(names, [list(range(len(names)))], tmp_path / "wide.xlsx")
    assert len(rows_of_excel(done.path)[1]) == excel_format.COLUMNS_OF_A_SHEET
    assert done.notes == ("Excel has 16,384 columns; 2 are left out.",)


# -- the file ----------------------------------------------------------------------------------------------------------


@EVERY_FORMAT
def test_a_cancelled_export_leaves_nothing(ws: Workspace, tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    looks = iter(range(1_000_000))
    with pytest.raises(EngineError) as failure:
        export_rows(["n"], [[n] for n in range(60_000)], folder / f"n{ending}", cancelled=lambda: next(looks) > 5)
    assert failure.value.kind == "cancelled"
    assert list(folder.iterdir()) == []


@EVERY_FORMAT
def test_a_failing_query_leaves_nothing(ws: Workspace, tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(EngineError) as failure:
        export_sql(ws, "SELECT abs(-9223372036854775808) FROM deals", folder / f"n{ending}")
    assert "integer overflow" in failure.value.message
    assert list(folder.iterdir()) == []


@EVERY_FORMAT
def test_a_full_disk(ws: Workspace, tmp_path: Path, ending: str, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [[os.urandom(1000).hex()] for _ in range(6_000)]
    with small_disk(tmp_path / "disk", 2) as disk:
        with pytest.raises(EngineError) as failure:
            export_rows(["noise"], rows, disk / f"noise{ending}")
        assert failure.value.kind == "disk_full"
        assert list(disk.iterdir()) == []
    assert capfd.readouterr().err == "", "nothing of the writer's own on the screen"


def test_a_file_that_is_there_is_kept(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("mine")
    with pytest.raises(EngineError) as failure:
        export_table(ws, "deals", path)
    assert failure.value.kind == "exists"
    assert path.read_text() == "mine"
    export_table(ws, "deals", path, options=Options(replace=True))
    assert count_of(path) == 3


def test_a_symbolic_link_stays_one(ws: Workspace, tmp_path: Path) -> None:
    link, target = tmp_path / "link.csv", tmp_path / "target.csv"
    target.write_text("old")
    link.symlink_to(target)
    export_table(ws, "deals", link, options=Options(replace=True))
    assert link.is_symlink()
    assert count_of(target) == 3


@pytest.mark.parametrize(
    ("name", "table", "columns", "message"),
    [
        ("deals.txt", "deals", None, "does not say what kind of file it is"),
        ("nowhere/deals.csv", "deals", None, "There is no directory"),
        (".", "deals", None, "does not say what kind"),
        ("deals.csv", "dels", None, "There is no table dels."),
        ("deals.csv", "deals", ["nam"], "deals has no column nam."),
    ],
)
def test_what_cannot_be_is_a_sentence(
    ws: Workspace, tmp_path: Path, name: str, table: str, columns: list[str] | None, message: str
) -> None:
    with pytest.raises(EngineError) as failure:
        export_table(ws, table, tmp_path / name, columns=columns)
    assert message in failure.value.message
    assert failure.value.hint


def test_another_organization_s_rows_are_not_in_it(ws: Workspace, tmp_path: Path) -> None:
    done = export_table(ws.seen_by("another"), "deals", tmp_path / "deals.csv")
    assert done.rows == 0


def test_a_workbook_is_a_zip_of_well_formed_parts(tmp_path: Path) -> None:
    import xml.dom.minidom

    done = export_rows(list(HOSTILE), [list(HOSTILE.values())], tmp_path / "h.xlsx")
    with zipfile.ZipFile(done.path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            xml.dom.minidom.parseString(archive.read(name))
