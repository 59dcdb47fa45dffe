"""Which code a connector is made of: what it mapped is mapped again when that has changed."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.base import BaseConnector


def code_stamp(cls: type[BaseConnector]) -> str:
    """Changes with the code that maps pages to records, so that a changed connector maps unchanged pages again.

    That code is in the connector's file, in those beside it that it imports, and in the folders of helpers there.
    """
    own = Path(inspect.getfile(cls))
    beside = own.parent
    files: set[str] = set()
    modules = [sys.modules.get(cls.__module__)]
    while modules:
        module = modules.pop()
        file = getattr(module, "__file__", None)
        if file is None or file in files:
            continue
        folder = Path(file).parent
        if folder != beside and not (folder.parent == beside and folder.name.startswith("_")):
            continue
        files.add(file)
        values = list(vars(module).values())
        modules += [v if isinstance(v, ModuleType) else sys.modules.get(getattr(v, "__module__", "")) for v in values]
    stats = [Path(file).stat() for file in sorted(files | {str(own)})]
    return ",".join(f"{stat.st_mtime_ns}:{stat.st_size}" for stat in stats)
