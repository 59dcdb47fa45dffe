"""Signing in to a system: the user's app, the address that the browser opens, and the wait for the answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from connectors.oauth import ClientSecret
from connectors.parameters import Parameter
from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box
from revtops_tui.tui.dialogs.waiting import WaitingDialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.form import Form
from revtops_tui.tui.widgets.press import Press

if TYPE_CHECKING:
    from revtops_tui.engine.oauth.client import ClientApp
    from revtops_tui.engine.oauth.connecting import SignIn

W = TypeVar("W", bound=Widget)

_AROUND = 16
_GUIDE_LENGTH = 4_000


class SignInDialog(WaitingDialog):
    """It has two stages: asking for the app, and, with the class `-waiting`, waiting for the vendor."""

    DEFAULT_CSS = """
    SignInDialog {
        & #reading { height: auto; scrollbar-size-vertical: 1; }
        & #reading:focus #guide { color: $foreground; }
        & #guide { color: $text-muted; height: auto; }
        & #user-code { height: auto; text-style: bold; }
        & #state { margin-top: 1; }
        & .then { display: none; }
        &.-waiting .first { display: none; }
        &.-waiting .then { display: block; }
        & Input.then { border: none; height: 1; padding: 0 1; background: $panel; }
        & Input.then:focus { border: none; background: $primary 18%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("dialog.save", "ctrl+s,f5", "go", "Sign in", show=False),
        command("dialog.copy", "f7", "copy", "Copy the address", show=False),
    ]

    def __init__(self, manifest: Mapping[str, Any], fields: Mapping[str, Any], name: str, base_url: str | None) -> None:
        """`fields`: the connection's other credentials, as they were typed."""
        super().__init__(manifest, fields, name, base_url)
        self._known: ClientApp | None = None
        self._started: SignIn | None = None
        self._left = 0.0
        self._is_busy = False

    def compose(self) -> ComposeResult:
        """Both stages; what belongs to the other one is hidden."""
        app = self.manifest["oauth"]
        wanted = ClientSecret(app["client_secret"])
        asked = [Parameter("client_id", label="Client id", required=True)]
        if wanted is not ClientSecret.NONE:
            asked.append(Parameter("client_secret", "password", label="Client secret"))
        with Box(f"Sign in to {self.manifest['name']}", "ctrl+s go on · f7 copy · esc cancel"):
            yield _only("first", Form(asked, {}))
            with VerticalScroll(id="reading"):
                yield Static(_guide(self.manifest), markup=False, id="guide", classes="first")
                yield Static("", markup=False, id="address", classes="then")
            yield Static("", markup=False, id="user-code", classes="then")
            yield _only("then", Input(password=True, placeholder="paste the code, or the whole address", id="code"))
            yield Static("", markup=False, id="state")
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                if app["app_manifest"]:
                    yield _only("first", Press("Copy manifest", name="copy-manifest"))
                if app["device_url"]:
                    yield _only("first", Press("Other device", name="device"))
                yield _only("first", Press("Open browser", name="go"))
                yield _only("then", Press("Copy address", name="copy"))

    def on_mount(self) -> None:
        """Start in the first field, with the app that was used before."""
        self.query_one(Form).fields[0].focus_editor()
        in_background(self.app, self._find_app, self._found_app, self.failed, group="sign in: app")

    def on_resize(self) -> None:
        """What is to be read scrolls; the fields and the buttons are always in view."""
        self.query_one("#reading").styles.max_height = max(2, self.size.height - _AROUND)

    @on(Press.Pressed, "#go")
    def _go_pressed(self) -> None:
        self.action_go()

    @on(Press.Pressed, "#device")
    def _device_pressed(self) -> None:
        self._begin("device")

    @on(Press.Pressed, "#copy, #copy-manifest")
    def action_copy(self) -> None:
        """Copy what the user needs elsewhere: the address to open; before that, what the app is made with."""
        app = self.manifest["oauth"]
        if self._started is not None:
            self.host.copy(self._started.url, "the address to sign in at")
        elif app["app_manifest"]:
            self.host.copy(app["app_manifest"], "the manifest of the app")
        else:
            self.host.copy(_guide(self.manifest), "the guide")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "code":
            self._submit(event.input)
        elif event.input is self.query_one(Form).query(Input).last():
            self.action_go()
        else:
            self.focus_next()

    def action_go(self) -> None:
        """Go to the vendor; while waiting, take what was pasted."""
        from revtops_tui.engine.oauth.browser import is_remote

        if self._started is not None:
            self._submit(self.query_one("#code", Input))
        else:
            self._begin("paste" if is_remote() else "browser")

    # -- the app -------------------------------------------------------------------------------------------------------

    def _find_app(self) -> ClientApp | None:
        from revtops_tui.engine.oauth.connecting import known_app

        return known_app(self.host.ws, self.manifest["slug"], self.connection_name)

    def _found_app(self, known: ClientApp | None) -> None:
        if known is None or self.is_over.is_set():
            return
        self._known = known
        editor = self.query_one(Form).fields[0].query_one(Input)
        if not editor.value:
            editor.value = known.client_id
        self.say("The app and its secret are known from before; an empty secret means that one.")

    def _app(self) -> ClientApp:
        from revtops_tui.engine.oauth.client import ClientApp

        typed = self.query_one(Form).values()
        client_id, secret = typed["client_id"], typed.get("client_secret")
        if self._known and client_id == self._known.client_id:
            secret = secret or self._known.client_secret
        return ClientApp(client_id, secret)

    # -- the wait ------------------------------------------------------------------------------------------------------

    def _begin(self, way: str) -> None:
        if self._is_busy or not self.query_one(Form).check():
            return
        self.told = f"Asking {self.manifest['name']}…"
        self._is_busy = True
        self.wait_for(partial(self._sign_in, self._app(), way))

    def _sign_in(self, app: ClientApp, way: str) -> Mapping[str, Any]:
        from revtops_tui.engine.oauth.connecting import begin, brought

        with begin(self.host.ws, self.manifest["slug"], app, way=way, base_url=self.base_url) as started:
            self.on_loop(lambda: self._waiting(started))
            grant = started.finish(cancelled=self.is_over.is_set, tick=self._tick)
            self.on_loop(self._trying)
            return brought(started, grant)

    def seconds_left(self) -> float:
        """How long the vendor may take yet."""
        return self._left

    def _tick(self, left: float) -> None:
        self._left = left

    def _waiting(self, started: SignIn) -> None:
        self._started = started
        self.add_class("-waiting")
        opened = self.show_address(started.url)
        if started.kind == "device":
            user_code: str = started.user_code  # type: ignore[union-attr]  # its kind says so
            self.query_one("#user-code", Static).update(plain(f"and enter the code {user_code}"))
            self.query_one("#code").display = False
            self.told = "Open the address on any device. Waiting for you"
        else:
            self.told = f"{_where(opened, started.listening)} Waiting for you"
        self.query_one("#copy" if started.listening else "#code").focus()

    def _trying(self) -> None:
        self._left = 0.0
        self.told = f"Signed in; asking {self.manifest['name']} who you are…"

    def _submit(self, editor: Input) -> None:
        from revtops_tui.engine.errors import EngineError

        if self._started is None or self._started.kind == "device":
            return
        try:
            self._started.submit(editor.value)  # type: ignore[union-attr]  # its kind says so
        except EngineError as error:
            self.told = error.message
            self.say(f"{error.message} {error.hint}", "-wrong")
        editor.value = ""

    def stopped(self) -> None:
        """Back to the app."""
        self._is_busy = False
        self._started = None
        self._left = 0.0
        self.remove_class("-waiting")
        self.query_one(Form).fields[0].focus_editor()


def _only(stage: str, widget: W) -> W:
    """A widget that is seen in one stage."""
    widget.add_class(stage)
    return widget


def _where(opened: bool, listening: bool) -> str:
    """What the user does now."""
    if listening:
        return "Your browser was opened there." if opened else "Open the address in a browser on this machine."
    return (
        f"{'Your browser was opened there' if opened else 'Open the address in any browser'}; paste where it ends up."
    )


def _guide(manifest: Mapping[str, Any]) -> str:
    """How to make the app, and which scopes it needs for what."""
    app = manifest["oauth"]
    steps = [f"{number}. {step}" for number, step in enumerate(app["guide"].splitlines(), 1)]
    lines = ["With an app of your own, which is made once:", *steps, f"Scopes: {', '.join(manifest['oauth_scopes'])}"]
    return "\n".join(plain(line, _GUIDE_LENGTH) for line in lines)
