"""`revtops connectors`: what can be connected. Read from the catalog's manifests: no connector is imported."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import: listing connectors has a start-up bar
if TYPE_CHECKING:
    from typing import Any

    from connectors.discovery import BrokenConnector


def add_connectors(parser: Parser) -> None:
    parser.teach(
        "What can be connected, and what each connector can do. A connector that cannot be used is listed with its "
        "reason.",
        ("revtops connectors", "all of them"),
        ("revtops connectors hubspot", "one: credentials, entities, operations and their parameters"),
        ("revtops connectors --json | jq '.[].slug'", "for scripts"),
        ("revtops connectors my_crm --new", "begin one of your own: a file to change, which works at once"),
    )
    parser.add_argument("connector", nargs="?", metavar="SLUG", help="show this one in full")
    parser.add_argument("--new", action="store_true", help="write a connector of that name, from the template")
    parser.set_defaults(run=connectors)


def connectors(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.new:
        return _begin(options, ws, console)
    if options.connector:
        return _show_one(connector_info(ws, options.connector).manifest, console)
    catalog = ws.catalog
    found = [info.manifest for info in catalog.values()]
    if console.as_json:
        console.document([*found, *(_broken(one) for one in catalog.broken)])
        return 0
    head = ("slug", "name", "can", "entities", "description")
    console.table(
        head,
        [
            (m["slug"], m["name"], ", ".join(m["capabilities"]), ", ".join(m["entity_types"]), m["description"])
            for m in found
        ],
    )
    for one in catalog.broken:
        console.say(f"{one.name} cannot be used: {one.reason} ({one.source})", "yellow")
    return 0


def _begin(options: Namespace, ws: Workspace, console: Console) -> int:
    if not options.connector:
        raise EngineError("usage", "What is the new connector called?", hint="revtops connectors my_crm --new")
    from revtops_tui.engine.new_connector import new_connector

    file = new_connector(ws, options.connector)
    if console.as_json:
        console.document({"slug": options.connector, "file": str(file)})
        return 0
    console.line(f"Wrote {file}.")
    console.say(
        f"Change it; revtops connectors {options.connector} says what is understood, or what is wrong. Then: "
        f"revtops connect {options.connector}",
        "dim",
    )
    return 0


def _broken(one: BrokenConnector) -> dict[str, Any]:
    return {"slug": one.name, "name": one.name, "error": one.reason, "source": one.source}


def _show_one(one: Mapping[str, Any], console: Console) -> int:
    if console.as_json:
        console.document(one)
        return 0
    console.heading(f"{one['name']} ({one['slug']})")
    for text in (one["description"], one["usage_guide"]):
        if text:
            console.line(text)
    console.line(f"Can: {', '.join(one['capabilities'])}. One connection per {one['scope']}.")
    if one["entity_types"]:
        console.line(f"Entities: {', '.join(one['entity_types'])}")
    if one["query_description"]:
        console.line(f"Queries: {one['query_description']}")
    if one["auth_fields"]:
        console.line()
        show_parameters("Credentials", one["auth_fields"], console)
    _show_signing_in(one, console)
    for title, verb in (("write_operations", "write"), ("actions", "action")):
        for operation in one[title]:
            console.line()
            show_operation(verb, one["slug"], operation, console)
    if one["event_types"]:
        console.line()
        console.heading("Events")
        console.table(("name", "description"), [(e["name"], e["description"]) for e in one["event_types"]])
    return 0


def _show_signing_in(one: Mapping[str, Any], console: Console) -> None:
    """How to register an app of one's own with the vendor, and which scopes it needs for what."""
    app = one["oauth"]
    if not app:
        return
    console.line()
    console.heading("Signing in, in place of a token: an app of your own")
    for line in app["guide"].splitlines():
        console.line(line)
    for line in app["app_manifest"].splitlines():
        console.line(f"    {line}")
    console.line(f"Scopes: {', '.join(one['oauth_scopes'])}")
    console.table(("for", "scopes"), [(name, ", ".join(needed)) for name, needed in app["scopes_for"].items()])


def show_operation(verb: str, slug: str, operation: Mapping[str, Any], console: Console) -> None:
    """One operation as a person calls it, and its parameters."""
    given = " ".join(f"{p['name']}=…" for p in operation["parameters"] if p.get("required"))
    console.heading(f"revtops {verb} {slug} {operation['name']} {given}".rstrip())
    if operation["description"]:
        console.line(operation["description"])
    show_parameters("", operation["parameters"], console)


def show_parameters(title: str, specs: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Declared parameters or credential fields, a line each."""
    if title:
        console.heading(title)
    if not specs:
        console.line("It takes no parameters.")
        return
    console.table(
        ("name", "type", "required", "default", "description"),
        [
            (spec["name"], _type(spec), "yes" if spec.get("required") else "", spec.get("default"), _words(spec))
            for spec in specs
        ],
    )


def _type(spec: Mapping[str, Any]) -> str:
    choices = spec.get("choices") or spec.get("enum")
    return "|".join(str(choice) for choice in choices) if choices else str(spec.get("type", "string"))


def _words(spec: Mapping[str, Any]) -> str:
    return str(spec.get("description") or spec.get("help_text") or spec.get("label") or "")


COMMANDS = {"connectors": add_connectors}
