"""The gallery shows every screen, and the pages show what there is."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.tui.screens import dialogs, panels, tabs

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "screenshots"
WITHOUT = {
    "events": "the demo's vendors ring only while something listens; its pictures are under tests/tui",
    "rejected": "nothing of the demo is rejected; its pictures are under tests/tui",
    "PayloadDialog": "a rejected record, of which the demo has none",
    "PressDialog": "the question for one key, over the list of keys that is shown",
    "NangoDialog": "an address to be opened, as SignInDialog has it once a browser is waited for",
    "NoticesDialog": "a list of toasts, which the demo's pictures have none of",
    "TasksDialog": "a list of what runs, which the status line names in the picture of a sync",
    "ValueDialog": "one line to type a number into",
}
"""Screens that need no picture in the gallery, and why."""


@pytest.fixture(scope="module")
def make() -> Iterator[ModuleType]:
    """`screenshots/make.py`."""
    spec = importlib.util.spec_from_file_location("make_screenshots", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_screenshots"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_screenshots"]


def test_every_tab_panel_and_dialog_is_shown(make: ModuleType) -> None:
    shown = {screen for picture in make.PICTURES for screen in re.findall(r"\w+ panel|\w+", picture.shows)}
    there = {*tabs(), *panels(), *dialogs()}
    assert there - shown - set(WITHOUT) == set(), "add a line to PICTURES, and run: make screenshots"
    assert set(WITHOUT) <= there - shown
    assert shown - there == {"CommandPalette"}


def test_every_picture_is_there_and_on_the_page(make: ModuleType) -> None:
    kept = {file.stem for file in FOLDER.glob("*.svg")}
    assert kept == {picture.name for picture in make.PICTURES}, "run: make screenshots"
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == make.page()


def test_the_pages_name_only_pictures_that_there_are() -> None:
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):
        for name in re.findall(r"screenshots/([\w-]+\.svg)", page.read_text(encoding="utf-8")):
            assert (FOLDER / name).is_file(), f"{page.name} shows {name}, which there is not"
    assert "screenshots/README.md" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.svg")), ids=lambda file: file.stem)
def test_a_picture_names_nothing_of_the_machine_it_was_taken_on(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|Users|work)/|simulated-token|Traceback", text)
