"""No secret of a connection is on any side of the app, in its messages, pictures and files, or in its last words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.webhooks import WebhookRequest
from revtops_tui.engine import connections, inbox, operations, sync
from revtops_tui.engine import secrets as known
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.server import SimulatorServer
from revtops_tui.tui.shell.tasks import Task
from store.credentials import MemoryCredentials
from tests.support.canaries import (
    KINDS,
    Canaries,
    Parrot,
    Watched,
    Witnesses,
    credentials,
    install,
    told_of,
)
from tests.tui.driver import Driver, Visit

pytestmark = pytest.mark.xdist_group("canary")
TABS = "123456"
NEXT = "right_square_bracket"
PANELS = 7


@pytest.fixture
def driver(home: Path) -> Iterator[Driver]:
    with Workspace(home, credentials=MemoryCredentials()) as ws:
        yield Driver(ws)


def look(watched: Watched, visit: Visit, doing: str) -> None:
    """Search what is on the screen, and in a picture of it."""
    watched.heard(f"the screen while {doing}", visit.screen)
    watched.heard(f"a picture of {doing}", visit.app.export_screenshot())


def refused(ws: Workspace) -> EngineError:
    """A query that the vendor refuses, with everything that it was told."""
    with pytest.raises(EngineError) as failed:
        operations.query(ws, "parrot", "/status/400")
    return failed.value


async def test_the_app(
    watched: Watched,
    witnesses: Witnesses,
    driver: Driver,
    server: SimulatorServer,
    canaries: Canaries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in witnesses.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("SSH_CONNECTION", "SSH_TTY", "TMUX", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    install(driver.ws.home, "parrot")
    secrets = credentials(canaries, "parrot") | {"hook_url": "https://parrot.example/in", "pin_secret": 7}
    async with driver(100, 40) as visit:
        await visit.press("slash")
        await visit.type("parrot")
        await visit.press("enter", "n")
        await visit.sees("Connect Parrot")
        for name in ("username", "password", "api_token", "hook_url", "pin_secret", "signing_secret", "tenant"):
            await visit.paste(str(secrets[name]))
            look(watched, visit, f"typing {name}")
            await visit.press("tab")
        await visit.press("escape")
        look(watched, visit, "having left the form")
        await asyncio.to_thread(connections.connect, driver.ws, "parrot", secrets, base_url=server.url)
        visit.app.tell_error(await asyncio.to_thread(refused, driver.ws), title="Parrot")
        await visit.sees("Parrot answered")
        look(watched, visit, "an error")
        await visit.press("5")
        await visit.sees("/status/400")
        look(watched, visit, "looking at traffic")
        visit.app.copy(visit.screen, "the screen")
        await visit.sees("Copied the screen")
    driver.ws.close()
    assert list((driver.ws.home / "app_state").iterdir())
    assert watched.search() == ""
    assert told_of(canaries, witnesses, "wl-copy") == {"PARROT"}


def fill(ws: Workspace, server: SimulatorServer, parrot: Parrot, secrets: dict[str, Any]) -> None:
    """Something of everything that can be looked at, all of it with what the parrot repeats."""
    install(ws.home, "parrot")
    connections.connect(ws, "parrot", secrets, base_url=server.url)
    sync.sync(ws)
    parrot.mood = "stumble"
    sync.sync(ws, options=sync.SyncOptions(full=True))
    parrot.mood = "fine"
    heard = {"x-word": secrets["signing_secret"], "x-note": secrets["password"]}
    said = json.dumps({"said": secrets["api_token"]}).encode()
    inbox.take(ws, "parrot", WebhookRequest("POST", "https://parrot.example/in", heard, said))
    inbox.handle_due(ws)
    operations.write(ws, "parrot", "note", {"text": "hello", "quoted": "this"})
    operations.submit(ws, "parrot", "action", "shout", {"text": "hello"}, requested_by="agent")
    assert ws.recorder is not None
    ws.recorder.flush()


async def test_every_side_of_the_app(
    watched: Watched, driver: Driver, server: SimulatorServer, parrot: Parrot, canaries: Canaries
) -> None:
    secrets = credentials(canaries, "parrot")
    await asyncio.to_thread(fill, driver.ws, server, parrot, secrets)
    async with driver(120, 40) as visit:
        await visit.press("slash", *"parrot", "enter", "slash", "escape")
        for panel in range(PANELS):
            await visit.settle()
            look(watched, visit, f"panel {panel}")
            await visit.press(NEXT)
        for tab in TABS:
            await visit.press(tab)
            await visit.settle()
            look(watched, visit, f"tab {tab}")
            await visit.press("enter")
            await visit.settle()
            watched.heard(f"what tab {tab} opens", visit.screen)
            await visit.press("escape", "escape")
        await visit.press("1", "s")
        await visit.until(lambda: not visit.app.running)
        for kind in KINDS:
            visit.app.start_task(Task(f"Asking for {kind}", partial(operations.query, driver.ws, "parrot", kind)))
        await visit.press("e")
        for kind in (*KINDS, "/rows", "/status/500"):
            await visit.press("f7", "backspace")
            await visit.paste(kind)
            await visit.press("f5")
            await visit.settle()
            watched.heard(f"the screen while asking for {kind}", visit.screen)
        await visit.until(lambda: not visit.app.running)
        for key in ("exclamation_mark", "ampersand", "P", "comma", "O", "question_mark"):
            await visit.press(key)
            await visit.settle()
            watched.heard(f"the dialog behind {key}", visit.screen)
            await visit.press("escape")
        watched.heard("messages", repr(list(visit.app.notices.told)))
        watched.heard("tasks", repr(list(visit.app.tasks.ended)))
    assert len(visit.app.tasks.ended) == len(KINDS)
    driver.ws.close()
    assert watched.search() == ""


async def test_a_failure_of_the_app_itself(
    watched: Watched, driver: Driver, canaries: Canaries, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = canaries.plant("a variable")
    known.remember_values([secret])

    def stumble() -> None:
        password = secret
        raise RuntimeError(f"stumbled over {password}")

    async def use() -> None:
        async with driver() as visit:
            visit.app.call_later(stumble)
            await visit.until(lambda: not visit.app.is_running)

    with pytest.raises(RuntimeError, match="stumbled"):
        await use()
    said = capfd.readouterr()
    assert "stumbled over ***" in said.err
    watched.heard("what the app left on the terminal", said.out + said.err)
    assert watched.search() == ""
