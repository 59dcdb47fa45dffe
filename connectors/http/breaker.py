"""Stops asking a vendor that is down."""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """Opens after `failures` requests in a row found the vendor unavailable; lets one through after `cool_down` s.

    The caller reports how each admitted request ended, by `failed` or `ended`.
    """

    def __init__(self, clock: Callable[[], float], *, failures: int = 5, cool_down: float = 30.0) -> None:
        self.count = 0
        self._clock = clock
        self._failures = failures
        self._cool_down = cool_down
        self._opened_at = 0.0
        self._on_trial = False

    def refuses_for(self) -> float:
        """Seconds for which requests are refused; 0 admits this one, as the trial where the breaker was open."""
        if self.count < self._failures:
            return 0.0
        left = self._opened_at + self._cool_down - self._clock()
        if self._on_trial:
            return max(left, 1.0)
        if left > 0:
            return left
        self._on_trial = True
        return 0.0

    def failed(self) -> None:
        """The vendor was unavailable."""
        self.count += 1
        self._opened_at = self._clock()
        self._on_trial = False

    def ended(self, *, answered: bool) -> None:
        """The request ended in another way; `answered` if the vendor answered, be it with a refusal."""
        if answered:
            self.count = 0
        self._on_trial = False
