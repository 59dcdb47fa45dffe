"""Signing in on another device: the vendor shows a page there that takes a short code (RFC 8628)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from connectors.errors import ConnectorError, RateLimitedError, VendorUnavailableError
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.oauth.client import Grant, GrantError, OAuthClient, refusal
from revtops_tui.engine.oauth.sign_in import never, nothing
from revtops_tui.engine.secrets import remember_values

_INTERVAL = 5.0
"""Seconds between two questions where the vendor names none, and what it adds when it finds us too fast (3.5)."""
_LOOK_EVERY = 0.1


class DeviceSignIn:
    """One sign-in: the user opens `url` anywhere and types `user_code` there; `finish` waits until that is done."""

    kind = "device"
    listening = True

    def __init__(self, client: OAuthClient, scopes: Sequence[str]) -> None:
        """Ask the vendor for the codes. Raises EngineError."""
        if client.app.device_url is None:
            raise EngineError("usage", f"{client.system} has no sign-in on another device.", hint="Use the browser.")
        self.client = client
        try:
            answer = asyncio.run(client.device_code(scopes))
        except ConnectorError as error:
            raise people(error) from error
        self._device_code: str = answer["device_code"]
        remember_values([self._device_code])
        self.user_code: str = answer["user_code"]
        self.url: str = answer["verification_uri"]
        self._interval = _seconds(answer.get("interval"), _INTERVAL)
        self._deadline = time.monotonic() + _seconds(answer.get("expires_in"), 600.0)

    def finish(self, *, cancelled: Callable[[], bool] = never, tick: Callable[[float], None] = nothing) -> Grant:
        """Ask the vendor now and then until the user has agreed; the tokens. Raises EngineError.

        Args:
            cancelled: asked several times a second.
            tick: called as often with the seconds that are left.
        """
        while (left := self._deadline - time.monotonic()) > 0:
            if (grant := self._ask()) is not None:
                return grant
            pause_ends = time.monotonic() + min(self._interval, left)
            while time.monotonic() < pause_ends:
                if cancelled():
                    raise EngineError("cancelled", "The sign-in was cancelled.", hint="Nothing was kept.")
                tick(self._deadline - time.monotonic())
                time.sleep(_LOOK_EVERY)
        raise people(refusal(self.client.system, "expired_token"))

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> DeviceSignIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self) -> Grant | None:
        """The tokens; None where it has to be asked again later."""
        try:
            return asyncio.run(self.client.device_token(self._device_code))
        except GrantError as error:
            if error.code == "slow_down":
                self._interval += _INTERVAL
            elif error.code != "authorization_pending":
                raise people(error) from error
        except (VendorUnavailableError, RateLimitedError):
            self._interval *= 2  # a lost connection is no answer: asked again, less often (3.5)
        except ConnectorError as error:
            raise people(error) from error
        return None


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else otherwise
