"""This machine's own address, on which programs and browsers here are served."""

from __future__ import annotations

import socket

from revtops_tui.engine.errors import EngineError

HOST = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A socket that takes connections on `port`, on a free one for 0. Raises EngineError where it cannot be had."""
    # Only with the protocol named does asyncio turn Nagle's algorithm off; else each reply waits 40 ms for its ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # a client that is told the address may come before the server has its loop
    except (OSError, OverflowError) as error:
        listener.close()
        raise EngineError(
            "usage", f"Port {port} cannot be used: {error}.", hint="Choose another, or 0 for a free one."
        ) from error
    return listener
