"""Every screen that there is, found in the code: a new one is asked for its pictures by that alone."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from revtops_tui.tui import dialogs as package
from revtops_tui.tui.dialogs.dialog import Dialog
from revtops_tui.tui.dialogs.jump import JumpOverlay
from revtops_tui.tui.dialogs.waiting import WaitingDialog
from revtops_tui.tui.panels import PANELS
from revtops_tui.tui.tabs import TABS

_MODELS = (Dialog, WaitingDialog)
"""What dialogs are made from; none of them is one itself."""


def tabs() -> list[str]:
    """The ids of the workspaces."""
    return [tab.id for tab in TABS]


def panels() -> list[str]:
    """The ids of the panels, and Home; those that are called like a workspace say that they are panels."""
    return ["home", *(f"{panel.id} panel" if panel.id in tabs() else panel.id for panel in PANELS)]


def dialogs() -> list[str]:
    """The class names of the dialogs."""
    found = {JumpOverlay.__name__}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        classes = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        found |= {name for name, each in classes if issubclass(each, Dialog) and each not in _MODELS}
    return sorted(found)
