"""Finding what a path is, by templates such as `/deals/{id}`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_NAME = re.compile(r"\{\+?([^}]+)\}")


@dataclass(frozen=True)
class _Route(Generic[T]):
    method: str
    names: list[str]
    pattern: re.Pattern[str]
    is_literal: list[bool]
    target: T


class Routes(Generic[T]):
    """Targets by `METHOD /path/{name}`; of several that fit a path, the most literal one."""

    def __init__(self, targets: Iterable[tuple[str, T]]) -> None:
        self._by_length: dict[int, list[_Route[T]]] = {}
        for name, target in targets:
            route = _route(name, target)
            self._by_length.setdefault(len(route.is_literal), []).append(route)
        for routes in self._by_length.values():
            routes.sort(key=lambda route: route.is_literal, reverse=True)

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The target of a request, and the parameters in its path."""
        for route in self._with_path(path):
            match = route.pattern.fullmatch(path.rstrip("/"))
            if route.method == method and match:
                return route.target, dict(zip(route.names, match.groups(), strict=True))
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that a path has."""
        return sorted({route.method for route in self._with_path(path)})

    def _with_path(self, path: str) -> list[_Route[T]]:
        routes = self._by_length.get(len(path.strip("/").split("/")), [])
        return [route for route in routes if route.pattern.fullmatch(path.rstrip("/"))]


def _route(name: str, target: T) -> _Route[T]:
    method, path = name.split(" ", 1)
    path = path.rstrip("/")
    pattern, end = "", 0
    for match in _NAME.finditer(path):
        pattern += re.escape(path[end : match.start()]) + "([^/]+)"
        end = match.end()
    segments = ["{" not in segment for segment in path.strip("/").split("/")]
    return _Route(method, _NAME.findall(path), re.compile(pattern + re.escape(path[end:])), segments, target)
