"""The commands there are, and where each is written: a command's module is imported when it is the one that runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from revtops_tui.cli.parsing import Parser

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Systems": {
        "connectors": ("connectors", "what can be connected, and what each one can do"),
        "connect": ("connect", "connect a system; secrets are asked for, never arguments"),
        "connections": ("connections", "what is connected, and how it is doing"),
        "test": ("connections", "try a connection's credentials"),
        "rename": ("connections", "give a connection another name"),
        "disconnect": ("connections", "forget a connection's credentials"),
    },
    "Data": {
        "sync": ("sync", "bring new and changed records into the local database"),
        "schedule": ("schedule", "have connections synced by themselves"),
        "search": ("search", "find records of every system by what they are called"),
        "sql": ("live", "ask the local database, read-only"),
        "export": ("export", "rows of a table into a file: CSV, Excel, JSON lines, Parquet"),
        "queries": ("queries", "saved queries: list, run, save, delete"),
        "schema": ("live", "what a connected system can be asked for"),
        "query": ("live", "ask a connected system, live"),
        "rejected": ("rejected", "records that were set aside, and why; retry them"),
        "traffic": ("traffic", "what was exchanged with systems: list, show, export, follow"),
        "events": ("events", "what vendors told by themselves; handle it again"),
    },
    "Changes": {
        "write": ("operations", "create or change a record in a connected system"),
        "action": ("operations", "have a connected system do something, once"),
        "ledger": ("ledger", "every write and action: who asked, and how it ended"),
        "undo": ("ledger", "take a change back"),
        "approvals": ("approvals", "what agents and programs wait for: approve, edit, reject"),
        "policy": ("approvals", "who may do what without being asked"),
    },
    "This machine": {
        "daemon": ("daemon", "run schedules, feeds and the inbox while nobody looks"),
        "listen": ("listen", "take webhooks, and follow the feeds that need no address"),
        "serve": ("api", "the local HTTP API, for programs of this machine"),
        "api": ("api", "the token of the local API"),
        "org": ("organizations", "organizations: list, create, use"),
        "credentials": ("credentials", "where credentials are kept: list, move, another passphrase"),
        "doctor": ("maintenance", "check that everything revtops needs is in order"),
        "backup": ("maintenance", "copy the database to a file, while it is in use"),
        "completion": ("completion", "completion of commands and names for your shell"),
        "settings": ("settings", "settings: list, get, set, and where they are"),
        "keys": ("settings", "the app's commands and their keys"),
        "mcp": ("mcp", "the connected systems as tools for agents"),
        "simulate": ("simulate", "vendors on this machine, to develop and practise against"),
        "web": ("web", "the terminal app in a browser of this machine"),
        "demo": ("screens", "the terminal app over a simulated company, nothing kept"),
    },
}
"""Group -> command -> its module in this package, and its line in the help."""


def names() -> list[str]:
    """The commands, in the order of the help."""
    return [name for group in GROUPS.values() for name in group]


def summary(name: str) -> str:
    """A command's line in the help."""
    return next((group[name][1] for group in GROUPS.values() if name in group), "")


def parser_for(name: str) -> Parser | None:
    """The complete parser of one command; None for an unknown command. Its defaults hold `run`."""
    module = next((group[name][0] for group in GROUPS.values() if name in group), None)
    if module is None:
        return None
    parser = Parser(f"revtops {name}")
    added: dict[str, Callable[[Parser], None]] = importlib.import_module(f"revtops_tui.cli.{module}").COMMANDS
    added[name](parser)
    return parser
