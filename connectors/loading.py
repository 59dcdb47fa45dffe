"""Imports connectors, and describes what was found: the slow half of discovery, for what is new, changed or used.

Whatever an import does (fail, exit, print), it is recorded against its source and reaches nobody else.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import threading
import traceback
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from connectors.base import BaseConnector
from connectors.errors import DeclarationError
from connectors.oauth import described
from connectors.redaction import Redactor, environment_secrets
from connectors.registry import ConnectorAction, WriteOperation, credential_fields
from connectors.sources import Source, stamp
from connectors.validation import problems
from connectors.wording import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.discovery import Entry

_DROP_INS = "revtops_dropin"
_REASON_LENGTH = 400

_lock = threading.RLock()
"""One import at a time: sys.stdout is redirected meanwhile, which two threads would undo in the wrong order."""
_imported: dict[str, dict[str, str | None]] = {}
"""Modules that were imported here, and the files they came from: a changed one is imported anew."""


def examine(source: Source, environment: dict[str, int]) -> Entry:
    """What is in a source, in the form the cache keeps.

    Returns `files` (path to stamp) and `environment` (None when nothing is broken): what must be unchanged for this to
    hold; `found`: pairs of attribute and manifest; `broken`: pairs of name and reason.
    """
    files = {path: stamp(path) for path in source.files}
    found: list[tuple[str, dict[str, Any]]] = []
    broken: list[tuple[str, str]] = []
    try:
        for attribute, cls in _connector_classes(source):
            if mistakes := problems(cls):
                broken.append((_name_of(cls), " ".join(mistakes)))
            else:
                found.append((attribute, manifest(cls)))
        if not found and not broken:
            broken.append((source.name, _nothing_there(source)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a stranger's module may raise anything, SystemExit included
        broken.append((source.name, _failure(source, error)))
        files |= {path: stamp(path) for path in _files_of_failure(error)}
    files |= _imported.get(_module_name(source), {})
    return {"files": files, "environment": environment if broken else None, "found": found, "broken": broken}


def load_class(source: Source, attribute: str) -> type[BaseConnector]:
    """The connector class of a source. Raises DeclarationError when it cannot be had."""
    try:
        return cast("type[BaseConnector]", reduce(getattr, attribute.split("."), _import(source)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise DeclarationError(
            f"{source.label}: {_failure(source, error)}", hint="Mend the connector's file, then try again."
        ) from error


def manifest(cls: type[BaseConnector]) -> dict[str, Any]:
    """A connector as `connectors --json` and the agents' list show it: plain JSON values."""
    meta = cls.meta
    known = {
        "slug": meta.slug,
        "name": meta.name,
        "description": meta.description,
        "auth_type": meta.auth_type.value,
        "scope": meta.scope.value,
        "entity_types": list(meta.entity_types),
        "capabilities": [capability.value for capability in meta.capabilities],
        "write_operations": [_operation(operation) for operation in meta.write_operations],
        "actions": [_operation(action) for action in meta.actions],
        "event_types": [asdict(event_type) for event_type in meta.event_types],
        "query_description": meta.query_description,
        "auth_fields": [asdict(field) for field in credential_fields(meta)],
        "oauth_scopes": list(meta.oauth_scopes),
        "oauth": described(meta.oauth) if meta.oauth else None,
        "nango_integration_id": meta.nango_integration_id,
        "icon": meta.icon,
        "usage_guide": meta.usage_guide,
        "builtin": meta.builtin,
    }
    # Through JSON, so that a manifest from the cache and a fresh one are the same.
    return cast("dict[str, Any]", json.loads(json.dumps(known)))


def _operation(operation: WriteOperation | ConnectorAction) -> dict[str, Any]:
    fields = {name: value for name, value in vars(operation).items() if name != "parameters"}
    return {**fields, "parameters": [dict(parameter) for parameter in operation.parameters]}


# -- importing ---------------------------------------------------------------------------------------------------


class _SourceOnly(importlib.machinery.SourceFileLoader):
    """Runs a file as it is now: bytecode is matched by size and whole seconds, and so misses quick small edits."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _DropInFinder(importlib.abc.MetaPathFinder):
    """Finds what a drop-in imports beside itself, as it is now."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(f"{_DROP_INS}."):
            return None
        finders = (importlib.machinery.FileFinder(folder, (_SourceOnly, [".py"])) for folder in path or ())
        return next(filter(None, (finder.find_spec(fullname, target) for finder in finders)), None)


def _connector_classes(source: Source) -> list[tuple[str, type[BaseConnector]]]:
    module = _import(source)
    if source.attribute:
        cls = reduce(getattr, source.attribute.split("."), module)
        if not _is_connector(cls):
            raise TypeError(f"{source.attribute} is not a subclass of BaseConnector")
        return [(source.attribute, cls)]
    own: dict[type[BaseConnector], str] = {}
    for name, value in vars(module).items():
        # What was imported, or has no `meta` of its own (a base that several share), is no connector of this file.
        if _is_connector(value) and value.__module__ == module.__name__ and "meta" in vars(value):
            own.setdefault(value, name)
    return [(name, cls) for cls, name in own.items()]


def _is_connector(value: object) -> TypeGuard[type[BaseConnector]]:
    return isinstance(value, type) and issubclass(value, BaseConnector)


def _import(source: Source) -> ModuleType:
    name = _module_name(source)
    with _lock:
        _forget_if_changed(name)
        if name in sys.modules and name in _imported:
            return sys.modules[name]
        importlib.invalidate_caches()
        try:
            # stdout is a command's answer: what a connector prints while it is imported does not belong there.
            with contextlib.redirect_stdout(sys.stderr):
                module = importlib.import_module(name) if source.module else _import_file(name, Path(source.label))
        except BaseException:
            _forget(name)
            raise
        _imported[name] = {path: stamp(path) for path in {*source.files, *_files_of(name)}}
        return module


def _import_file(name: str, path: Path) -> ModuleType:
    if not path.stem.isidentifier():
        raise ImportError(f"{path.name} is no Python name: use letters, digits and `_`")
    _make_package(name, path.parent)
    spec = importlib.util.spec_from_file_location(name, path, loader=_SourceOnly(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _make_package(name: str, folder: Path) -> None:
    """The folder as a private package, so that a drop-in can import a helper beside it (`from ._helper import x`)."""
    if not any(isinstance(finder, _DropInFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _DropInFinder())
    for package, path in ((_DROP_INS, []), (name.rpartition(".")[0], [str(folder)])):
        if package not in sys.modules:
            sys.modules[package] = ModuleType(package)
            sys.modules[package].__path__ = path


def _module_name(source: Source) -> str:
    if source.module:
        return source.module
    folder = hashlib.sha256(os.fsencode(Path(source.label).parent)).hexdigest()[:12]
    return f"{_DROP_INS}.f{folder}.{source.name}"


def _forget_if_changed(name: str) -> None:
    before = _imported.get(name)
    if before is not None and any(stamp(path) != known for path, known in before.items()):
        del _imported[name]
        _forget(name)


def _forget(name: str) -> None:
    """Drop a module with what it is made of, so that the next import reads its files again."""
    for loaded in _family(name):
        _forget_tables(sys.modules.pop(loaded))


def _forget_tables(module: ModuleType) -> None:
    """Take back what a module declared with SQLModel (Tier 3), so that its next version can declare it."""
    for value in list(vars(module).values()):
        table = (
            vars(value).get("__table__") if isinstance(value, type) and value.__module__ == module.__name__ else None
        )
        if table is not None:
            table.metadata.remove(table)


def _family(name: str) -> list[str]:
    """The loaded modules that a connector's module is made of: itself, what is below it, a drop-in's helpers."""
    helpers = f"{name.rpartition('.')[0]}._" if name.startswith(f"{_DROP_INS}.") else f"{name}."
    # A copy: other threads import something meanwhile.
    return [loaded for loaded in tuple(sys.modules) if loaded == name or loaded.startswith((f"{name}.", helpers))]


def _files_of(name: str) -> list[str]:
    files = (getattr(sys.modules[loaded], "__file__", None) for loaded in _family(name))
    return [str(Path(file).absolute()) for file in files if isinstance(file, str)]


# -- saying what is wrong ----------------------------------------------------------------------------------------


def _name_of(cls: type[BaseConnector]) -> str:
    slug = getattr(getattr(cls, "meta", None), "slug", None)
    return slug if isinstance(slug, str) and slug else cls.__name__


def _nothing_there(source: Source) -> str:
    return (
        f"{source.module or Path(source.label).name} defines no subclass of BaseConnector with a `meta`. "
        "Begin the file's name with `_` if it only helps others."
    )


def _failure(source: Source, error: BaseException) -> str:
    """`file:line: ErrorType: message`, the line being the last one of the connector's own code."""
    message = "".join(traceback.format_exception_only(error)[-1:]).strip().splitlines()
    # A module may quote the environment, and what is said of it here is kept and shown.
    said = Redactor(environment_secrets).text(message[0]) if message else type(error).__name__
    text = printable(said, _REASON_LENGTH)
    places = _places(error)
    own = [place for place in places if place[0] in source.files] or places
    return f"{Path(own[-1][0]).name}:{own[-1][1]}: {text}" if own else text


def _places(error: BaseException) -> list[tuple[str, int]]:
    """Where an import went wrong, as `(file, line)`, from the outside in; this file and Python's importer left out."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [(f.filename, f.lineno or 0) for f in frames if f.filename != __file__ and not f.filename.startswith("<")]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno or 0))
    return [place for place in places if not place[0].startswith(str(Path(importlib.__file__).parent))]


def _files_of_failure(error: BaseException) -> set[str]:
    return {file for file, _ in _places(error) if Path(file).is_file()}
