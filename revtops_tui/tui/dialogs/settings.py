"""The settings, made from their declaration: chosen in a list, explained beside it, changed with enter."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from revtops_tui.engine.settings import Declared, all_declared, declared, section_help, settings_path
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.paths import shown_path
from revtops_tui.tui.text import label_of
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.settings import Settings


class SettingsDialog(Dialog[None]):
    """All settings; each change is written at once."""

    DEFAULT_CSS = """
    SettingsDialog {
        & > Box { width: 96; }
        & Horizontal { height: auto; }
        & ItemList { width: 36; height: auto; max-height: 22; border: none; &:focus { border: none; } }
        & Sheet { width: 1fr; height: 100%; min-height: 12; padding: 0 0 0 2; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("settings.edit", "e", "edit", "Edit the file", "Open it in your editor", show=False),
    ]

    def __init__(self, key: str = "") -> None:
        """`key`: the setting to begin at."""
        super().__init__()
        self._at = key

    @property
    def _settings(self) -> Settings:
        return self.host.ws.settings

    def compose(self) -> ComposeResult:
        """The list, and what is chosen."""
        with Box("Settings", "enter change · / filter · e edit the file · esc"), Horizontal():
            yield ItemList("", name="settings")
            yield Sheet(self._write)

    def on_mount(self) -> None:
        """Begin at what was asked for."""
        self.host.settings_changed.subscribe(self, lambda _: self._show())
        self._show()
        items = self.query_one(ItemList)
        if self._at:
            items.select(self._at)
        items.focus()

    def _show(self) -> None:
        items = [
            Item(each.key, label_of(each.name), self._value(each), " ", "off", label_of(each.section), each.help)
            for each in all_declared()
        ]
        self.query_one(ItemList).show(items)
        self.query_one(Sheet).rewrite()

    def _value(self, setting: Declared) -> str:
        return told(self._settings.value(setting.key))

    def _chosen(self) -> Declared | None:
        item = self.query_one(ItemList).current
        return declared(item.id) if item else None

    def on_item_list_highlighted(self) -> None:
        """Another one is chosen."""
        self.query_one(Sheet).rewrite()

    def _write(self, width: int) -> Paper:
        paper = Paper(width)
        if setting := self._chosen():
            paper.line((setting.key, "title")).text(section_help(setting.section), "muted")
            paper.blank().text(setting.help)
            paper.blank().line(("now      ", "muted"), self._value(setting))
            paper.line(("default  ", "muted"), told(setting.default))
            if setting.kind == "integer":
                paper.line(("from     ", "muted"), f"{setting.minimum:,} to {setting.maximum:,}")
        for problem in self._settings.problems:
            paper.blank().text(str(problem), "bad")
        return paper.blank().text(f"Kept in {shown_path(settings_path(self.host.ws.home))}", "muted")

    @on(ItemList.Chosen)
    def _change(self) -> None:
        setting = self._chosen()
        if setting is None:
            return
        now = self._settings.value(setting.key)
        if setting.kind == "boolean":
            self.host.change_setting(setting.key, not now)
        elif setting.kind == "keys":
            from revtops_tui.tui.dialogs.keys import KeysDialog

            self.host.push_screen(KeysDialog())
        else:
            from revtops_tui.tui.dialogs.setting_value import ChoiceDialog, ValueDialog

            cls = ChoiceDialog if setting.kind == "choice" else ValueDialog
            self.host.push_screen(cls(setting, now), partial(self._have, setting))

    def _have(self, setting: Declared, value: Any) -> None:
        if value is not None:
            self.host.change_setting(setting.key, value)

    async def action_edit(self) -> None:
        """The file itself, in the editor; mistakes are named, and nothing of it is lost."""
        from revtops_tui.engine.files import replace_private
        from revtops_tui.engine.settings import parse
        from revtops_tui.engine.settings_file import save

        path = settings_path(self.host.ws.home)
        if not path.exists():
            save(self.host.ws.home, {})
        edited = await self.host.edit(path.read_text(encoding="utf-8"), ".toml")
        if edited is None:
            return
        replace_private(path, edited)
        for problem in parse(edited).problems:
            self.host.tell(f"{problem} The default holds meanwhile.", title="settings.toml", severity="warning")
        self.host.ws.forget_settings()
        self.host.apply_settings()
        self._show()


def told(value: Any) -> str:
    """A setting's value in a few words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, str)):
        return f"{value}" or "not set"
    return f"{len(value)} of your own" if value else "none"
