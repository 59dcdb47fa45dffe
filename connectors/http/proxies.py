"""The proxies of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY; on macOS and Windows the system's)."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Simulators listen there, which no proxy can reach."""


class Proxies:
    """As they were when this was made."""

    def __init__(self) -> None:
        self._found = getproxies()

    def of(self, scheme: str, host: str) -> str | None:
        """The address of the proxy that requests go through; None if they go directly. `host` without brackets."""
        if not self._found or host in _LOOPBACK:
            return None
        proxy = self._found.get(scheme) or self._found.get("all")
        if not proxy or proxy_bypass(host):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"
