"""`revtops search`: records of every system, found by how the words begin that they are called by."""

from __future__ import annotations

import threading
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import count
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.waiting import run_told
from revtops_tui.engine.workspace import Workspace

if TYPE_CHECKING:
    from revtops_tui.engine.search import Hits, Standing

_LIMIT = 20
_PATIENCE = 0.5
"""Seconds that indexing may take before it is told of."""


def add_search(parser: Parser) -> None:
    parser.teach(
        "Find synced records of every system by what they are called: every word has to begin a word of the record's "
        "name, title, e-mail address, domain or description, in any case and without its accents. A vendor's own id "
        "finds its record, too. The best come first; what was synced since the last search is indexed before.",
        ('revtops search "acme ren"', "Acme's renewals, and whatever else is called so"),
        ("revtops search ada@acme.example --entity contacts", "a contact by the e-mail address"),
        ("revtops search 9000000017 --json", "the record with that id at its vendor, for scripts"),
    )
    parser.add_argument("text", metavar="TEXT", help="the beginnings of words")
    parser.add_argument("--entity", metavar="NAME", help="only in this entity, such as deals or contacts")
    parser.add_argument("--limit", type=count, default=_LIMIT, metavar="N", help="records to show (default: 20)")
    parser.set_defaults(run=search)


def search(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine.search import search_records

    heard: list[Standing] = []

    def work(cancel: threading.Event) -> Hits:
        return search_records(
            ws, options.text, entity=options.entity, limit=options.limit, cancel=cancel, told=heard.append
        )

    def indexing(_: float) -> str:
        return f"Indexing {heard[-1].done:,} of {heard[-1].total:,} records" if heard else ""

    hits = run_told(work, indexing, console, _PATIENCE)
    if console.as_json:
        console.document({"records": [asdict(hit) for hit in hits.records], "truncated": hits.truncated})
        return 0
    if not hits.records:
        console.say("Nothing is called so.", "dim")
        return 0
    head = ("entity", "id", "system", "name", "known as")
    console.table(head, [(hit.entity, hit.id, hit.system, hit.title, hit.note) for hit in hits.records])
    if hits.truncated:
        console.say(f"There is more: these are the first {len(hits.records):,}. --limit shows more.", "yellow")
    return 0


COMMANDS = {"search": add_search}
