"""A webhook that comes from here: signed as the vendor signs, taken and handled like any other."""

from __future__ import annotations

from connectors.registry import Capability
from connectors.webhooks import WebhookRequest
from revtops_tui.engine import inbox
from revtops_tui.engine.connections import credentials_of, find
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.inbox import EventInfo
from revtops_tui.engine.operations import needs
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace

_URL = "https://sample.invalid/"


def simulate(ws: Workspace, selector: str, event_type: str, *, record_id: str | None = None) -> list[EventInfo]:
    """Take and handle a sample of a declared event; returns what came into the inbox, as it is afterwards.

    `record_id`: the vendor's id of the record that it is about; without it, one is made up. Raises EngineError where
    there are no samples, and where the connection has no webhook secret.
    """
    meta = needs(ws, selector, Capability.LISTEN).meta
    found = find(ws, selector)
    known = [one.name for one in meta.event_types]
    if event_type not in known:
        hint = did_you_mean(event_type, known) or f"There are: {', '.join(known)}."
        raise EngineError("usage", f"{meta.name} declares no event {event_type}.", hint=hint)
    from revtops_tui.simulators.samples import SAMPLES, sample

    if found.slug not in SAMPLES:
        raise EngineError("usage", f"There are no samples of {meta.name}.", hint=f"Of: {', '.join(SAMPLES)}.")
    secret = str(credentials_of(ws, found).get(meta.webhook_secret_extra_data_key or "") or "")
    if not secret:
        raise EngineError(
            "authentication",
            f"The connection {found.selector} has no webhook secret to sign a sample with.",
            hint="Connect again and give it.",
        )
    made = sample(found.slug, event_type, _URL, secret, record_id)
    newest = max((one.id for one in inbox.events(ws, limit=1)), default=0)
    headers = {name.lower(): value for name, value in made.headers.items()}
    inbox.take(ws, found.selector, WebhookRequest("POST", _URL, headers, made.body))
    inbox.handle_due(ws)
    return [one for one in inbox.events(ws, found.selector) if one.id > newest]
