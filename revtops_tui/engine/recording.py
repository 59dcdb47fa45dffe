"""Keeping what is exchanged with vendors: which exchange belongs to which connection, run and operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.context import current_entity

if TYPE_CHECKING:
    from connectors.http import Exchange
    from revtops_tui.engine.workspace import Workspace


@dataclass(frozen=True)
class Work:
    """What is being done: a sync run, or an operation of the ledger."""

    run_id: int | None = None
    ledger_id: int | None = None


_NONE = Work()
_current: ContextVar[Work] = ContextVar("current_work", default=_NONE)


@contextmanager
def doing(*, run_id: int | None = None, ledger_id: int | None = None) -> Iterator[None]:
    """Meanwhile, what is exchanged belongs to this run or this operation."""
    token = _current.set(Work(run_id, ledger_id))
    try:
        yield
    finally:
        _current.reset(token)


def watcher(
    ws: Workspace,
    selector: str,
    connection_id: int | None,
    also: Callable[[Exchange], None] | None = None,
) -> Callable[[Exchange], None] | None:
    """What is to be called with every exchange of a connection; None where nobody wants to know."""
    recorder = ws.recorder
    if recorder is None:
        return also
    from store.traffic import Recorded

    def record(exchange: Exchange) -> None:
        work = _current.get()
        recorder.add(
            Recorded(
                organization_id=ws.organization_id,
                connection_id=connection_id,
                selector=selector,
                run_id=work.run_id,
                ledger_id=work.ledger_id,
                entity=current_entity.get(),
                call=exchange.call,
                attempt=exchange.attempt,
                waited=exchange.waited,
                started_at=exchange.started_at,
                seconds=exchange.seconds,
                method=exchange.method,
                url=exchange.url,
                status=exchange.status,
                error=exchange.error,
                may_change=exchange.may_change,
                budget=budget_left(exchange.response_headers),
                request_headers=exchange.request_headers,
                response_headers=exchange.response_headers,
                request_body=exchange.request_body,
                response_body=exchange.response_body,
            )
        )
        if also is not None:
            also(exchange)

    return record


def budget_left(headers: Mapping[str, str]) -> int | None:
    """The least that an answer says is left of any limit; None where it says nothing of one."""
    left = [
        int(value) for name, value in headers.items() if name.endswith("-remaining") and value.lstrip("-").isdecimal()
    ]
    return min(left, default=None)
