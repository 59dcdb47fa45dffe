"""Asana's events: a log for each resource that something happened to, and the sync tokens into it."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable
from typing import Any

from revtops_tui.simulators.seeding import iso_utc

Event = dict[str, Any]


class Feeds:
    """What happened, by the gid of each resource that it bubbles up to."""

    def __init__(self) -> None:
        self._logs: dict[str, list[Event]] = {}
        self._generation = 0
        self.listeners: list[Callable[[Event, Iterable[str]], None]] = []
        """Called with each event and the gids of what it bubbles up to."""

    def tell(
        self,
        action: str,
        kind: str,
        gid: str,
        name: str,
        *,
        user: str,
        to: Iterable[str],
        subtype: str = "",
        field: str = "",
        parent: tuple[str, str, str] | None = None,
    ) -> None:
        """Note an event; `parent` is `(kind, gid, name)` of what something was added to or removed from."""
        resource = {"gid": gid, "resource_type": kind, "name": name}
        event: Event = {
            "user": {"gid": user, "resource_type": "user"},
            "created_at": iso_utc(int(time.time() * 1000)),
            "type": kind,
            "action": action,
            "resource": resource | ({"resource_subtype": subtype} if subtype else {}),
        }
        if parent:
            event["parent"] = dict(zip(("resource_type", "gid", "name"), parent, strict=True))
        if field:
            event["change"] = {"field": field, "action": "changed"}
        reached = list(to)
        for above in reached:
            self._logs.setdefault(above, []).append(event)
        for listener in self.listeners:
            listener(event, reached)

    def token(self, resource: str) -> str:
        """A token for what happens from now on."""
        return self._token(resource, len(self._logs.get(resource, ())))

    def since(self, resource: str, token: str, limit: int) -> tuple[list[Event], str, bool] | None:
        """The events behind a token, the token behind them, and whether there are more; None for a token of no use."""
        try:
            of, generation, at = base64.urlsafe_b64decode(token.encode()).decode().split(":")
            start = int(at)
        except (ValueError, binascii.Error):
            return None
        if (of, generation) != (resource, str(self._generation)):
            return None
        log = self._logs.get(resource, [])
        end = min(len(log), start + limit)
        return log[start:end], self._token(resource, end), end < len(log)

    def expire(self) -> None:
        """Make all tokens so far useless, as they are after a day at the latest."""
        self._generation += 1

    def _token(self, resource: str, at: int) -> str:
        return base64.urlsafe_b64encode(f"{resource}:{self._generation}:{at}".encode()).decode()
