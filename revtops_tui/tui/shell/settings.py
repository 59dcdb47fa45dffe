"""What the settings say of the app itself, its colours and its keys: at the start, and when one of them is changed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App

from revtops_tui.tui.background import in_background
from revtops_tui.tui.theme import DARK, PLAIN, THEMES

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp


def begin(app: RevtopsApp) -> None:
    """Have our looks beside Textual's, and the styles parsed with the usual one.

    To change the colours at the first frame would parse everything again.
    """
    for theme in THEMES:
        app.register_theme(theme)
    app.set_reactive(App.theme, _usual_theme(app))
    app.stylesheet.set_variables(app.get_css_variables())


def apply(app: RevtopsApp) -> None:
    """Look and listen as the settings say."""
    settings = app.ws.settings
    chosen = settings.appearance.theme
    app.theme = _usual_theme(app) if app.no_color or chosen == "auto" else chosen
    if settings.keys.bindings or settings.keys.preset != "default":
        from revtops_tui.tui.shell.keys import keymap

        app.set_keymap(keymap(settings.keys))
    else:
        app.set_keymap({})


def change(app: RevtopsApp, key: str, value: Any) -> None:
    """Write a setting, and live by it."""

    def changed(_: object) -> None:
        app.ws.forget_settings()
        apply(app)
        app.settings_changed.publish(None)

    def failed(error: EngineError) -> None:
        apply(app)  # what was tried on is taken off
        app.tell_error(error, title=key)

    in_background(app, partial(_save, app.ws, key, value), changed, failed, group="settings")


def _usual_theme(app: RevtopsApp) -> str:
    return PLAIN.name if app.no_color else DARK.name


def _save(ws: Workspace, key: str, value: Any) -> None:
    from revtops_tui.engine.settings_file import save

    save(ws.home, {key: value})
