"""The dialogs that open from anywhere in the app, by the name that the app's keys have for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.dialogs.search import Place


def show_help(app: RevtopsApp) -> None:
    """The keys of the screen that is shown."""
    from revtops_tui.tui.dialogs.help import HelpDialog

    app.push_screen(HelpDialog(list(app.screen.active_bindings.values())))


def show_search(app: RevtopsApp) -> None:
    """Find any record; what is chosen is opened."""
    from revtops_tui.tui.dialogs.search import SearchDialog

    async def chosen(place: Place | None) -> None:
        if place is not None:
            await app.open_record(place.entity, place.id)

    if not isinstance(app.screen, SearchDialog):
        app.push_screen(SearchDialog(), chosen)


def show_jump(app: RevtopsApp) -> None:
    """A letter on everything that can be focused."""
    from revtops_tui.tui.dialogs.jump import JumpOverlay

    app.push_screen(JumpOverlay.over(app.screen))


def show_pictures(app: RevtopsApp) -> None:
    """The ready pictures of the local data."""
    from revtops_tui.tui.dialogs.pictures import PicturesDialog

    app.push_screen(PicturesDialog())


def show_settings(app: RevtopsApp, key: str = "") -> None:
    """The settings, at one of them."""
    from revtops_tui.tui.dialogs.settings import SettingsDialog

    app.push_screen(SettingsDialog(key))


def show_tasks(app: RevtopsApp) -> None:
    """What runs, and what has ended."""
    from revtops_tui.tui.dialogs.tasks import TasksDialog

    app.push_screen(TasksDialog())


def show_notices(app: RevtopsApp) -> None:
    """What was told."""
    from revtops_tui.tui.dialogs.notices import NoticesDialog

    app.push_screen(NoticesDialog())


def show_organizations(app: RevtopsApp) -> None:
    """The organizations; the one that is chosen is looked at."""
    from revtops_tui.tui.dialogs.organizations import OrganizationsDialog

    app.push_screen(OrganizationsDialog(), app.look_at)


DIALOGS: Mapping[str, Callable[[RevtopsApp], None]] = {
    "help": show_help,
    "search": show_search,
    "jump": show_jump,
    "pictures": show_pictures,
    "settings": show_settings,
    "tasks": show_tasks,
    "notices": show_notices,
    "organizations": show_organizations,
}
OVER_OTHERS = frozenset({"help", "search", "pictures"})
"""Those that open over another dialog too."""
