"""`revtops search`: records of every system, found by how the words begin that they are called by."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from revtops_tui.cli.console import Console
from revtops_tui.cli.interrupt import run_cancellable
from revtops_tui.cli.numbers import count
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine.workspace import Workspace

if TYPE_CHECKING:
    from revtops_tui.engine.search import Standing

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

    indexing = _Indexing(console)
    try:
        hits = run_cancellable(
            lambda cancel: search_records(
                ws,
                options.text,
                entity=options.entity,
                limit=options.limit,
                cancel=cancel,
                told=indexing.hear,
            ),
            indexing.draw,
        )
    finally:
        indexing.close()
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


class _Indexing:
    """On a terminal, one line while what was synced is being indexed."""

    def __init__(self, console: Console) -> None:
        self._live = console.live
        self._started = time.monotonic()
        self._heard: Standing | None = None
        self._drawn = False

    def hear(self, standing: Standing) -> None:
        self._heard = standing

    def draw(self, stopping: bool) -> None:
        if self._live and self._heard is not None and time.monotonic() - self._started > _PATIENCE:
            end = "stopping" if stopping else "Ctrl-C stops it"
            self._write(f"Indexing {self._heard.done:,} of {self._heard.total:,} records, {end}")
            self._drawn = True

    def close(self) -> None:
        if self._drawn:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text}\x1b[K")
        sys.stderr.flush()


COMMANDS = {"search": add_search}
