"""Waits on this machine for the browser to come back from the vendor, once (RFC 8252, 7.3)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.oauth import pages

_HOST = "127.0.0.1"
_REQUEST_SECONDS = 10
"""A browser opens connections in advance and sends nothing on them."""
_ANSWER_SECONDS = 2
"""For the page that says how it went to reach the browser."""
_LONGEST_TARGET = 8_192

Judge = Callable[[str], tuple[bool, bytes]]
"""Given the query that came: whether it ends the waiting, and the page to show for it."""


class RedirectListener:
    """Listens at `redirect_uri` until the judge has what it waits for, or it is closed.

    Only the very address is answered, and only to those who came for it by its name: a page on another site that got
    a name to point here is turned away.
    """

    def __init__(self, redirect_uri: str, judge: Judge) -> None:
        """Listen from now on; a URI without a port gets a free one. Raises EngineError where the port is taken."""
        parts = urlsplit(redirect_uri)
        try:
            self._server = _Server((_HOST, parts.port or 0), _Handler)
        except OSError as error:
            raise EngineError(
                "busy",
                f"Port {parts.port} of this machine is taken, and the vendor sends the browser back to it.",
                hint="End the program that listens there (another sign-in, perhaps), or paste the code instead.",
            ) from error
        port = self._server.server_address[1]
        self.redirect_uri = parts._replace(netloc=f"{parts.hostname}:{port}").geturl()
        self._server.expect(parts.path, {f"{name}:{port}" for name in (_HOST, "localhost")}, judge)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="sign-in", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, once who came has been answered: the program may end right after this."""
        self._server.answered.wait(_ANSWER_SECONDS)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False  # with it another program could listen at the same port on some systems

    def server_bind(self) -> None:
        """Bind without the name look-up of the base class, which asks a name server."""
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of a sign-in that just ended
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, *_: object) -> None:
        """Nothing: a browser that hung up is none of the user's business, and a traceback might hold the code."""

    def expect(self, path: str, names: set[str], judge: Judge) -> None:
        """What to take: the path, by which names, and who judges what comes."""
        self.path, self.names, self._judge = path or "/", names, judge
        self._judging = threading.Lock()
        self._ended = False
        self.answered = threading.Event()
        self.answered.set()

    def judged(self, query: str) -> tuple[int, bytes]:
        """The status and the page for a query; once the waiting has ended nothing is taken any more."""
        with self._judging:
            if self._ended:
                return 410, pages.strange()
            self.answered.clear()
            self._ended, page = self._judge(query)
        return (200 if self._ended else 400), page


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_SECONDS
    server_version = "revtops"
    sys_version = ""

    def do_GET(self) -> None:
        """The browser came back, or asks for an icon."""
        path, _, query = self.path.partition("?")
        if self.headers.get("Host") not in self.server.names or len(self.path) > _LONGEST_TARGET:
            self._answer(400, pages.strange())
        elif path != self.server.path:
            self._answer(404, pages.strange())
        else:
            try:
                self._answer(*self.server.judged(query))
            finally:
                self.server.answered.set()

    def _answer(self, status: int, page: bytes) -> None:
        self.send_response(status)
        for name, value in pages.HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Nothing: the request line holds the code."""
