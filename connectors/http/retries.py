"""What is asked again, and when: only what is safe, only as long as the vendor may be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.errors import ConnectorError, OutcomeUnknownError, RateLimitedError, VendorUnavailableError
from connectors.http import answers
from connectors.http.call import Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2
    import tenacity

    from connectors.http.call import Call
    from connectors.http.waiting import Waiting
    from connectors.redaction import Redactor

_GATEWAY_LOST_IT = frozenset({502, 504, 520, 524})
"""A gateway (the last two are Cloudflare's) passed the request on and got no answer to it."""
_FIRST_BACKOFF = 0.5
"""Seconds; doubled each time, plus as much at random, so that clients do not come back in step."""


class AgainError(Exception):
    """An attempt failed with `error` and another is safe, after `delay` seconds or as the backoff says.

    `refused`: the vendor asked for patience, which concerns every request of the budget.
    """

    def __init__(self, error: ConnectorError, why: str, *, delay: float | None = None, refused: bool = False) -> None:
        super().__init__(why)
        self.error = error
        self.why = why
        self.delay = delay
        self.refused = refused


class Judge:
    """Decides what becomes of an attempt."""

    def __init__(self, system: str, redactor: Redactor, longest_wait: float) -> None:
        self._system = system
        self._redactor = redactor
        self._longest_wait = longest_wait

    def settle(self, call: Call, request: httpx2.Request, answer: httpx2.Response | Failure) -> httpx2.Response:
        """The answer, where it is one. Raises AgainError, or the ConnectorError that is final."""
        if isinstance(answer, Failure):
            raise self._unanswered(call, request, answer) from answer.cause
        if answer.status_code >= 400 and answer.status_code not in call.expect:
            raise self._refused(call, answer)
        if answers.broken_off(answer):
            raise self._unanswered(call, request, Failure(None, "the answer broke off"))
        return answer

    def _unanswered(self, call: Call, request: httpx2.Request, failure: Failure) -> Exception:
        where = answers.target(request, self._redactor)
        words = self._redactor.text(failure.words)
        if failure.sent and not call.may_run_twice:
            return OutcomeUnknownError(f"{self._system} may or may not have carried out {where}: {words}.")
        error = VendorUnavailableError(f"{self._system} gave no usable answer to {where}: {words}.")
        error.__cause__ = failure.cause
        return AgainError(error, f"{self._system} does not answer")

    def _refused(self, call: Call, answer: httpx2.Response) -> Exception:
        error = answers.error_for(answer, self._system, self._redactor)
        delay = answers.retry_after(answer)
        if isinstance(error, RateLimitedError) or (answer.status_code == 503 and delay is not None):
            return self._asked_for_patience(call, error, delay)
        if not isinstance(error, VendorUnavailableError):
            return error
        if call.may_run_twice:
            return AgainError(error, f"{self._system} answers with HTTP {answer.status_code}")
        return _as(OutcomeUnknownError(error.message), error) if answer.status_code in _GATEWAY_LOST_IT else error

    def _asked_for_patience(self, call: Call, error: ConnectorError, delay: float | None) -> Exception:
        if delay is not None and delay > self._longest_wait:
            return _as(RateLimitedError(error.message, retry_after=delay), error)
        if not call.may_follow_refusal:
            return error
        return AgainError(error, "rate limit", delay=delay, refused=True)


class Retrier:
    """Goes on after a failed first attempt, with waits that grow, up to `attempts` in all.

    The first attempt is made outside of tenacity and its failure replayed to it: around a request that succeeds at
    once, tenacity would cost a tenth of that request.
    """

    def __init__(self, attempts: int, longest_wait: float, waiting: Waiting) -> None:
        self._attempts = attempts
        self._longest_wait = longest_wait
        self._waiting = waiting

    async def go_on(
        self, call: Call, first: AgainError, attempt: Callable[[Call], Awaitable[httpx2.Response]]
    ) -> httpx2.Response:
        """Repeat `attempt`. Raises the last AgainError, or whatever ends the attempts earlier."""
        import tenacity

        backoff = tenacity.wait_exponential(multiplier=_FIRST_BACKOFF, max=self._longest_wait)
        jitter = tenacity.wait_random(0, _FIRST_BACKOFF)
        last = first
        replayed = False

        async def attempt_or_replay() -> httpx2.Response:
            nonlocal last, replayed
            if not replayed:
                replayed = True
                raise first
            try:
                return await attempt(call)
            except AgainError as again:
                last = again
                raise

        def delay(state: tenacity.RetryCallState) -> float:
            return backoff(state) + jitter(state) if last.delay is None else last.delay

        async def pause(seconds: float) -> None:
            if last.refused:
                call.pacer.close_for(seconds)
            call.waited += await self._waiting.pause(seconds, last.why)

        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=delay,
            sleep=pause,
            retry=tenacity.retry_if_exception_type(AgainError),
            reraise=True,
        )
        return await retrying(attempt_or_replay)


def _as(other: ConnectorError, error: ConnectorError) -> ConnectorError:
    other.status = error.status
    return other
