"""Signing in with a browser: the address to open, and the wait for what the vendor sends back.

Where nothing can be sent back to this machine (the browser runs on another one; the vendor takes no address of this
machine) the user pastes the code, or the whole address that the browser ended up at.
"""

from __future__ import annotations

import asyncio
import hmac
import queue
import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from connectors.errors import ConnectorError
from connectors.oauth import Redirect
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.oauth import pages
from revtops_tui.engine.oauth.client import Grant, OAuthClient, refusal
from revtops_tui.engine.secrets import remember_values

if TYPE_CHECKING:
    from revtops_tui.engine.oauth.listener import RedirectListener

SECONDS = 300.0
"""How long the user may take at the vendor's; a code itself is good for minutes."""
_LOOK_EVERY = 0.1

Outcome = str | EngineError
"""The code, or why there is none."""


def nothing(_left: float) -> None:
    """For those who do not follow the wait."""


def never() -> bool:
    """For those who cannot cancel it."""
    return False


class BrowserSignIn:
    """One sign-in. Open `url` in a browser; `finish` waits for the outcome. Use it as a context manager.

    `listening` says whether the browser's return is noticed by itself; otherwise `submit` has to be called.
    """

    kind = "browser"

    def __init__(
        self,
        client: OAuthClient,
        scopes: Sequence[str],
        *,
        listen: bool = True,
        redirect_uri: str = "",
        seconds: float = SECONDS,
    ) -> None:
        """Start it. Raises EngineError (busy) where the port that the vendor sends the browser to is taken.

        Args:
            client: the vendor's endpoints, for the user's app.
            scopes: what to ask for.
            listen: False where the browser will run on another machine.
            redirect_uri: what the app was registered with, where it is not the declared one.
            seconds: after which `finish` gives up.
        """
        self.client = client
        self._state = secrets.token_urlsafe(32)
        self._verifier = secrets.token_urlsafe(64)
        remember_values([self._state, self._verifier])
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._deadline = time.monotonic() + seconds
        self._turned_away = False
        self._listener: RedirectListener | None = None
        self.redirect_uri = redirect_uri or client.app.redirect_uri
        if listen and client.app.redirect is not Redirect.PASTE:
            from revtops_tui.engine.oauth.listener import RedirectListener

            self._listener = RedirectListener(self.redirect_uri, self._came_back)
            self.redirect_uri = self._listener.redirect_uri
        self.url = client.authorization_url(self.redirect_uri, scopes, self._state, self._verifier)

    @property
    def listening(self) -> bool:
        """Whether the browser's return is noticed by itself."""
        return self._listener is not None

    def submit(self, text: str) -> None:
        """Take what the user pasted: the code, or the whole address. Raises EngineError for what is neither."""
        text = text.strip()
        if not text or any(c.isspace() for c in text):
            raise EngineError("invalid_input", "That is neither a code nor an address.", hint="Paste it whole.")
        if "://" not in text:
            self._outcomes.put(text)
            return
        outcome = self._read(urlsplit(text).query)
        if outcome is None:
            raise EngineError(
                "invalid_input",
                "That address does not belong to this sign-in.",
                hint="Open the address that is shown here, and paste the one that the browser ends up at.",
            )
        self._outcomes.put(outcome)

    def finish(self, *, cancelled: Callable[[], bool] = never, tick: Callable[[float], None] = nothing) -> Grant:
        """Wait for the code and trade it in for tokens. Raises EngineError.

        Args:
            cancelled: asked several times a second.
            tick: called as often with the seconds that are left.
        """
        try:
            outcome = self._wait(cancelled, tick)
        finally:
            self.close()
        if isinstance(outcome, EngineError):
            raise outcome
        remember_values([outcome])
        try:
            grant = asyncio.run(self.client.exchange(outcome, self.redirect_uri, self._verifier))
        except ConnectorError as error:
            raise people(error) from error
        return grant

    def close(self) -> None:
        """Stop listening. A second call does nothing."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.close()

    def __enter__(self) -> BrowserSignIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait(self, cancelled: Callable[[], bool], tick: Callable[[float], None]) -> Outcome:
        while (left := self._deadline - time.monotonic()) > 0:
            if cancelled():
                raise EngineError("cancelled", "The sign-in was cancelled.", hint="Nothing was kept.")
            tick(left)
            try:
                return self._outcomes.get(timeout=min(_LOOK_EVERY, left))
            except queue.Empty:
                continue
        strange = " An answer came that belongs to another sign-in, and was turned away." if self._turned_away else ""
        raise EngineError(
            "timeout", f"{self.client.system} sent nobody back in time.{strange}", hint="Start the sign-in anew."
        )

    def _came_back(self, query: str) -> tuple[bool, bytes]:
        """Judge what the browser came back with. What is not of this sign-in does not end the waiting."""
        outcome = self._read(query)
        if outcome is None:
            self._turned_away = True
            return False, pages.strange()
        self._outcomes.put(outcome)
        if isinstance(outcome, EngineError):
            return True, pages.refused(outcome.message, outcome.hint)
        return True, pages.arrived(self.client.system)

    def _read(self, query: str) -> Outcome | None:
        """The code in the vendor's answer, or its refusal; None where the answer is not of this sign-in."""
        answer = dict(parse_qsl(query, keep_blank_values=True))
        if not hmac.compare_digest(answer.get("state", "").encode(), self._state.encode()):
            return None
        if answer.get("iss") and self.client.issuer and answer["iss"] != self.client.issuer:  # RFC 9207
            return EngineError(
                "authentication",
                f"The answer names another issuer than {self.client.system}, and was not used.",
                hint="Start the sign-in anew, and look at the address at which you type your password.",
            )
        if error := answer.get("error"):
            return people(refusal(self.client.system, error, answer.get("error_description", "")))
        return answer.get("code") or None
