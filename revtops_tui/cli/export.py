"""`revtops export`, and `--output` of the commands that ask: rows into a file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.waiting import run_told
from revtops_tui.engine.answers import table_of
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import duration, file_size, plural

if TYPE_CHECKING:
    from revtops_tui.engine.export import Exported


def add_export(parser: Parser) -> None:
    parser.teach(
        "Write the rows of a table into a file: CSV, Excel, JSON lines or Parquet, as the file's name ends. The file "
        "appears when it is complete. For what a query gives: revtops sql QUERY --output FILE.",
        ("revtops export deals deals.csv", "all deals"),
        ('revtops export deals big.xlsx --filter "amount:>10k" --sort close_date', "some, in an order"),
        ("revtops export contacts contacts.parquet --columns name,email,account_source_id", "some columns"),
    )
    parser.add_argument("table", metavar="TABLE", help="which table")
    parser.add_argument("file", type=Path, metavar="FILE", help="where to: .csv, .xlsx, .jsonl or .parquet")
    parser.add_argument(
        "--filter", default="", metavar="FILTER", help="only rows that contain a text, or pass a test (column:>10)"
    )
    parser.add_argument("--columns", metavar="NAME,…", help="only these columns, in this order")
    parser.add_argument("--sort", metavar="COLUMN", help="in the order of this column")
    parser.add_argument("--descending", action="store_true", help="the largest or latest first")
    _add_manner(parser)
    parser.set_defaults(run=export)


def add_output(parser: Parser) -> None:
    """The options of a command whose answer can be written into a file."""
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the rows into FILE: .csv, .xlsx, .jsonl or .parquet"
    )
    _add_manner(parser)


def _add_manner(parser: Parser) -> None:
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    parser.add_argument("--bom", action="store_true", help="mark a CSV as UTF-8, as Excel for Windows wants it")


def export(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine.export import export_table

    columns = [name.strip() for name in options.columns.split(",")] if options.columns else None
    write = partial(
        export_table,
        ws,
        options.table,
        options.file,
        columns=columns,
        sort=options.sort,
        descending=options.descending,
        filter=options.filter,
    )
    return _export(write, options, console)


def output_sql(options: Namespace, ws: Workspace, query: str, console: Console) -> int:
    """Write what a local query gives into the file of `--output`; returns the exit code."""
    from revtops_tui.engine.export import export_sql

    return _export(partial(export_sql, ws, query, options.output, limit=options.limit), options, console)


def check_output(options: Namespace) -> None:
    """Refuse a file of `--output` that could not be written, before a system is asked. Raises EngineError."""
    if options.output:
        from revtops_tui.engine.export import check

        with _with_hint():
            check(options.output.expanduser(), replace=options.force)


def output_rows(options: Namespace, answer: Any, console: Console) -> int:
    """Write a system's answer into the file of `--output`; returns the exit code."""
    from revtops_tui.engine.export import export_rows

    table = table_of(answer)
    if table is None:
        raise EngineError("invalid_input", "The answer has no rows.", hint="Without --output it is shown.")
    code = _export(partial(export_rows, table.columns, table.rows, options.output), options, console)
    if table.truncated:
        console.say(table.notice or f"There is more: these are the first {plural(len(table.rows), 'row')}.", "yellow")
    return code


def _export(write: Callable[..., Exported], options: Namespace, console: Console) -> int:
    from revtops_tui.engine.export import Options

    manner = Options(replace=options.force, bom=options.bom)
    done, total = 0, None

    def see(now: int, of: int | None) -> None:
        nonlocal done, total
        done, total = now, of

    def words(seconds: float) -> str:
        return f"{done:,}{f' of {total:,}' if total else ''} rows, {duration(seconds)}"

    with _with_hint():
        written = run_told(lambda cancel: write(options=manner, progress=see, cancelled=cancel.is_set), words, console)
    if console.as_json:
        console.document(written.document())
    else:
        console.line(f"Wrote {plural(written.rows, 'row')} to {written.path} ({file_size(written.bytes)}).")
        for note in written.notes:
            console.say(note, "yellow")
    return 0


@contextmanager
def _with_hint() -> Iterator[None]:
    """Says which option replaces a file that is there."""
    try:
        yield
    except EngineError as error:
        if error.kind == "exists":
            raise EngineError(error.kind, error.message, hint="--force replaces it.") from error
        raise


COMMANDS = {"export": add_export}
