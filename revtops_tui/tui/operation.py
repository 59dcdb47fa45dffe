"""What a connection's connector declares that one can do with it, as the forms and dialogs show it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.parameters import Parameter, parse_parameters
from revtops_tui.tui.panes.connectors.inventory import Entry
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from revtops_tui.engine.operations import OperationResult
    from revtops_tui.engine.workspace import Workspace

_HIDDEN = "••••"
_DECLARED = {"write": "write_operations", "action": "actions"}


@dataclass(frozen=True)
class Operation:
    """A declared write or action of one connection. `system` is the connection's title."""

    selector: str
    system: str
    kind: str
    name: str
    description: str
    parameters: tuple[Parameter, ...]
    read_only: bool = False

    @property
    def id(self) -> str:
        """What tells it from every other one."""
        return f"{self.selector} {self.kind} {self.name}"

    @property
    def title(self) -> str:
        """The system and the operation."""
        return f"{self.system} › {self.name}"

    @property
    def cannot_be_undone(self) -> bool:
        """Whether somebody has to say twice that it should be sent."""
        return self.kind == "action" and not self.read_only

    def shown(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as they may be seen: no secret is."""
        secret = {parameter.name for parameter in self.parameters if parameter.secret}
        return {name: _HIDDEN if name in secret else value for name, value in arguments.items()}

    def command(self, arguments: Mapping[str, Any]) -> str:
        """The command that sends the same; a secret is left to whoever runs it."""
        pairs = [f"{name}={_typed(value)}" for name, value in self.shown(arguments).items()]
        return shlex.join(["revtops", self.kind, self.selector, self.name, *pairs])

    def arguments_of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`given`, each value under its parameter's own name: an agent may have used an alias."""
        own = {alias: parameter.name for parameter in self.parameters for alias in parameter.aliases}
        return {own.get(name, name): value for name, value in given.items()}


def _typed(value: Any) -> str:
    """A value as the command line reads it: null is no text at all."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def operations_of(entry: Entry) -> list[Operation]:
    """Everything that can be done with a listed connection, writes first; nothing where it is not connected."""
    if entry.connection is None or entry.manifest is None:
        return []
    return list(_declared(entry, entry.manifest))


def _declared(entry: Entry, manifest: Mapping[str, Any]) -> Iterator[Operation]:
    for kind, key in _DECLARED.items():
        for one in manifest[key] if kind in entry.capabilities else ():
            yield Operation(
                entry.id,
                entry.title,
                kind,
                one["name"],
                one["description"],
                tuple(parse_parameters(one["parameters"])),
                bool(one.get("read_only")),
            )


def write_declaration(width: int, operation: Operation) -> Paper:
    """What it does, and what it takes."""
    paper = Paper(width).text(operation.description or operation.name)
    if operation.cannot_be_undone:
        paper.text("It is sent once, and cannot be taken back.", "busy")
    elif operation.read_only:
        paper.text("It changes nothing.", "muted")
    if not operation.parameters:
        return paper.heading("It takes nothing")
    paper.heading("It takes")
    for parameter in operation.parameters:
        star = " *" if parameter.required else ""
        paper.line(f"  {parameter.name}{star}", (f"  {parameter.type}", "muted"))
        if parameter.description:
            paper.text(parameter.description, "muted", indent=4)
    return paper


def submit(ws: Workspace, operation: Operation, arguments: Mapping[str, Any]) -> OperationResult:
    """Have it carried out for the person at the app. Blocking. Raises EngineError."""
    from revtops_tui.engine.operations import submit

    return submit(ws, operation.selector, operation.kind, operation.name, arguments, requested_by="person")


def find(operations: Sequence[Operation], selector: str, kind: str, name: str) -> Operation | None:
    """The one that was asked for; None where its connector does not declare it any more."""
    return next((one for one in operations if one.id == f"{selector} {kind} {name}"), None)
