"""When Python's collector runs, in a process that syncs or shows the app."""

from __future__ import annotations

import gc
import sys
from types import ModuleType

import pytest

from revtops_tui.engine.collector import calm_collector, keep_modules


def test_the_last_to_leave_restores_what_was_usual() -> None:
    usual = gc.get_threshold()
    with calm_collector():
        calm = gc.get_threshold()
        with calm_collector():
            pass
        assert gc.get_threshold() == calm
    assert calm[0] > usual[0]
    assert gc.get_threshold() == usual


def test_an_error_restores_it_too() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), calm_collector():
        _ = 1 / 0
    assert gc.get_threshold() == usual


def test_what_is_alive_is_kept_from_the_collector_only_where_modules_came(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_modules()
    kept = gc.get_freeze_count()
    alive = [[] for _ in range(10_000)]  # type: ignore[var-annotated]
    keep_modules()
    assert gc.get_freeze_count() <= kept  # else whatever a screen holds just then would never be freed
    monkeypatch.setitem(sys.modules, "a_module_that_came", ModuleType("a_module_that_came"))
    keep_modules()
    assert gc.get_freeze_count() >= kept + len(alive)


def test_cycles_are_still_collected() -> None:
    class Node:
        freed = 0

        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            Node.freed += 1

    with calm_collector():
        for _ in range(200_000):
            Node()
    assert Node.freed > 0
