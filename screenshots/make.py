"""Take the pictures of the gallery: the running app over the demo, walked by keys.

Usage: `make screenshots`. Each picture is a line of `PICTURES`: it is written to `screenshots/NAME.svg`, and
`screenshots/README.md` shows them all. What each screen is pictured by is said by `shows`, which a test holds against
the screens there are.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from revtops_tui.engine import queries
from revtops_tui.engine.data import sql
from revtops_tui.engine.demo import Demo
from revtops_tui.engine.operations import submit
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.app import RevtopsApp
from revtops_tui.tui.theme import CONTRAST, DARK, LIGHT, PLAIN

HERE = Path(__file__).parent
SIZE = (110, 30)
_PATIENCE = 60.0
_LIVE = "deals where amount > 100000 and dealname contains renewal order by amount desc limit 50"
_STAGES = """\
select d.stage, count(*) as deals, round(sum(d.amount)) as amount
from deals d join accounts a on a.source_id = d.account_source_id
where d.currency = 'USD' and a.industry = 'RETAIL'
group by d.stage order by amount desc"""
Walk = Callable[["Walker"], Awaitable[None]]


class Walker:
    """Goes through the app by keys."""

    def __init__(self, app: RevtopsApp, pilot: Pilot[None]) -> None:
        self.app = app
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and wait for what they lead to."""
        await self._pilot.press(*keys)
        await self.settled()

    async def paste(self, text: str) -> None:
        """Paste a text where the focus is."""
        self.app.post_message(events.Paste(text))
        await self._pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(_PATIENCE):
            while not condition():
                await self._pilot.pause(0.05)

    async def settled(self) -> None:
        """Wait until no work is under way."""
        await self.until(lambda: all(worker.is_finished for worker in self.app.workers))
        await self._pilot.pause()

    async def system(self, name: str, *, panel: str = "overview") -> None:
        """Choose a connection in the list, and one of its sides."""
        await self.press("slash", *name, "enter")
        await self.press("slash", "escape")
        await self.press(*["right_square_bracket"] * PANELS.index(panel))

    async def table(self, name: str) -> None:
        """Open a table."""
        await self.press("2")
        await self.press("slash", *name, "enter", "enter")
        await self.press("escape", "slash", "escape", "enter")


PANELS = ("overview", "sync", "act", "events", "rejected", "query", "traffic")


@dataclass(frozen=True)
class Picture:
    """A picture: its file, what is said beneath it, how one gets there, and the tab, panel or dialog that it shows."""

    name: str
    title: str
    shows: str
    walk: Walk
    theme: str = DARK.name


def _keys(*keys: str) -> Walk:
    async def walk(at: Walker) -> None:
        for key in keys:
            await at.press(key)

    return walk


def _panel(panel: str, system: str = "hubspot", *keys: str) -> Walk:
    async def walk(at: Walker) -> None:
        await at.system(system, panel=panel)
        for key in keys:
            await at.press(key)

    return walk


def _deals(*keys: str) -> Walk:
    async def walk(at: Walker) -> None:
        await at.table("deals")
        await at.press("l", "s", "s")
        await at.press("left")
        for key in keys:
            await at.press(key)

    return walk


async def _syncing(at: Walker) -> None:
    await at.system("hubspot")
    await at._pilot.press("f")
    await at.until(lambda: any(_has_half(job.progress) for job in at.app.jobs.running.values()))


def _has_half(progress: object) -> bool:
    states = [entity.state for entity in getattr(progress, "entities", {}).values()]
    return "done" in states and "running" in states


def _asked(text: str, *keys: str, live: bool = False) -> Walk:
    async def walk(at: Walker) -> None:
        if live:
            await at.system("hubspot")
            await at.press("e")
        else:
            await at.press("3")
        await at.paste(text)
        await at.press("f5")
        for key in keys:
            await at.press(key)

    return walk


def _form(system: str, operation: str, *fields: str, then: tuple[str, ...] = ()) -> Walk:
    async def walk(at: Walker) -> None:
        await at.system(system)
        await at.press("w")
        await at.press("slash", *operation, "enter")
        await at.press("enter")
        for field in fields:
            await at.paste(field)
            await at.press("tab")
        for key in then:
            await at.press(key)

    return walk


async def _find(at: Walker) -> None:
    await at.press("ctrl+f")
    await at.press(*"delta")
    await at.until(lambda: "indexing" not in str(at.app.screen.query_one("Box").border_title))
    await at.settled()


async def _brought(at: Walker) -> None:
    await at.app.show_traffic("system:hubspot method:get path:/crm/v3/objects/companies")
    await at.settled()
    await at.press("o")


async def _themes(at: Walker) -> None:
    at.app.show_settings("appearance.theme")
    await at.settled()
    await at.press("enter")


async def _bindings(at: Walker) -> None:
    at.app.show_settings("keys.bindings")
    await at.settled()
    await at.press("enter")


async def _palette(at: Walker) -> None:
    await at.press("ctrl+p")
    await at.paste("sync")
    await asyncio.sleep(0.5)


PICTURES = (
    Picture("connectors", "A connection: how it stands and what it brought", "connectors overview", _panel("overview")),
    Picture("syncing", "A full sync under way; one may go on elsewhere", "overview", _syncing),
    Picture("home", "Home: what needs somebody, and every connection", "home", _keys("home")),
    Picture("sync-history", "The syncs of a connection, run by run", "sync", _panel("sync")),
    Picture("act", "What can be written to a system, and done in it", "act", _panel("act", "hubspot", "tab")),
    Picture("schema", "What can be asked, and how", "query panel", _panel("query")),
    Picture("panel-traffic", "What was exchanged with one system", "traffic panel", _panel("traffic")),
    Picture("connect", "Connecting a system: a form made from what its connector declares", "ConnectDialog",
            _panel("overview", "hubspot", "n")),
    Picture("sign-in", "Signing in with an app of one's own, where the vendor lets one", "SignInDialog",
            _panel("overview", "hubspot", "n", "ctrl+o")),
    Picture("schedule", "A schedule, with the next times", "ScheduleDialog",
            _panel("overview", "hubspot", "h", "1", "5", "m")),
    Picture("sync-some", "A sync of some, since a day, or only tried", "SyncDialog",
            _panel("overview", "hubspot", "S")),
    Picture("data", "A table: the largest deals first", "data", _deals()),
    Picture("record", "One deal with what belongs to it; enter follows", "RecordDialog", _deals("enter")),
    Picture("columns", "Which columns are shown, in which order", "ColumnsDialog", _deals("c")),
    Picture("export", "Any rows into a file", "ExportDialog", _deals("E")),
    Picture("copy", "Any record to where it can be pasted", "CopyDialog", _deals("y")),
    Picture("find", "Any record of any system while one types", "SearchDialog", _find),
    Picture("query", "A question to HubSpot, live", "query", _asked(_LIVE, live=True)),
    Picture("sql", "SQL over everything, in colour", "query", _asked(_STAGES, "tab")),
    Picture("chart", "The rows of a query, drawn", "ChartDialog", _asked(_STAGES, "tab", "p")),
    Picture("history", "Queries that were saved or run", "QueriesDialog", _keys("3", "ctrl+r")),
    Picture("ask-whom", "Whom a query asks", "TargetDialog", _keys("3", "f2")),
    Picture("pipeline", "The pipeline by stage", "PicturesDialog", _keys("P")),
    Picture("won", "Won by month", "PicturesDialog", _keys("P", "right")),
    Picture("activity", "When people are at work", "PicturesDialog", _keys("P", "right", "right")),
    Picture("fill-in", "A write, with what will be sent beside it", "FillInDialog",
            _form("hubspot", "update_deal", "9000000001", "Renewal 2026", "77000")),
    Picture("send", "Nothing is sent before one has seen what", "SendDialog",
            _form("slack", "send_message", "C0000000001", "", "The deal is closed.", then=("f5",))),
    Picture("inbox", "What agents ask for waits for approval", "inbox", _keys("4")),
    Picture("reject", "A rejection says why", "NoteDialog", _keys("4", "x")),
    Picture("traffic", "Every exchange with a vendor, without its secrets", "traffic", _keys("5", "j", "j")),
    Picture("traffic-filter", "What the traffic can be filtered by", "TrafficFilter", _keys("5", "slash")),
    Picture("brought", "From an exchange to the rows that it brought", "BroughtRows", _brought),
    Picture("runs", "Every sync, and what was rejected", "runs", _keys("6")),
    Picture("disconnect", "What cannot be undone is asked about", "Ask", _panel("overview", "hubspot", "D")),
    Picture("palette", "Every command, connection and table by name", "CommandPalette", _palette),
    Picture("help", "The keys that do something where one is", "HelpDialog", _keys("question_mark")),
    Picture("jump", "Anything on the screen by a letter", "JumpOverlay", _keys("ctrl+o")),
    Picture("filters", "How a filter is written", "FilterWordsDialog", _deals("f2")),
    Picture("settings", "Settings are a commented file, written from here", "SettingsDialog", _keys("comma")),
    Picture("themes", "A look is tried on while one chooses", "ChoiceDialog", _themes),
    Picture("keys", "Every key can be another one", "KeysDialog", _bindings),
    Picture("organizations", "Organizations are kept apart", "OrganizationsDialog", _keys("O")),
    Picture("light", "A light look", "data", _deals(), LIGHT.name),
    Picture("contrast", "High contrast", "data", _deals(), CONTRAST.name),
    Picture("plain", "Without colour, as with NO_COLOR", "data", _deals(), PLAIN.name),
)  # fmt: skip


def _prepare(ws: Workspace) -> None:
    """Something waits, and something was asked before."""
    deals = sql(ws, "SELECT source_id, name FROM deals WHERE source_system = 'hubspot' ORDER BY amount DESC LIMIT 2")
    for (deal, name), amount in zip(deals.rows, (240_000, 96_500), strict=True):
        reason = f"The customer agreed to this amount for {name} on the phone."
        submit(
            ws, "hubspot", "write", "update_deal", {"id": deal, "amount": amount}, requested_by="agent", reason=reason
        )
    queries.save(ws, "stages", _STAGES)


async def take(ws: Workspace, picture: Picture, folder: Path) -> None:
    """Take one picture, in an app that remembers nothing of the one before."""
    shutil.rmtree(ws.home / "app_state", ignore_errors=True)
    now = partial(dt.datetime.now, dt.UTC)
    app = RevtopsApp(ws, clock=lambda: now() + dt.timedelta(minutes=5))
    async with app.run_test(size=SIZE) as pilot:
        at = Walker(app, pilot)
        await at.until(lambda: app.is_open)
        await at.settled()
        app.theme = picture.theme
        app.clear_notifications()
        await picture.walk(at)
        await pilot.pause()
        (folder / f"{picture.name}.svg").write_text(app.export_screenshot(title="revtops"), encoding="utf-8")
        app.cancel_all()
        await at.until(lambda: not app.running)


def page() -> str:
    """The gallery's page."""
    parts = [
        "# Gallery",
        "`make screenshots` takes these pictures of the app over its demo: a made-up company, and simulated vendors.",
    ]
    parts += [f"## {picture.title}\n\n![{picture.title}]({picture.name}.svg)" for picture in PICTURES]
    return "\n\n".join(parts) + "\n"


@contextmanager
def _nobodys_home() -> Iterator[None]:
    """A home of nobody's, so that no path of this machine is in a picture."""
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)  # a database server of the demo may run as somebody else
        os.environ["HOME"] = tempfile.tempdir = home
        yield
        tempfile.tempdir = None


def main(folder: Path = HERE) -> None:
    """Take every picture, or those that are named, and write the page."""
    wanted = [picture for picture in PICTURES if picture.name in sys.argv[1:]] or PICTURES
    with _nobodys_home(), Demo(size=20_000, pace=None) as ws:
        sync(ws)
        _prepare(ws)
        for picture in wanted:
            asyncio.run(take(ws, picture, folder))
            sys.stderr.write(f"{folder / picture.name}.svg\n")
    (folder / "README.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
