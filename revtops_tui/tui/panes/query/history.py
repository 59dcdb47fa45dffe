"""The queries that were run, walked like a shell's history."""

from __future__ import annotations

from collections.abc import Sequence


class History:
    """What was run, oldest first, and where one is in it; what was being typed is kept at the end."""

    def __init__(self) -> None:
        self._past: list[str] = []
        self._at = 0
        self._draft = ""

    def recall(self, texts: Sequence[str]) -> None:
        """Put what earlier sessions ran (oldest first) before what this one did."""
        self._past = [*(text for text in texts if text not in self._past), *self._past]
        self._at = len(self._past)

    def add(self, text: str) -> None:
        """Note what was run, once when it is run repeatedly; the walk starts anew."""
        if not self._past or self._past[-1] != text:
            self._past.append(text)
        self._at = len(self._past)
        self._draft = ""

    def back(self, current: str) -> str | None:
        """The one before; None at the oldest. `current` is what stands in the editor."""
        if self._at == len(self._past):
            self._draft = current
            if self._past and self._past[-1] == current:
                self._at -= 1  # it is on screen already
        if self._at == 0:
            return None
        self._at -= 1
        return self._past[self._at]

    def forward(self) -> str | None:
        """The one after, at last what was being typed; None beyond that."""
        if self._at >= len(self._past):
            return None
        self._at += 1
        return self._draft if self._at == len(self._past) else self._past[self._at]
