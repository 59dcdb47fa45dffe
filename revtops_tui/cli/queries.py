"""`revtops queries`: the saved ones, shared with the terminal app."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict

from revtops_tui.cli import live
from revtops_tui.cli.console import Console
from revtops_tui.cli.export import add_output
from revtops_tui.cli.numbers import count
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine import queries as engine
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.queries import KeptQuery
from revtops_tui.engine.workspace import Workspace

_LISTED = 60
"""Characters of a query in the list."""


def add_queries(parser: Parser) -> None:
    parser.teach(
        "Queries saved under a name, for the local data or for a connected system; the terminal app has the same ones.",
        ("revtops queries", "all of them"),
        ('revtops queries save stages "SELECT stage, count(*) FROM deals GROUP BY 1"', "save one"),
        ("revtops queries save orders - --connection customer_postgres < orders.sql", "one for a system, from a file"),
        ("revtops queries run stages --json", "its rows now, as `sql` or `query` gives them"),
        ("revtops queries run stages --output stages.xlsx --force", "its rows now, into a file"),
        ("revtops queries delete stages", "forget it"),
    )
    parser.add_argument(
        "verb", nargs="?", choices=("list", "run", "save", "delete"), default="list", help="list by default"
    )
    parser.add_argument("saved", nargs="?", metavar="NAME", help="the query's name")
    parser.add_argument("text", nargs="?", metavar="QUERY", help="with save: the query; - reads it from stdin")
    parser.add_argument("--connection", metavar="SLUG", help="with save: whom it asks, if not the local data")
    parser.add_argument("--replace", action="store_true", help="with save: in place of one that has the name")
    parser.add_argument(
        "--limit",
        type=count,
        metavar="N",
        help="with run: rows at most (default: 500; into a file: all)",
    )
    add_output(parser)
    parser.set_defaults(run=queries)


def queries(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.verb == "list":
        return _list(engine.saved(ws), console)
    if options.saved is None:
        raise EngineError("usage", f"Which query to {options.verb}?", hint=f"revtops queries {options.verb} NAME")
    if options.verb == "run":
        return _run(engine.find(ws, options.saved), options, ws, console)
    if options.verb == "save":
        return _save(options, ws, console)
    query = engine.find(ws, options.saved)
    engine.forget(ws, query)
    _tell(query, "Deleted", console)
    return 0


def _list(found: list[KeptQuery], console: Console) -> int:
    if console.as_json:
        console.document([asdict(one) for one in found])
    elif not found:
        console.say('Nothing is saved yet: revtops queries save NAME "SELECT …", or ctrl+s in the terminal app.')
    else:
        rows = [(one.name, one.connection or "local data", _short(one.text)) for one in found]
        console.table(("name", "asks", "query"), rows)
    return 0


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LISTED else f"{line[: _LISTED - 1]}…"


def _run(query: KeptQuery, options: Namespace, ws: Workspace, console: Console) -> int:
    options.request = query.text
    if query.connection is None:
        return live.sql(options, ws, console)
    options.connection = query.connection
    return live.query(options, ws, console)


def _save(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.text is None:
        raise EngineError("usage", "Which query is to be saved?", hint='revtops queries save NAME "SELECT …"')
    text = sys.stdin.read() if options.text == "-" else options.text
    if options.connection:
        from revtops_tui.engine.connections import connection

        options.connection = connection(ws, options.connection).selector
    saved = engine.save(ws, options.saved, text, connection=options.connection, replace=options.replace)
    _tell(saved, "Saved", console)
    return 0


def _tell(query: KeptQuery, what: str, console: Console) -> None:
    if console.as_json:
        console.document(asdict(query))
    else:
        console.line(f"{what} {query.name}.")


COMMANDS = {"queries": add_queries}
