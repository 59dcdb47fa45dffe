"""`revtops connections`, `test`, `rename` and `disconnect`."""

from __future__ import annotations

import datetime as dt
from argparse import Namespace
from typing import Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.text import ago
from revtops_tui.engine import connections as engine
from revtops_tui.engine.connections import ConnectionInfo, Proof
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import plural, until
from store.clock import now


def add_connections(parser: Parser) -> None:
    parser.teach(
        "What is connected in this organization, how many records each connection brought, and how its last sync went.",
        ("revtops connections", "a table"),
        ("revtops connections --json | jq '.[] | select(.status != \"connected\")'", "those that need attention"),
    )
    parser.set_defaults(run=connections)


def connections(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - every command's signature
    found = engine.connections(ws)
    if console.as_json:
        console.document([document(info) for info in found])
        return 0
    if not found:
        console.say("Nothing is connected yet. See what there is: revtops connectors")
        return 0
    moment = now()
    console.table(
        ("connection", "status", "identity", "last sync", "next sync", "records"),
        [
            (i.selector, i.status, i.identity, ago(i.last_sync_at, moment), _next(i, moment), _counts(i.counts))
            for i in found
        ],
    )
    for info in found:
        if info.last_error:
            console.say(f"{info.selector}: {info.last_error}", "yellow")
    return 0


def _next(info: ConnectionInfo, moment: dt.datetime) -> str:
    return until(info.next_sync_at, moment) if info.next_sync_at else ""


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {entity}" for entity, count in counts.items())


def document(info: ConnectionInfo) -> dict[str, Any]:
    """A connection as `--json` shows it."""
    return {
        "slug": info.slug,
        "name": info.name,
        "organization_id": info.organization_id,
        "status": info.status,
        "identity": info.identity,
        "user_id": info.user_id,
        "base_url": info.base_url,
        "scopes": info.granted_scopes,
        "missing_scopes": info.missing_scopes,
        "last_sync_at": info.last_sync_at,
        "next_sync_at": info.next_sync_at,
        "last_error": info.last_error,
        "counts": info.counts,
    }


def add_test(parser: Parser) -> None:
    parser.teach(
        "Try a connection's stored credentials with one harmless request, and say whose they are.",
        ("revtops test hubspot", "exit code 4 when they are refused"),
        ("revtops test hubspot -v", "with the exchange"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.set_defaults(run=test)


def test(options: Namespace, ws: Workspace, console: Console) -> int:
    unlock(ws, console)
    proof = engine.prove(ws, options.connection)
    if console.as_json:
        said = {
            "identity": proof.identity,
            "scopes": proof.scopes,
            "missing_scopes": proof.missing,
            "limits": proof.limits,
        }
        console.document({"connection": options.connection, "status": "ok", **said})
    else:
        console.line(f"{options.connection} works{identity_said(proof.identity)}")
        say_proof(proof, console)
    return 0


def identity_said(identity: str | None) -> str:
    """Whose the credentials are, behind what is said of a connection."""
    return f": {identity}" if identity else ""


def say_proof(proof: Proof | None, console: Console) -> None:
    """What the vendor said besides whose the credentials are."""
    if proof and proof.scopes:
        console.say(f"Scopes: {', '.join(proof.scopes)}", "dim")
    if proof and proof.missing:
        console.say(f"Scopes that were not given: {', '.join(proof.missing)}", "yellow")
    if proof and proof.limits:
        console.say(f"Limits: {proof.limits}", "dim")


def add_rename(parser: Parser) -> None:
    parser.teach(
        "Give a connection another name of your own. Its records, runs, queries and credentials stay with it.",
        ("revtops rename hubspot emea", "from now on it is hubspot:emea"),
        ("revtops rename hubspot:emea default", "and hubspot again"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.add_argument("to", metavar="NAME", help="the new name")
    parser.set_defaults(run=rename)


def rename(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine.renaming import rename as give_name

    unlock(ws, console)
    renamed = give_name(ws, options.connection, options.to)
    if console.as_json:
        console.document(document(renamed))
    else:
        console.line(f"{options.connection} is {renamed.selector} now.")
    return 0


def add_disconnect(parser: Parser) -> None:
    parser.teach(
        "Forget a connection's credentials. Its records stay in the local database unless --delete-data is given.",
        ("revtops disconnect hubspot", "keeps what was synced"),
        ("revtops disconnect hubspot:emea --delete-data", "and deletes it, also when it was disconnected before"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.add_argument("--delete-data", action="store_true", help="delete its records from the local database")
    parser.set_defaults(run=disconnect)


def disconnect(options: Namespace, ws: Workspace, console: Console) -> int:
    unlock(ws, console)
    deleted = engine.disconnect(ws, options.connection, delete_data=options.delete_data)
    if console.as_json:
        console.document({"connection": options.connection, "status": "disconnected", "deleted": deleted})
    else:
        rows = f", {plural(deleted, 'record')} deleted" if options.delete_data else "; its records are kept"
        console.line(f"Disconnected {options.connection}{rows}.")
        if not options.delete_data:
            console.say(f"Delete them too: revtops disconnect {options.connection} --delete-data", "dim")
    return 0


COMMANDS = {
    "connections": add_connections,
    "test": add_test,
    "rename": add_rename,
    "disconnect": add_disconnect,
}
