"""What one does with a connection or a connector from the list of them: connect, rename, test, sync, disconnect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.dom import DOMNode

from revtops_tui.tui.background import in_background

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.sync import RunInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.panes.connectors.inventory import Entry
    from revtops_tui.tui.shell.jobs import Extent


class Doing:
    """Does it for one screen, and says how it went. `busy` are the entries that are being connected or tested."""

    def __init__(self, node: DOMNode, host: RevtopsApp, *, repaint: Callable[[], object]) -> None:
        """`repaint` is called when `busy` changes."""
        self._node = node
        self._host = host
        self._repaint = repaint
        self.busy: set[str] = set()

    def connect(self, entry: Entry) -> None:
        """Connect it: at once where it is built in, else with its form."""
        if entry.manifest is None or entry.id in self.busy:
            return
        if not entry.manifest["builtin"] or entry.connection is not None:
            self._show_form(entry)
            return
        self._begin(entry)
        in_background(
            self._node,
            partial(_connect_builtin, self._host.ws, entry.slug),
            partial(self._connected_builtin, entry),
            partial(self._needs_form, entry),
            group=f"connect {entry.slug}",
        )

    def _connected_builtin(self, entry: Entry, connection: ConnectionInfo) -> None:
        self._end(entry)
        self._host.announce_connected(connection, entry.title)

    def _needs_form(self, entry: Entry, error: EngineError) -> None:
        self._end(entry)
        self._host.tell(error.message, title=entry.title, severity="warning")
        self._show_form(entry)

    def _show_form(self, entry: Entry) -> None:
        if entry.manifest is None:
            return
        from revtops_tui.tui.dialogs.connect import ConnectDialog

        self._host.push_screen(ConnectDialog(entry.manifest, entry.connection), partial(self._connected, entry))

    def _connected(self, entry: Entry, connection: ConnectionInfo | None) -> None:
        if connection is not None:
            self._host.announce_connected(connection, entry.title)

    def connect_another(self, entry: Entry, names: Sequence[str]) -> None:
        """Connect its system once more; `names` are taken."""
        if entry.manifest is None:
            return
        from revtops_tui.tui.dialogs.connect import ConnectDialog

        def connected(connection: ConnectionInfo | None) -> None:
            if connection is not None and entry.manifest is not None:
                self._host.announce_connected(connection, f"{entry.manifest['name']} · {connection.name}")

        self._host.push_screen(ConnectDialog(entry.manifest, others=names), connected)

    def rename(self, entry: Entry) -> None:
        """Ask for another name, and give it."""
        if entry.connection is None:
            return
        from revtops_tui.tui.dialogs.note import NoteDialog

        told = f"Commands take it as {entry.slug}:NAME. Its records, runs, queries and credentials stay with it."
        dialog = NoteDialog(f"Rename {entry.title}", told, done="renames it", value=entry.connection.name)
        self._host.push_screen(dialog, partial(self._rename, entry))

    def _rename(self, entry: Entry, name: str | None) -> None:
        if name is None:
            return
        in_background(
            self._node,
            partial(_rename, self._host.ws, entry.id, name),
            partial(self._renamed, entry),
            partial(self._host.tell_error, title=entry.title),
            group=f"rename {entry.id}",
        )

    def _renamed(self, entry: Entry, renamed: ConnectionInfo) -> None:
        ended = self._host.jobs.ended
        if entry.id in ended:
            ended[renamed.selector] = ended.pop(entry.id)
        self._host.tell(f"It is {renamed.selector} now.", title=entry.title)
        self._host.changed.publish(None)

    def test(self, entry: Entry) -> None:
        """Ask the vendor whether the connection still works."""
        if entry.id in self.busy:
            return
        self._begin(entry)
        in_background(
            self._node,
            partial(_test, self._host.ws, entry.id),
            partial(self._tested, entry),
            partial(self._test_failed, entry),
            group=f"test {entry.id}",
        )

    def _tested(self, entry: Entry, identity: str) -> None:
        self._end(entry)
        self._host.tell(f"Works, as {identity}." if identity else "Works.", title=entry.title)
        self._host.changed.publish(None)

    def _test_failed(self, entry: Entry, error: EngineError) -> None:
        self._end(entry)
        self._host.tell_error(error, title=entry.title)
        self._host.changed.publish(None)

    def sync_with(self, entry: Entry) -> None:
        """Ask how far to sync it, and do."""
        if entry.manifest is None:
            return
        from revtops_tui.tui.dialogs.sync import SyncDialog

        def said(extent: Extent | None) -> None:
            if extent is not None:
                self._host.start_sync(entry.id, entry.title, extent)

        self._host.push_screen(SyncDialog(entry.title, entry.manifest["entity_types"]), said)

    def schedule(self, entry: Entry) -> None:
        """Ask when it is to be synced by itself."""
        if entry.connection is None:
            return
        from revtops_tui.tui.dialogs.schedule import ScheduleDialog

        def changed(is_changed: bool | None) -> None:
            if is_changed:
                self._host.changed.publish(None)

        self._host.push_screen(ScheduleDialog(entry.title, entry.connection), changed)

    def disconnect(self, entry: Entry) -> None:
        """Ask, then forget the credentials of a connection."""
        if entry.connection is None:
            return
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        rows = sum(entry.connection.counts.values())
        question = Ask(
            f"Disconnect {entry.title}?",
            f"Its credentials are forgotten. The {rows:,} records it brought stay, unless you delete them too.",
            (
                Choice("keep", "Disconnect"),
                *([Choice("delete", "Disconnect and delete data", danger=True)] if rows else []),
            ),
        )
        self._host.push_screen(question, partial(self._disconnect, entry))

    def _disconnect(self, entry: Entry, answer: str | None) -> None:
        if answer is None:
            return
        in_background(
            self._node,
            partial(_disconnect, self._host.ws, entry.id, delete_data=answer == "delete"),
            partial(self._disconnected, entry),
            partial(self._host.tell_error, title=entry.title),
            group=f"disconnect {entry.id}",
        )

    def _disconnected(self, entry: Entry, deleted: int) -> None:
        self._host.jobs.ended.pop(entry.id, None)
        self._host.tell(f"Disconnected{f'; {deleted:,} records deleted' if deleted else ''}.", title=entry.title)
        self._host.changed.publish(None)

    def _begin(self, entry: Entry) -> None:
        self.busy.add(entry.id)
        self._repaint()

    def _end(self, entry: Entry) -> None:
        self.busy.discard(entry.id)
        self._repaint()


def can(action: str, entry: Entry | None, host: RevtopsApp, elsewhere: Mapping[str, RunInfo]) -> bool:
    """Whether an action makes sense for what is chosen; the rest is neither offered nor done."""
    if entry is None:
        return action not in _ABOUT_ONE
    here = entry.id in host.jobs.running
    idle = entry.connection is not None and not here and entry.id not in elsewhere
    possible = {
        "sync": entry.can_sync and idle,
        "sync_with": entry.can_sync and idle,
        "schedule": entry.can_sync,
        "cancel": here,
        "connect": entry.manifest is not None,
        "another": entry.manifest is not None and entry.connection is not None,
        "rename": idle,
        "query": entry.can_query,
        "act": entry.can_act,
        "test": idle,
        "disconnect": idle,
        "panel": entry.connection is not None,
    }
    return possible.get(action, True)


_ABOUT_ONE = frozenset(
    {
        *("sync", "sync_with", "schedule", "cancel", "connect", "another", "rename"),
        *("query", "act", "test", "disconnect", "panel"),
    }
)


# Called in threads, where importing the engine does not hold up a frame.


def _connect_builtin(ws: Workspace, slug: str) -> ConnectionInfo:
    from revtops_tui.engine.builtin import connect_builtin

    return connect_builtin(ws, slug)


def _rename(ws: Workspace, selector: str, name: str) -> ConnectionInfo:
    from revtops_tui.engine.renaming import rename

    return rename(ws, selector, name)


def _test(ws: Workspace, selector: str) -> str:
    from revtops_tui.engine.connections import test

    return test(ws, selector)


def _disconnect(ws: Workspace, selector: str, *, delete_data: bool) -> int:
    from revtops_tui.engine.connections import disconnect

    return disconnect(ws, selector, delete_data=delete_data)
