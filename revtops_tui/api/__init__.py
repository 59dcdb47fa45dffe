"""What programs reach on this machine: the local API for its user's own, and the address that vendors call."""

from __future__ import annotations

import threading
from collections.abc import Callable

from revtops_tui.engine.workspace import Workspace

__all__ = ["listen", "serve"]


API_PORT = 8780
LISTENER_PORT = 8781


def serve(
    ws: Workspace,
    *,
    port: int | None = None,
    cancel: threading.Event,
    on_serving: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the local API of a workspace on 127.0.0.1 until `cancel` is set.

    `on_serving` is given the address; port 0 takes a free one. Who asks brings the token (`engine.tokens`, "api").
    Raises EngineError where the port is taken, or the token cannot be kept.
    """
    from revtops_tui.api import serving
    from revtops_tui.api.local import local_api
    from revtops_tui.engine import tokens

    token = tokens.token(ws, "api")
    serving.run(
        lambda _: local_api(ws, token=token, cancel=cancel),
        port=API_PORT if port is None else port,
        cancel=cancel,
        on_serving=on_serving,
    )


def listen(
    ws: Workspace,
    *,
    port: int | None = None,
    cancel: threading.Event,
    on_serving: Callable[[str], None] = lambda _: None,
) -> None:
    """Take the webhooks of every organization of the data directory on 127.0.0.1 until `cancel` is set.

    They are stored; `engine.inbox.work` handles them. `on_serving` is given the address on this machine; what vendors
    call, and some of them sign, is `engine.addresses.public_url`, where that is set. Raises EngineError where the port
    is taken.
    """
    from revtops_tui.api import serving
    from revtops_tui.api.webhooks import Webhooks
    from revtops_tui.engine.addresses import public_url

    public = public_url(ws)
    serving.run(
        lambda address: Webhooks(ws, public or address).app,
        port=LISTENER_PORT if port is None else port,
        cancel=cancel,
        on_serving=on_serving,
    )
