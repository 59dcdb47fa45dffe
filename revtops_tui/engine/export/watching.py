"""What every export has in common while it runs: it can be watched, and stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.export.sources import Chunks, Row, Source


@dataclass(frozen=True)
class Options:
    """`replace` allows to take the place of a file that is there; `bom` marks a CSV as UTF-8, as Excel wants it."""

    replace: bool = False
    bom: bool = False


class Watch:
    """Hands out the rows of a source, counts them, and stops when somebody has had enough.

    `notes` are sentences about what the file has differently from the data.
    """

    def __init__(
        self, source: Source, progress: Callable[[int, int | None], object], cancelled: Callable[[], bool]
    ) -> None:
        self._source = source
        self._progress = progress
        self._cancelled = cancelled
        self.done = 0
        self.notes: list[str] = []

    @contextmanager
    def rows(self) -> Iterator[tuple[list[str], Chunks]]:
        """The columns and the rows, from the first. Raises EngineError."""
        self.done = 0
        with self._source.open() as (columns, chunks):
            yield columns, self._seen(chunks)

    def _seen(self, chunks: Chunks) -> Iterator[Sequence[Row]]:
        self.look()
        for chunk in chunks:
            self.look()
            yield chunk
            self.done += len(chunk)
            self._progress(self.done, self._source.total)
        self.look()

    def look(self) -> None:
        """Raises EngineError when it was cancelled."""
        if self._cancelled():
            raise EngineError("cancelled", "The export was cancelled.", hint="No file was written.")
