"""No secret reaches a program that is started, the code in the sandbox, or a browser that the app is shown in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path

import aiohttp
import pexpect
import pytest

from revtops_tui.simulators.server import SimulatorServer
from tests.support.canaries import (
    Parrot,
    Watched,
    Witnesses,
    connect,
    told_of,
    without_codes,
)
from tests.support.command_line import SECONDS, CommandLine, ended

pytestmark = pytest.mark.xdist_group("canary")


@pytest.mark.usefixtures("in_keyring")
def test_programs_that_the_app_steps_aside_for(watched: Watched, witnesses: Witnesses, server: SimulatorServer) -> None:
    connect(watched, server.url, "parrot")
    with watched.terminal() as screen:
        screen.expect_exact("Parrot")
        for key, seen in (("!", "p pager"), ("p", "")):
            screen.send(key)
            screen.expect_exact(seen)
        until_started(screen, witnesses, "pager")
        screen.expect_exact("p pager")
        for key, seen in (("\x1b[27u", "Parrot"), ("3", "runs the query"), ("\x05", "")):
            screen.send(key)
            screen.expect_exact(seen)
        until_started(screen, witnesses, "editor")
        screen.send("\x11")
        assert ended(screen) == 0
    assert [told_of(watched.canaries, witnesses, program) for program in ("pager", "editor")] == [{"PARROT"}] * 2
    assert watched.search() == ""


def until_started(screen: pexpect.spawn[str], witnesses: Witnesses, program: str) -> None:
    """Read what the app draws until it has started a program: a terminal that nobody reads holds it up."""
    deadline = time.monotonic() + SECONDS
    while program not in witnesses.told():
        assert time.monotonic() < deadline, f"no {program} was started"
        with contextlib.suppress(pexpect.TIMEOUT):
            screen.read_nonblocking(65_536, timeout=0.1)


LOOK_AROUND = """
import glob, os
print(dict(os.environ))
for place in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        print(place, open(place, "rb").read())
    except OSError as error:
        print(place, error)
"""


@pytest.mark.usefixtures("in_keyring")
def test_what_code_in_the_sandbox_sees(watched: Watched, revtops: CommandLine) -> None:
    watched("connect", "code_sandbox", "--json", env={"CODE_SANDBOX_PROVIDER": "bubblewrap"})
    seen = watched("action", "code_sandbox", "execute_code", f"code={LOOK_AROUND}", "--yes", "--json")
    assert "TMPDIR" in seen
    waiting = ("execute_command", "command=sleep 300", "timeout=300", "--yes")
    process = revtops.in_background("action", "code_sandbox", *waiting)
    try:
        deadline = time.monotonic() + SECONDS
        while not any("sleep\0" in of(each, "cmdline") for each in descendants(process.pid)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for each in descendants(process.pid):
            watched.heard("a process of the sandbox", of(each, "environ") + of(each, "cmdline"))
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)
    assert watched.search() == ""


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and that those did."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def of(pid: int, what: str) -> str:
    """What the system tells of a process; nothing where it has ended, or is told to its owner only."""
    try:
        return Path(f"/proc/{pid}/{what}").read_text(errors="replace")
    except OSError:
        return ""


async def test_the_app_in_a_browser(
    watched: Watched, server: SimulatorServer, parrot: Parrot, revtops: CommandLine
) -> None:
    connect(watched, server.url, "parrot")
    parrot.mood = "refuse"
    watched("sync", "parrot", "--record", code=None)
    process = revtops.in_background("web", "--no-open", "--json")
    try:
        assert process.stdout is not None
        address = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")["url"]
        shown = await in_browser(address)
        for each in descendants(process.pid):
            told = [name.partition(" ")[0] for name in watched.canaries.found(of(each, "environ"))]
            assert set(told) <= OURS, "a process of the app is told what it needs"
            watched.heard("its arguments", of(each, "cmdline"))
    finally:
        process.terminate()
        said = process.communicate(timeout=SECONDS)
    watched.heard("what was served", shown)
    watched.heard("the server", said[0] + said[1])
    assert watched.search() == ""


OURS = {"REVTOPS_KEYRING_PASSPHRASE", "REVTOPS_NANGO_SECRET_KEY"}
"""Variables that are the app's own."""


async def in_browser(address: str) -> str:
    """What a browser is sent: the page, its script, and all that the terminal in it is to show."""
    base = address.partition("/?")[0]
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of 127.0.0.1
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        pages = [await browser.get(path) for path in (address, f"{base}/", f"{base}/page.js")]
        shown = [await page.text() for page in pages]
        async with browser.ws_connect(f"{base}/ws?width=140&height=50", origin=base) as terminal:
            shown.append(await until_shown(terminal, "Parrot"))
            for key, seen in (("5", "/status/400"), ("6", "partial"), ("!", "Messages")):
                await terminal.send_json(["stdin", key])
                shown.append(await until_shown(terminal, seen))
    return "\n".join(shown)


async def until_shown(terminal: aiohttp.ClientWebSocketResponse, text: str) -> str:
    """What the terminal is told to show, until the text is in it."""
    shown = ""
    async with asyncio.timeout(SECONDS):
        while text not in without_codes(shown):
            message = await terminal.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            shown += message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
    return shown
