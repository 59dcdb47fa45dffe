"""Fixtures that many tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from revtops_tui.engine import secrets
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import SimulatorServer, serve
from store.credentials import MemoryCredentials
from store.home import make_private
from tests.contracts import watching
from tests.support.command_line import CommandLine, Shop

PASSPHRASE = "a passphrase for tests"


@pytest.fixture(scope="session", autouse=True)
def _watched() -> Iterator[None]:
    """Every exchange with a simulator is seen; see `tests.contracts`."""
    yield from watching.watch()


@pytest.fixture(autouse=True)
def _judged(_watched: None) -> Iterator[None]:
    """A test fails in which an exchange did not fit its vendor's document."""
    yield from watching.judge()


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    """A process masks the secrets it has had in hand; those of an earlier test are none of this one's."""
    secrets._known.clear()


@pytest.fixture
def new_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of the test's own, with the encrypted file for credentials; not yet created."""
    for name in list(os.environ):
        if name.startswith("REVTOPS_"):
            monkeypatch.delenv(name)
    path = tmp_path / "home"
    monkeypatch.setenv("REVTOPS_HOME", str(path))
    monkeypatch.setenv("REVTOPS_KEYRING_PASSPHRASE", PASSPHRASE)
    return path


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it, to make copies of: migrating costs a process a second."""
    with Workspace(tmp_path_factory.mktemp("new") / "home", credentials=MemoryCredentials()) as ws:
        path: Path = ws.database.path
    return path


@pytest.fixture
def home(new_home: Path, new_database: Path) -> Path:
    """A data directory of the test's own after its first start: it holds a database with nothing in it."""
    make_private(new_home)
    shutil.copy(new_database, new_home)
    return new_home


@pytest.fixture
def revtops(home: Path) -> CommandLine:
    """The command line over `home`."""
    return CommandLine(home)


@pytest.fixture
def shop(home: Path) -> Shop:
    """A drop-in connector and the file that is its vendor; see `support/drop_ins/shop.py`."""
    return Shop(home)


@pytest.fixture(scope="session")
def home_with_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which the shop is connected, to make copies of."""
    path = tmp_path_factory.mktemp("shop") / "home"
    Shop(path)
    environment = {"REVTOPS_HOME": str(path), "REVTOPS_KEYRING_PASSPHRASE": PASSPHRASE, "REVTOPS_ORG": ""}
    assert CommandLine(path)("connect", "shop", "--stdin", stdin=Shop.fields, env=environment).code == 0
    return path


@pytest.fixture
def connected_shop(home_with_shop: Path, home: Path) -> Shop:
    """The shop, connected in `home`."""
    shutil.copytree(home_with_shop, home, dirs_exist_ok=True)
    return Shop(home)


@pytest.fixture
def hubspot() -> Iterator[SimulatorServer]:
    """A simulated HubSpot account of 200 deals, at its `url`; its token is `simulated-token`."""
    with serve(HubSpotSimulator(size=200).app) as server:
        yield server
