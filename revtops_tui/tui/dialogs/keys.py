"""Every command with its keys; enter, and the next key that is pressed is the command's own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.shell.keys import Command, conflicts, distinct, keymap, keys_of, undeliverable, with_command
from revtops_tui.tui.text import label_of
from revtops_tui.tui.widgets.item_list import Item, ItemList

if TYPE_CHECKING:
    from revtops_tui.engine.settings import Keys

_BINDINGS = "keys.bindings"


class KeysDialog(Dialog[None]):
    """The commands by area, with the keys they have now."""

    DEFAULT_CSS = """
    KeysDialog {
        & ItemList { height: auto; max-height: 24; border: none; &:focus { border: none; } }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("keys.default", "d", "default", "Default", "Give it the app's own key again", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The list."""
        with Box("Keys", "enter another key · d the app's own · / filter · esc"):
            yield ItemList("", empty="Reading…", name="commands")

    def on_mount(self) -> None:
        """Read them; that imports every screen, once."""
        self.host.settings_changed.subscribe(self, lambda _: self._show())
        self.query_one(ItemList).focus()
        self.call_after_refresh(self._show)

    @property
    def _keys(self) -> Keys:
        return self.host.ws.settings.keys

    def _show(self) -> None:
        self.query_one(ItemList).show([self._item(each) for each in distinct()])

    def _item(self, command: Command) -> Item:
        mine = command.id in self._keys.bindings
        keys = " ".join(self._shown(key) for key in keys_of(command, self._keys))
        label = f"{command.help.split('.')[0]}"
        return Item(command.id, label, keys, "●" if mine else " ", "good", label_of(command.area), command.id)

    def _shown(self, key: str) -> str:
        return self.app.get_key_display(Binding(key, ""))

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        command = next(each for each in distinct() if each.id == message.item.id)
        self.host.push_screen(PressDialog(command, self._keys), partial(self._have, command))

    def _have(self, command: Command, pressed: str | None) -> None:
        if pressed is not None:
            self.host.change_setting(_BINDINGS, with_command(self._keys, command.id, pressed))

    def action_default(self) -> None:
        """Forget the user's own keys for what is chosen."""
        item = self.query_one(ItemList).current
        if item and item.id in self._keys.bindings:
            self.host.change_setting(_BINDINGS, {k: v for k, v in self._keys.bindings.items() if k != item.id})


class PressDialog(Dialog[str]):
    """Waits for a key, and is dismissed with it; one that is taken or does not arrive is refused with the reason."""

    DEFAULT_CSS = """
    PressDialog .problem { height: auto; color: $error; }
    """
    takes_every_key = True

    def __init__(self, command: Command, keys: Keys) -> None:
        super().__init__()
        self._command = command
        self._keys = keys

    def compose(self) -> ComposeResult:
        """What is to be pressed."""
        with Box("Press the new key", "esc leaves it as it is"):
            yield Static(self._command.help, markup=False)
            yield Static("", markup=False, classes="problem")

    def on_key(self, event: events.Key) -> None:
        """Take it, or say why not."""
        if event.key == "escape":
            return
        event.stop()
        event.prevent_default()
        if wrong := self._wrong(event.key):
            self.query_one(".problem", Static).update(wrong)
        else:
            self.dismiss(event.key)

    def _wrong(self, key: str) -> str:
        if wrong := undeliverable(key):
            return wrong
        bound = keymap(replace(self._keys, bindings=with_command(self._keys, self._command.id, key)))
        taken = [each for each in conflicts(bound) if each.key == key and self._command in (each.first, each.second)]
        if not taken:
            return ""
        other = taken[0].second if taken[0].first == self._command else taken[0].first
        return f"{key} is taken: {other.help} ({other.id})."
