"""A pseudo-terminal for a measured program: keys are in it before the program starts, its screen is read at once."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS, _COLUMNS = 40, 120


@contextmanager
def terminal(typed: bytes, screen: bytearray) -> Iterator[int]:
    """The program's side of a new terminal; what is written to it is read at once and added to `screen`."""
    person, program = os.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    os.write(person, typed)
    reader = threading.Thread(target=_read_all, args=(person, screen))
    reader.start()
    try:
        yield program
    finally:
        os.close(program)
        reader.join()
        os.close(person)


def _read_all(person: int, screen: bytearray) -> None:
    with suppress(OSError):  # that is how Linux says that the last program has closed its side
        while data := os.read(person, 65536):
            screen += data
