"""Where connectors come from: files of this package, entry points of installed packages, files in drop-in folders.

On the path of every command, and so without pathlib, dataclasses and typing: see `connectors.discovery`.
"""
# ruff: noqa: PTH100, PTH111, PTH112, PTH116, PTH118, PTH120, PTH208 - importing pathlib costs as much as everything here

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import
if TYPE_CHECKING:
    from typing import TypeAlias

    SearchPaths: TypeAlias = dict[str, tuple[int, list[list[str]]]]
    """Each existing directory of `sys.path`: its time in ns, and the entry points in it as `[package, name, value]`."""

SDK_MODULES = frozenset(
    {
        "base",
        "changes",
        "choosing",
        "context",
        "discovery",
        "json_answers",
        "entity_store",
        "entity_writer",
        "errors",
        "http",
        "loading",
        "masking",
        "models",
        "oauth",
        "oauth_validation",
        "once",
        "paging",
        "parameters",
        "persistence",
        "redaction",
        "registry",
        "rows",
        "sources",
        "stream",
        "validation",
        "webhooks",
        "wording",
    }
)
"""The modules of this package that are no connectors; no connector may take one of these names as its slug."""

ENTRY_POINT_GROUP = "revtops.connectors"


class Source:
    """A place that may hold connectors: a file, or an entry point.

    `label` names it for people and in the cache; `module` is empty for a drop-in file; `attribute` is an entry point's
    object; `files` decide whether what is known about the source still holds.
    """

    __slots__ = ("attribute", "files", "label", "module", "name")

    def __init__(
        self, label: str, name: str, *, module: str = "", attribute: str = "", files: tuple[str, ...] = ()
    ) -> None:
        self.label = label
        self.name = name
        self.module = module
        self.attribute = attribute
        self.files = files


def in_tree() -> list[Source]:
    """The connectors of this package: every module that is neither the SDK's nor begins with `_`.

    What `hubspot.py` is made of besides, such as its declarations, is in the folder `_hubspot`.
    """
    folder = os.path.dirname(__file__)
    return [
        Source(path, stem, module=f"connectors.{stem}", files=(path, *_parts(folder, stem)))
        for stem, path in python_files(folder)
        if not stem.startswith("_") and stem not in SDK_MODULES
    ]


def _parts(folder: str, stem: str) -> list[str]:
    parts = os.path.join(folder, f"_{stem}")
    return [path for _, path in python_files(parts)] if os.path.isdir(parts) else []


def drop_ins(home: str) -> tuple[list[Source], list[tuple[str, str]]]:
    """The files of the drop-in folders, and the folders that cannot be read as `(path, reason)`.

    The folders are `connectors` in the data directory, then those of `REVTOPS_CONNECTORS_PATH`. A file whose name
    begins with `_` is a helper that the others of its folder may import.
    """
    asked_for = [os.path.abspath(os.path.expanduser(folder)) for folder in _connectors_path()]
    sources: list[Source] = []
    unreadable: list[tuple[str, str]] = []
    seen: set[str] = set()
    for folder in [os.path.join(home, "connectors"), *asked_for]:
        if (real := os.path.realpath(folder)) in seen:
            continue
        seen.add(real)
        try:
            files = python_files(folder)
        except OSError as error:
            # The folder in the data directory need not exist; one that was asked for by name should.
            if folder in asked_for or not isinstance(error, FileNotFoundError):
                unreadable.append((folder, f"The folder cannot be read: {error.strerror}."))
            continue
        helpers = tuple(path for stem, path in files if stem.startswith("_"))
        sources += [Source(path, stem, files=(path, *helpers)) for stem, path in files if not stem.startswith("_")]
    return sources, unreadable


def _connectors_path() -> list[str]:
    return [folder for folder in os.environ.get("REVTOPS_CONNECTORS_PATH", "").split(os.pathsep) if folder]


def python_files(folder: str) -> list[tuple[str, str]]:
    """The modules of a folder as `(stem, path)`, sorted. Raises OSError."""
    with os.scandir(folder) as found:
        names = sorted(e.name for e in found if e.name.endswith(".py") and e.name[0] != "." and e.is_file())
    return [(name[:-3], os.path.join(folder, name)) for name in names]


def search_paths(known: SearchPaths) -> SearchPaths:
    """The entry points in each existing directory of `sys.path`; only a directory that changed is read."""
    paths: SearchPaths = {}
    for entry in sys.path:
        try:
            path = os.path.abspath(entry)
            changed = os.stat(path).st_mtime_ns
        except (OSError, ValueError):
            continue
        if path not in paths and os.path.isdir(path):
            current = path in known and known[path][0] == changed
            paths[path] = known[path] if current else (changed, _entry_points_in(path))
    return paths


def _entry_points_in(directory: str) -> list[list[str]]:
    """The entry points of the packages installed in a directory, as `[package, name, value]`."""
    if not _holds_packages(directory):
        return []
    import re
    from importlib.metadata import distributions

    found: dict[tuple[str, str], list[str]] = {}
    for distribution in distributions(path=[directory]):
        try:
            for point in distribution.entry_points.select(group=ENTRY_POINT_GROUP):
                package = re.sub(r"[-_.]+", "-", distribution.name).lower()
                found.setdefault((package, point.name), [package, point.name, point.value])
        except Exception:  # noqa: BLE001, S112 - a package with broken metadata is its installer's business, not ours
            continue
    return list(found.values())


def _holds_packages(directory: str) -> bool:
    try:
        return any(name.endswith((".dist-info", ".egg-info", ".egg")) for name in os.listdir(directory))
    except OSError:
        return False


def entry_points(paths: SearchPaths) -> list[Source]:
    """The connectors that installed packages offer."""
    sources: dict[str, Source] = {}
    owners: dict[str, str] = {}
    for path, (_, found) in paths.items():
        for package, name, value in found:
            # As with imports, the first of two installations of a package hides the other.
            if owners.setdefault(package, path) != path:
                continue
            module, _, attribute = value.partition("[")[0].partition(":")
            label = f"entry point {name} = {value} of {package}"
            sources[label] = Source(label, name, module=module.strip(), attribute=attribute.strip())
    return list(sources.values())


def stamp(path: str) -> str | None:
    """What tells one state of a file from another; None when there is no such file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return f"{status.st_mtime_ns}-{status.st_size}"
