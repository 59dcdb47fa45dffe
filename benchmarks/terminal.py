"""A pseudo-terminal for a measured program: keys are in it before the program starts, its screen is read at once.

Somebody can go on typing: one key after the other, as a person does, and when each was pressed is noted.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import threading
import time
from contextlib import contextmanager, suppress
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROWS, _COLUMNS = 40, 120
_FIRST_KEY_AFTER = 2.0
_BETWEEN_KEYS = 0.213
"""No multiple of the tenth of a second in which progress is painted: so keys come before it, after it and during it."""


class Typist:
    """Presses `keys` in turn, one every fifth of a second; `pressed` says when, by the machine's monotonic clock."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = cycle(keys)
        self.pressed: list[float] = []

    def type(self, terminal: int, ended: threading.Event) -> None:
        """Type until the program has ended."""
        pause = _FIRST_KEY_AFTER
        while not ended.wait(pause):
            self.pressed.append(time.monotonic())
            os.write(terminal, next(self._keys))
            pause = _BETWEEN_KEYS


@contextmanager
def terminal(typed: bytes, screen: bytearray, typist: Typist | None = None) -> Iterator[int]:
    """The program's side of a new terminal; what is written to it is read at once and added to `screen`."""
    person, program = os.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    os.write(person, typed)
    reader = threading.Thread(target=_read_all, args=(person, screen))
    reader.start()
    ended = threading.Event()
    typing = threading.Thread(target=typist.type, args=(person, ended)) if typist else None
    if typing:
        typing.start()
    try:
        yield program
    finally:
        ended.set()
        if typing:
            typing.join()
        os.close(program)
        reader.join()
        os.close(person)


def _read_all(person: int, screen: bytearray) -> None:
    with suppress(OSError):  # that is how Linux says that the last program has closed its side
        while data := os.read(person, 65536):
            screen += data
