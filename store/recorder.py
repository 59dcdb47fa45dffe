"""Writes what was exchanged with vendors into its file, behind whoever exchanges it.

A recording is not worth a lost record: it is written by a thread of its own, in batches, and what cannot be written
(the disk is full, another process holds the file for long) is counted and dropped.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

from store.traffic import FILE_NAME, Recorded, insert, open_traffic, trim

_BATCH_SECONDS = 0.25
_BATCH_BYTES = 4 * 1024 * 1024
_QUEUE_BYTES = 64 * 1024 * 1024

_log = logging.getLogger("revtops.traffic")


class Recorder:
    """Writes what it is given, from a thread of its own that starts with the first."""

    def __init__(self, home: Path, keep_bytes: int) -> None:
        """`keep_bytes`: how large the file may become before the oldest of it goes."""
        self._path = home / FILE_NAME
        self._keep = keep_bytes
        self._queue: SimpleQueue[Recorded | threading.Event] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._waiting = 0
        self._connection: sqlite3.Connection | None = None
        self._chains: dict[int, int] = {}
        self.lost = 0
        """How many exchanges could not be kept."""

    def add(self, exchange: Recorded) -> None:
        """Have an exchange written soon. Never waits: when too much is waiting already, it is dropped."""
        with self._lock:
            if self._waiting + exchange.size > _QUEUE_BYTES:
                self.lost += 1
                return
            self._waiting += exchange.size
            self._start()
        self._queue.put(exchange)

    def flush(self) -> None:
        """Wait until everything that was added is in the file."""
        with self._lock:
            if self._thread is None:
                return
        written = threading.Event()
        self._queue.put(written)
        written.wait()

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(self._stopping)
            thread.join()

    def _start(self) -> None:
        if self._thread is None:
            self._stopping = threading.Event()
            self._thread = threading.Thread(
                target=self._work, args=(self._stopping,), name="traffic-writer", daemon=True
            )
            self._thread.start()

    def _work(self, stopping: threading.Event) -> None:
        signal: threading.Event | None = None
        while signal is not stopping:
            batch, signal = self._gather()
            self._write(batch)
            if signal is not None:
                signal.set()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _gather(self) -> tuple[list[Recorded], threading.Event | None]:
        """What comes within a moment of the first; whoever waits for it, or for the end, cuts the moment short."""
        batch: list[Recorded] = []
        item, size, until = self._queue.get(), 0, time.monotonic() + _BATCH_SECONDS
        while isinstance(item, Recorded):
            batch.append(item)
            size += item.size
            if size > _BATCH_BYTES:
                return batch, None
            try:
                item = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return batch, None
        return batch, item

    def _write(self, batch: list[Recorded]) -> None:
        if not batch:
            return
        try:
            self._connection = self._connection or open_traffic(self._path)
            insert(self._connection, batch, self._chains)
            trim(self._connection, self._keep)
        except (sqlite3.Error, OSError) as error:
            self.lost += len(batch)
            self._chains.clear()  # their numbers were given back
            _log.warning("%s exchanges could not be recorded: %s", len(batch), error)
        with self._lock:
            self._waiting -= sum(exchange.size for exchange in batch)
