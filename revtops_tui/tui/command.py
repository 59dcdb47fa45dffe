"""A command of a screen and its keys, in one line of a table: `BINDINGS = [command("data.sort", "o", "sort", …)]`."""

from __future__ import annotations

from textual.binding import Binding


def command(
    name: str,
    keys: str,
    action: str,
    label: str,
    tooltip: str = "",
    *,
    show: bool = True,
    mark: str | None = None,
    priority: bool = False,
    system: bool = False,
) -> Binding:
    """A binding by its `name` (`area.name`, what keys of one's own are bound to).

    `label` is for the line of keys, where it is listed unless `show` is False, its key as `mark` says where that is not
    Textual's way. `tooltip` is for the help and the palette; commands that only move about have none.
    """
    return Binding(
        keys,
        action,
        label,
        show=show,
        key_display=mark,
        priority=priority,
        tooltip=tooltip,
        id=name,
        system=system,
    )
