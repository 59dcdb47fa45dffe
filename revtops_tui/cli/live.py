"""`revtops schema` and `query` ask a connected system; `revtops sql` asks the local database."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.export import add_output, check_output, output_rows, output_sql
from revtops_tui.cli.numbers import count
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.text import outline
from revtops_tui.cli.waiting import run_told
from revtops_tui.engine.answers import is_objects, is_tabular, table_of
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import duration, plural

_ROWS = 500
"""Rows of the local data that are shown unless more are asked for."""

# -- a connected system ------------------------------------------------------------------------------------------------


def add_schema(parser: Parser) -> None:
    parser.teach(
        "What a connected system can be asked for: its tables or objects, and their columns.",
        ("revtops schema customer_postgres", "tables and columns"),
        ("revtops schema hubspot --json", "one document"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.set_defaults(run=schema)


def schema(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import operations

    unlock(ws, console)
    found = operations.schema(ws, options.connection)
    if console.as_json:
        console.document(found)
        return 0
    for position, one in enumerate(found):
        if position:
            console.line()
        _show_object(one, console)
    return 0


def _show_object(one: Mapping[str, Any], console: Console) -> None:
    """One table or object: a heading, then its columns, whatever the connector calls them."""
    columns = next((name for name, value in one.items() if is_objects(value)), None)
    told = {name: value for name, value in one.items() if name != columns and value not in (None, "", [], {})}
    title = told.pop("name", None)
    if title is not None:
        console.heading(f"{told.pop('schema')}.{title}" if "schema" in told else str(title))
    for line in outline(told):
        console.line(line)
    if columns:
        head = list(dict.fromkeys(name for column in one[columns] for name in column))
        console.table(head, [[column.get(name) for name in head] for column in one[columns]])


def add_query(parser: Parser) -> None:
    parser.teach(
        "Ask a connected system, live; nothing is stored. What a request looks like is the connector's own: "
        "`revtops connectors SLUG` says it.",
        ('revtops query customer_postgres "SELECT * FROM orders LIMIT 5"', "SQL, read-only"),
        ("revtops query customer_postgres - < report.sql", "a request from a file"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.add_argument("request", metavar="REQUEST", help="the request; - reads it from stdin")
    add_output(parser)
    parser.set_defaults(run=query)


def query(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import operations

    unlock(ws, console)
    check_output(options)
    answer = operations.query(ws, options.connection, _request(options.request))
    if options.output:
        return output_rows(options, answer, console)
    if console.as_json:
        console.document({"truncated": False, **answer} if is_tabular(answer) else {"result": answer})
    elif table := table_of(answer):
        _show_rows(table.columns, table.rows, console)
        if table.truncated:
            console.say(table.notice or _more(len(table.rows)), "yellow")
    else:
        for line in outline(answer):
            console.line(line)
    return 0


# -- the local database ------------------------------------------------------------------------------------------------


def add_sql(parser: Parser) -> None:
    parser.teach(
        "Ask the local database. It is read-only, and sees this organization's rows and no others.",
        ('revtops sql "SELECT name, amount FROM deals ORDER BY amount DESC LIMIT 10"', "the largest deals"),
        ("revtops sql - < report.sql", "a query from a file"),
        ('revtops sql "SELECT * FROM deals" --limit 100000 --json', "for scripts"),
        ('revtops sql "SELECT stage, sum(amount) FROM deals GROUP BY stage" --output stages.xlsx', "into a file"),
    )
    parser.add_argument("request", metavar="QUERY", help="one SELECT; - reads it from stdin")
    parser.add_argument("--limit", type=count, metavar="N", help="rows at most (default: 500; into a file: all)")
    add_output(parser)
    parser.set_defaults(run=sql)


def sql(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import data

    request = _request(options.request)
    if options.output:
        return output_sql(options, ws, request, console)
    limit = options.limit or _ROWS
    answer = run_told(lambda cancel: data.sql(ws, request, limit=limit, cancel=cancel), duration, console)
    if console.as_json:
        console.document({"columns": answer.columns, "rows": answer.rows, "truncated": answer.truncated})
        return 0
    _show_rows(answer.columns, answer.rows, console)
    if answer.truncated:
        console.say(f"{_more(len(answer.rows))} --limit shows more.", "yellow")
    return 0


def _request(text: str) -> str:
    request = sys.stdin.read() if text == "-" else text
    if not request.strip():
        raise EngineError("usage", "The request is empty.")
    return request


def _show_rows(head: Sequence[str], rows: Sequence[Sequence[Any]], console: Console) -> None:
    console.table(head, rows)
    if not rows:
        console.say("No rows.", "dim")


def _more(shown: int) -> str:
    return f"There is more: these are the first {plural(shown, 'row')}."


COMMANDS = {"schema": add_schema, "query": add_query, "sql": add_sql}
