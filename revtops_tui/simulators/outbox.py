"""Webhooks on their way out of a simulator: sent by a thread of their own, tried again, and kept for whoever looks."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2

_ATTEMPTS = 3
_PAUSE = 0.2


@dataclass
class Delivery:
    """One webhook, and how it went: `status` is the answer's, None when there was none."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int | None = None
    reply_headers: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    done: threading.Event = field(default_factory=threading.Event)


class Outbox:
    """Sends in the order of `send`, one at a time. The thread starts with the first webhook."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self._waiting: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def send(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Put a webhook on its way, and return at once; `wait` on the delivery for how it went."""
        delivery = Delivery(url, headers, body)
        with self._lock:
            self.deliveries.append(delivery)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
        self._waiting.put(delivery)
        return delivery

    def wait(self, seconds: float = 30.0) -> list[Delivery]:
        """All deliveries so far, each of them done. Raises TimeoutError."""
        ends = time.monotonic() + seconds
        for delivery in list(self.deliveries):
            if not delivery.done.wait(max(0.0, ends - time.monotonic())):
                raise TimeoutError(f"The webhook to {delivery.url} was not delivered.")
        return self.deliveries

    def _run(self) -> None:
        with httpx2.Client(timeout=10) as client:
            while True:
                delivery = self._waiting.get()
                while delivery.attempts < _ATTEMPTS and not self._try(client, delivery):
                    time.sleep(_PAUSE * delivery.attempts)
                delivery.done.set()

    def _try(self, client: httpx2.Client, delivery: Delivery) -> bool:
        delivery.attempts += 1
        try:
            reply = client.post(delivery.url, headers=dict(delivery.headers), content=delivery.body)
        except httpx2.HTTPError:
            return False
        delivery.status, delivery.reply_headers = reply.status_code, dict(reply.headers)
        return reply.is_success
