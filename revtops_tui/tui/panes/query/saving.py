"""Keeping a query under a name: which is asked for, and once more where another query has it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from revtops_tui.tui.background import in_background

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.tui.panes.query.tab import QueryTab

_HOW = "To be found again with ctrl+r, and run with `revtops queries run NAME`."


class Saving:
    """Saves the query of a tab as it is when its name is known."""

    def __init__(self, tab: QueryTab) -> None:
        self._tab = tab
        self._host = tab.host

    def ask(self) -> None:
        """Ask for the name, where there is a query."""
        from revtops_tui.tui.dialogs.note import NoteDialog

        if self._tab.text.strip():
            self._host.push_screen(NoteDialog("Save the query as", _HOW, done="saves"), self._save)
        else:
            self._host.tell("There is no query to save.")

    def _save(self, name: str | None, *, replace: bool = False) -> None:
        from revtops_tui.engine.queries import save

        if name:
            asked, text = self._tab.target.id or None, self._tab.text
            work = partial(save, self._host.ws, name, text, connection=asked, replace=replace)
            done = partial(self._saved, name)
            in_background(self._tab, work, done, partial(self._not_saved, name), group="save")

    def _saved(self, name: str, _: object) -> None:
        self._host.tell(f"Saved as {name}.")

    def _not_saved(self, name: str, error: EngineError) -> None:
        if error.kind != "name_taken":
            self._host.tell_error(error)
            return
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        question = Ask(error.message, "Save this one in its place?", (Choice("replace", "Replace"),))
        self._host.push_screen(question, lambda answer: self._save(name if answer else None, replace=True))
