"""Finds connectors: in this package, in installed packages (entry points) and in drop-in folders.

What was found is kept as a manifest in a cache file, so that a listing imports no connector and nothing heavy: this
module is on the path of every command, which is why it does without pathlib, dataclasses and typing of its own.
A connector is imported when it is new or changed (`connectors.loading`), or when it is used.

The cache knows for each source the time and size of the files it was read from, and for each directory of `sys.path`
its time (installing a package changes it) and the entry points in it. Where something is broken, the cause may lie
outside of its file (a package that is not installed), so it is tried again whenever `sys.path` changes.
"""
# ruff: noqa: PTH100, PTH105, PTH108, PTH118, PTH119, PTH120, PTH123 - importing pathlib costs as much as everything here

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterator, Mapping

from connectors.sources import SDK_MODULES, Source, drop_ins, entry_points, in_tree, python_files, search_paths, stamp

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, TypeAlias

    from connectors.base import BaseConnector

    Entry: TypeAlias = dict[str, Any]
    """What the cache keeps of one source; see `connectors.loading.examine`."""
    Known: TypeAlias = dict[str, Any]
    """The cache: `paths` (see `connectors.sources.search_paths`), and `sources`, an `Entry` by label."""

_SCHEMA = 4
"""Raise it when the shape or the meaning of the cache or of a manifest changes."""


class ConnectorInfo:
    """A connector that was found: its slug, its manifest and where it comes from. `load()` imports its class."""

    __slots__ = ("_attribute", "_source", "manifest", "slug")

    def __init__(self, source: Source, attribute: str, manifest: dict[str, Any]) -> None:
        self.slug: str = manifest["slug"]
        self.manifest = manifest
        self._source = source
        self._attribute = attribute

    def __repr__(self) -> str:
        return f"ConnectorInfo({self.slug!r} from {self.source})"

    @property
    def source(self) -> str:
        """The file's path, or the entry point and its package."""
        return self._source.label

    def load(self) -> type[BaseConnector]:
        """The class as its file has it now. Raises DeclarationError when it cannot be imported any more."""
        from connectors.loading import load_class

        return load_class(self._source, self._attribute)


class BrokenConnector:
    """Something that should be a connector and is not: `reason` says why, for its author."""

    __slots__ = ("name", "reason", "source")

    def __init__(self, name: str, source: str, reason: str) -> None:
        self.name = name
        self.source = source
        self.reason = reason

    def __repr__(self) -> str:
        return f"BrokenConnector({self.name!r} from {self.source}: {self.reason})"


class Catalog(Mapping[str, ConnectorInfo]):
    """The connectors by slug, in the order of their names; those that cannot be used are in `broken`."""

    def __init__(self, found: dict[str, ConnectorInfo], broken: list[BrokenConnector]) -> None:
        self._found = dict(sorted(found.items(), key=lambda item: (item[1].manifest["name"].casefold(), item[0])))
        self.broken = broken

    def __getitem__(self, slug: str) -> ConnectorInfo:
        return self._found[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def discover(*, home: Path | None = None, refresh: bool = False) -> Catalog:
    """Every connector there is, and everything that should be one and is broken. Never raises because of either.

    Args:
        home: the data directory whose `connectors/` is a drop-in folder; by default that of `store.home`.
        refresh: look at everything anew, whatever the cache says.
    """
    root, cache_file = _places(home)
    known: Known = {} if refresh else _read_cache(cache_file)
    paths = search_paths(known.get("paths", {}))
    files, unreadable = drop_ins(root)
    sources = [*in_tree(), *entry_points(paths), *files]
    entries = _entries(sources, known.get("sources", {}), {path: changed for path, (changed, _) in paths.items()})
    if {"paths": paths, "sources": entries} != known:
        _write_cache(cache_file, {"paths": paths, "sources": entries})
    broken = [BrokenConnector(os.path.basename(folder), folder, reason) for folder, reason in unreadable]
    return _merge(sources, entries, broken)


def _merge(sources: list[Source], entries: dict[str, Entry], broken: list[BrokenConnector]) -> Catalog:
    found: dict[str, ConnectorInfo] = {}
    for source in sources:
        entry = entries[source.label]
        broken += [BrokenConnector(name, source.label, reason) for name, reason in entry["broken"]]
        for attribute, manifest in entry["found"]:
            info = ConnectorInfo(source, attribute, manifest)
            first = found.setdefault(info.slug, info)
            if first is not info:
                reason = f"The slug `{info.slug}` is taken by {first.source}: give {info.source} another one."
                broken.append(BrokenConnector(info.slug, info.source, reason))
    return Catalog(found, broken)


# -- what is known already ---------------------------------------------------------------------------------------


def _entries(sources: list[Source], known: Mapping[str, Entry], environment: dict[str, int]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for source in sources:
        entry = known.get(source.label)
        if entry is None or not _is_current(source, entry, environment):
            from connectors.loading import examine

            entry = examine(source, environment)
        entries[source.label] = entry
    return entries


def _is_current(source: Source, entry: Entry, environment: dict[str, int]) -> bool:
    files = entry["files"]
    same = all(stamp(path) == files.get(path) for path in {*source.files, *files})
    return same and entry["environment"] in (None, environment)


def _places(home: Path | None) -> tuple[str, str]:
    """The data directory and the cache file in it."""
    if home is None:
        from store.home import data_dir

        home = data_dir()
    root = os.path.abspath(home)
    return root, os.path.join(root, "cache", "manifest.json")


def _header(body: bytes) -> bytes:
    """The first line of the cache: anything that makes all of it worthless when it differs, a torn write included."""
    folder = os.path.dirname(__file__)
    sdk = [(stem, stamp(path)) for stem, path in python_files(folder) if stem in SDK_MODULES]
    return json.dumps([_SCHEMA, sys.implementation.cache_tag, sys.hexversion, folder, sdk, zlib.crc32(body)]).encode()


def _read_cache(path: str) -> Known:
    try:
        with open(path, "rb") as file:
            header, _, body = file.read().partition(b"\n")
    except OSError:
        return {}
    known: Known = json.loads(body) if header == _header(body) else {}
    return known


def _write_cache(path: str, known: Known) -> None:
    """Replace the cache in one step. It is a convenience: where it cannot be written, every start is a first one."""
    from contextlib import suppress
    from pathlib import Path

    from store.home import make_private

    body = json.dumps(known).encode()
    temporary = f"{path}.{os.getpid()}"
    try:
        make_private(Path(path).parent)
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(_header(body) + b"\n" + body)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
