"""Rows into a file: what will be written, as what, and where. The writing goes on as a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.ask import Ask, Choice
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.paths import completed, file_name, shown_path
from revtops_tui.tui.shell.tasks import Task, TaskProgress
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.words import file_size, plural

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.export import Exported, Options
    from revtops_tui.tui.app import RevtopsApp

FORMATS = (
    (".csv", "CSV", "programs of every kind"),
    (".xlsx", "Excel", "people with a spreadsheet; text stays text"),
    (".jsonl", "JSON lines", "scripts; one object a line"),
    (".parquet", "Parquet", "analysis; small, with types"),
)
"""As `engine.export.FORMATS`, without its import in a frame."""


Write = Callable[[Path, TaskProgress, "Options"], "Exported"]
"""Writes the rows, in a thread, by a function of `engine.export`; the progress says when it was cancelled."""


@dataclass(frozen=True)
class Look:
    """What stands in the way of a file: `problem` for good, or that it `exists`."""

    path: Path
    problem: str = ""
    exists: bool = False


class ExportDialog(Dialog[None]):
    """A path to type, with its formats on the arrow keys. Enter writes, after a question where a file is there."""

    DEFAULT_CSS = """
    ExportDialog {
        & ItemList { height: 4; border: none; margin: 1 0; &:focus { border: none; } }
        & Input {
            border: none; height: 1; padding: 0 1; background: $panel;
            &:focus { border: none; background: $primary 18%; }
        }
        & #about { color: $text-muted; }
        & #state { height: auto; max-height: 4; margin-top: 1; color: $text-muted; &.-wrong { color: $error; } }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("export.next", "down", "format(1)", "Next format", show=False, priority=True),
        command("export.previous", "up", "format(-1)", "Previous format", show=False, priority=True),
        command("export.complete", "tab", "complete", "Complete the path", show=False, priority=True),
    ]

    def __init__(self, title: str, name: str, write: Write, *, about: str = "") -> None:
        """`name` is the file's, without an ending; `about` says how many rows and columns will be in it."""
        super().__init__()
        self._heading = title
        self._file = name
        self._write = write
        self._about = about

    def compose(self) -> ComposeResult:
        """The path, the formats, and what stands in the way."""
        with Box(f"Export {self._heading}", "↑ ↓ format · tab completes · enter writes · esc"):
            yield Static(plain(self._about), markup=False, id="about")
            formats = ItemList("", name="formats")
            formats.can_focus = False
            yield formats
            yield Input(select_on_focus=False)
            yield Static("", markup=False, id="state")

    def on_mount(self) -> None:
        """Offer a file: in the folder and in the format of the last time."""
        state = self.host.state
        ending = state.get("export.ending", FORMATS[0][0])
        ending = ending if ending in {known for known, *_ in FORMATS} else FORMATS[0][0]
        folder = state.get("export.folder") or self.host.ws.settings.export.folder
        with self.prevent(ItemList.Highlighted):
            self._list.show([Item(ending, f"{title:<12}{good_for}") for ending, title, good_for in FORMATS])
        self._input.value = f"{str(folder).rstrip('/')}/{file_name(self._file)}{ending}"
        self._input.focus()

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    @property
    def _list(self) -> ItemList:
        return self.query_one(ItemList)

    # -- the format

    def action_format(self, by: int) -> None:
        """The next format: the path gets its ending."""
        endings = [ending for ending, *_ in FORMATS]
        path = Path(self._input.value)
        at = endings.index(path.suffix.lower()) if path.suffix.lower() in endings else -1 if by > 0 else 0
        self._take(endings[(at + by) % len(endings)])

    def _take(self, ending: str) -> None:
        text = self._input.value
        suffix = Path(text).suffix
        known = suffix.lower() in {known for known, *_ in FORMATS}
        self._input.value = f"{text[: -len(suffix)] if known else text}{ending}"
        self._input.cursor_position = len(self._input.value)

    @on(ItemList.Highlighted)
    def _clicked(self, message: ItemList.Highlighted) -> None:
        if message.item:
            self._take(message.item.id)

    # -- the path

    def action_complete(self) -> None:
        """Complete the path as a shell does."""
        in_background(
            self,
            partial(completed, self._input.value),
            self._completed,
            self._failed,
            group="complete",
            exclusive=True,
        )

    def _completed(self, found: tuple[str, list[str]]) -> None:
        self._input.value, others = found
        self._input.cursor_position = len(self._input.value)
        if len(others) > 1:
            self._say("  ".join(plain(name, 30) for name in others[:12]) + ("  …" if len(others) > 12 else ""))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        with self.prevent(ItemList.Highlighted):
            self._list.select(Path(self._input.value).suffix.lower())
        in_background(self, partial(_look, event.value), self._looked, self._failed, group="look", exclusive=True)

    def _looked(self, look: Look) -> None:
        self._say(look.problem or ("It is already there; enter asks first." if look.exists else ""), bool(look.problem))

    def _say(self, text: str, wrong: bool = False) -> None:
        state = self.query_one("#state", Static)
        state.set_class(wrong, "-wrong")
        state.update(text)

    def _failed(self, error: EngineError) -> None:
        self._say(plain(f"{error.message} {error.hint}"), wrong=True)

    # -- writing

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        in_background(self, partial(_look, event.value), self._begin, self._failed, group="begin", exclusive=True)

    def _begin(self, look: Look) -> None:
        if look.problem:
            self._looked(look)
            return
        if not look.exists:
            self._start(look.path, replace=False)
            return
        question = Ask(
            f"Replace {plain(look.path.name, 40)}?",
            f"{shown_path(look.path)} is already there. Its content would be gone.",
            (Choice("replace", "Replace it", danger=True),),
            cancel="Keep it",
        )
        self.app.push_screen(question, lambda answer: self._start(look.path, replace=True) if answer else None)

    def _start(self, path: Path, *, replace: bool) -> None:
        self.host.state["export.folder"] = shown_path(path.parent)
        self.host.state["export.ending"] = path.suffix.lower()
        title = f"Export {plain(path.name, 40)}"
        work = partial(_run, self._write, path, replace)
        self.host.start_task(Task(title, work, done=partial(_told, self.host), ended=_how))
        self.dismiss(None)


def _told(host: RevtopsApp, written: Exported) -> None:
    told = f"Wrote {plural(written.rows, 'row')} to {shown_path(written.path)} ({file_size(written.bytes)})."
    host.tell(
        " ".join([told, *written.notes]), title="Exported", severity="warning" if written.notes else "information"
    )


def _how(written: Exported) -> str:
    return f"{plural(written.rows, 'row')} to {shown_path(written.path)}"


# Called in threads, where importing the engine does not hold up a frame.


def _look(text: str) -> Look:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.export import check

    path = Path(text.strip()).expanduser().absolute()
    try:
        check(path, replace=True)
    except EngineError as error:
        told = f"{error.message} {error.hint}"
        return Look(path, plain(told.replace(str(path.parent), shown_path(path.parent))))
    return Look(path, exists=path.exists())


def _run(write: Write, path: Path, replace: bool, progress: TaskProgress) -> Exported:
    from revtops_tui.engine.export import Options

    return write(path, progress, Options(replace=replace))
