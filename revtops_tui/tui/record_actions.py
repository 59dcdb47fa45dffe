"""What can be done with a record wherever one is looked at: copied in parts or whole, opened at the vendor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.papers.document import opened_value
from revtops_tui.tui.papers.record_page import in_order

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

_ADDRESSES = ("url", "web_view_link")


def copy_menu(host: RevtopsApp, record: Mapping[str, Any], *, cell: tuple[str, Any] | None = None) -> None:
    """Ask what of a record to copy; `cell`: the name and the value under the cursor."""
    if not record:
        return
    from revtops_tui.tui.dialogs.copy_record import Copyable, CopyDialog

    choices = [Copyable(f"The cell {cell[0]}", _text(cell[1]))] if cell else []
    choices += [
        Copyable("The record as JSON", as_json(record)),
        Copyable("The record as Markdown", as_markdown(record)),
    ]
    if record.get("source_id") is not None:
        choices.append(Copyable("The vendor's id", _text(record["source_id"])))
    if address := address_of(record):
        choices.append(Copyable("The address", address))

    def chosen(choice: Copyable | None) -> None:
        if choice is not None:
            host.copy(choice.text, choice.label)

    host.push_screen(CopyDialog(choices), chosen)


def as_json(record: Mapping[str, Any]) -> str:
    """A record as JSON, with the JSON in its fields opened."""
    return json.dumps(opened(record), ensure_ascii=False, indent=2, default=str)


def opened(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the JSON in its fields opened."""
    return {name: opened_value(value) for name, value in in_order(record).items()}


def as_markdown(record: Mapping[str, Any]) -> str:
    """A record as a Markdown table of its fields."""
    lines = ["| field | value |", "| --- | --- |"]
    for name, value in in_order(record).items():
        said = _text(value).replace("\\", "\\\\").replace("|", "\\|")
        lines.append(f"| {name} | {' '.join(said.split())} |")
    return "\n".join(lines) + "\n"


def address_of(record: Mapping[str, Any]) -> str | None:
    """Where the record is shown at the vendor: an address of the web, nothing else is ever opened."""
    for name in _ADDRESSES:
        value = record.get(name)
        if isinstance(value, str) and value.startswith(("https://", "http://")):
            return value
    return None


def browse(host: RevtopsApp, record: Mapping[str, Any]) -> None:
    """Open a record at the vendor."""
    if address := address_of(record):
        host.open_url(address)
    else:
        host.tell("This record carries no address of the web.")


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
