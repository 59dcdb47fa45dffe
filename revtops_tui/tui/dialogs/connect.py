"""Connecting a system: a form made from what its connector declares, tested before anything is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Static

from connectors.oauth import TOKEN_FIELDS
from connectors.parameters import Parameter, parse_auth_fields
from connectors.registry import AuthField
from revtops_tui.engine.connected import DEFAULT_NAME
from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.form import Field, Form
from revtops_tui.tui.widgets.press import Press

if TYPE_CHECKING:
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace

_NAME = Parameter(
    "connection name", label="Connection name", description="Another name makes another connection of this system."
)
_BASE_URL = Parameter(
    "base URL", type="url", label="Base URL", description="Only for a self-hosted instance or a simulator."
)
_AROUND_FIELDS = 9


class ConnectDialog(Dialog["ConnectionInfo"]):
    """Dismissed with the connection that was made, or None."""

    DEFAULT_CSS = """
    ConnectDialog {
        & VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
        & .advanced { color: $text-muted; margin-bottom: 1; border-top: solid $border-blurred; }
        & #state { height: auto; max-height: 5; color: $text-muted; }
        & #state.-wrong { color: $error; }
        & #state.-busy { color: $accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("dialog.save", "ctrl+s,f5", "save", "Test & save", show=False),
        command("dialog.sign_in", "ctrl+o,f6", "sign_in", "Sign in", show=False),
    ]

    def __init__(
        self, manifest: Mapping[str, Any], existing: ConnectionInfo | None = None, others: Sequence[str] = ()
    ) -> None:
        """`existing`: the connection whose credentials are to be replaced.

        `others`: the names of those that there are, where another one is to be made: then its name is asked for first.
        """
        super().__init__()
        self._manifest = manifest
        self._existing = existing
        self._others = others
        self._draft = existing.selector if existing else " ".join([manifest["slug"], *others])
        self._seconds = 0
        self._parameters = parse_auth_fields([AuthField(**field) for field in manifest["auth_fields"]])

    def compose(self) -> ComposeResult:
        """The connector's fields, then those every connection has."""
        draft = self.host.drafts.get(self._draft, {})
        known = {_NAME.name: DEFAULT_NAME, _BASE_URL.name: (self._existing and self._existing.base_url) or ""}
        signs_in = "ctrl+o sign in · " if self._manifest["oauth"] else ""
        with Box(self._title, f"{signs_in}ctrl+s test & save · tab next · esc close"):
            with VerticalScroll(can_focus=False):
                if self._others:
                    yield Form([self._name_among_others], draft)
                yield Form(self._parameters, draft)
                yield Static("Advanced", markup=False, classes="advanced")
                yield Form([_BASE_URL] if self._existing or self._others else [_NAME, _BASE_URL], known | draft)
            yield Static("* required", markup=False, id="state")
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                if self._manifest["oauth"]:
                    yield Press("Sign in…", name="sign-in")
                if self._can_use_nango:
                    yield Press("Nango…", name="nango")
                yield Press("Test & save", name="save")

    @property
    def _title(self) -> str:
        system = self._manifest["name"]
        if self._existing and self._existing.name != DEFAULT_NAME:
            return f"Connect {system} · {self._existing.name}"
        return f"Connect another {system}" if self._others else f"Connect {system}"

    @property
    def _name_among_others(self) -> Parameter:
        slug, there_are = self._manifest["slug"], ", ".join(self._others)
        told = f"Tells it apart from {there_are}; {slug}:NAME stands for it everywhere."
        return replace(_NAME, required=True, description=told)

    def on_mount(self) -> None:
        """Start in the first field."""
        self.query(Field).first().focus_editor()
        self._clock = self.set_interval(1, self._count, pause=True)

    def on_resize(self) -> None:
        """The fields scroll; what stands below them, and the buttons, are always in view."""
        self.query_one(VerticalScroll).styles.max_height = max(4, self.size.height - _AROUND_FIELDS)

    @property
    def _can_use_nango(self) -> bool:
        from revtops_tui.engine.nango import is_available

        return bool(self._manifest["nango_integration_id"]) and is_available()

    @property
    def _forms(self) -> list[Form]:
        return list(self.query(Form))

    def action_leave(self) -> None:
        """Close; what was typed is kept until the app is left, secrets excepted."""
        self.host.drafts[self._draft] = {k: v for form in self._forms for k, v in form.draft().items()}
        self.dismiss(None)

    @on(Press.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if any(event.input is form.query(Input).last() for form in self._forms[-2:]):
            self.action_save()
        else:
            self.focus_next()

    @on(Press.Pressed, "#sign-in")
    def action_sign_in(self) -> None:
        """Sign in with an app of the user's own, in place of a token; the other fields go with it."""
        if self._manifest["oauth"]:
            from revtops_tui.tui.dialogs.sign_in import SignInDialog

            self._go_on_with(SignInDialog)

    @on(Press.Pressed, "#nango")
    def _nango_pressed(self) -> None:
        from revtops_tui.tui.dialogs.nango import NangoDialog

        self._go_on_with(NangoDialog)

    def _go_on_with(self, dialog: Callable[..., Dialog[ConnectionInfo]]) -> None:
        """Get the token elsewhere; the other fields have to be right first."""
        others = [field for form in self._forms for field in form.fields if field.parameter.name not in TOKEN_FIELDS]
        wrong = [field for field in others if field.judge()]
        if wrong:
            wrong[0].focus_editor()
            return
        fields, name, base_url = self._typed()
        if self._is_taken(name):
            return
        kept = {name: value for name, value in fields.items() if name not in TOKEN_FIELDS}
        self.host.push_screen(dialog(self._manifest, kept, name, base_url), self._signed_in)

    def _signed_in(self, connection: ConnectionInfo | None) -> None:
        if connection is not None:
            self._connected(connection)

    @on(Press.Pressed, "#save")
    def action_save(self) -> None:
        """Check what was typed, try it at the vendor, and keep it when it works."""
        if self.query_one("#save").disabled or not all(form.check() for form in self._forms):
            return
        fields, name, base_url = self._typed()
        if self._is_taken(name):
            return
        self._say(f"Asking {self._manifest['name']} whether it knows these credentials…", "-busy")
        self._seconds = 0
        self._clock.resume()
        self.query_one("#save").disabled = True
        in_background(
            self.app,
            partial(_connect, self.host.ws, self._manifest["slug"], fields, name, base_url),
            self._connected,
            self._refused,
            group=f"connect {self._manifest['slug']}",
        )

    def _typed(self) -> tuple[dict[str, Any], str, str | None]:
        """The credentials, the connection's name, and its base URL."""
        typed = {name: value for form in self._forms for name, value in form.values().items()}
        base_url = typed.pop(_BASE_URL.name, None) or None
        given = typed.pop(_NAME.name, None)
        return typed, self._existing.name if self._existing else given or DEFAULT_NAME, base_url

    def _is_taken(self, name: str) -> bool:
        """Whether there is one of that name, whose credentials would be replaced. It is said then."""
        if name not in self._others:
            return False
        self._say(f"There is one called {name}. Choose another name.", "-wrong")
        self.query(Field).first().focus_editor()
        return True

    def _count(self) -> None:
        self._seconds += 1
        self._say(f"Asking {self._manifest['name']} whether it knows these credentials… {self._seconds} s", "-busy")

    def _connected(self, connection: ConnectionInfo) -> None:
        self.host.drafts.pop(self._draft, None)
        if self.is_current:
            self.dismiss(connection)
        else:  # the form was left while it was asked
            self.host.announce_connected(connection, self._manifest["name"])

    def _refused(self, error: EngineError) -> None:
        if not self.is_current:
            self.host.tell_error(error, title=f"{self._manifest['name']} is not connected")
            return
        self._clock.pause()
        self.query_one("#save").disabled = False
        self._say("\n".join(part for part in (error.message, error.hint) if part), "-wrong")
        self.query(Field).first().focus_editor()

    def _say(self, text: str, tone: str) -> None:
        state = self.query_one("#state", Static)
        state.set_classes(tone)
        state.update("\n".join(plain(line) for line in text.splitlines()))


def _connect(ws: Workspace, slug: str, fields: Mapping[str, Any], name: str, base_url: str | None) -> ConnectionInfo:
    from revtops_tui.engine.connections import connect

    return connect(ws, slug, fields, name=name, base_url=base_url)
