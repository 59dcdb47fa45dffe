"""Recorded traffic whose times are always the same."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import orjson

from revtops_tui.engine.workspace import Workspace
from store.traffic import Recorded

AT = dt.datetime(2026, 3, 2, 9, 25, tzinfo=dt.UTC)
HOSTILE = "[@click=app.quit]x[/] \x1b[2J \u202eabc\u200b 会社"
PAGE = orjson.dumps(
    {
        "results": [
            {
                "id": str(n),
                "properties": {"dealname": f"Deal {n}", "amount": n * 100.5, "closed": None, "won": n % 2 == 0},
            }
            for n in range(1, 40)
        ],
        "paging": {"next": {"after": "40"}},
    }
)
DEALS = Recorded(
    organization_id="default",
    connection_id=None,
    selector="hubspot",
    run_id=3,
    ledger_id=None,
    entity="deals",
    call=1,
    attempt=1,
    waited=0.0,
    started_at=AT,
    seconds=0.182,
    method="GET",
    url="https://api.hubapi.com/crm/v3/objects/deals?limit=100&properties=dealname%2Camount&api_key=***",
    status=200,
    error=None,
    may_change=False,
    budget=87,
    request_headers={"authorization": "***", "accept": "application/json", "user-agent": "revtops"},
    response_headers={
        "content-type": "application/json;charset=utf-8",
        "x-hubspot-ratelimit-remaining": "87",
        "x-hubspot-ratelimit-max": "100",
    },
    request_body=None,
    response_body=PAGE,
)
BUSY = orjson.dumps({"status": "error", "message": "You have reached your secondly limit.", "policyName": "SECONDLY"})


def record(ws: Workspace, *exchanges: Recorded) -> None:
    """Have these in the file."""
    recorder = ws.recorder
    assert recorder is not None
    for exchange in exchanges:
        recorder.add(exchange)
    recorder.flush()


def some(ws: Workspace) -> None:
    """A page of deals, a request that was refused twice, a message that was sent, and one without an answer."""
    contacts = replace(
        DEALS, entity="contacts", url="https://api.hubapi.com/crm/v3/objects/contacts?after=8842&limit=100"
    )
    record(
        ws,
        replace(DEALS, call=1),
        replace(contacts, call=2, started_at=AT + dt.timedelta(seconds=1), status=429, response_body=BUSY, budget=0),
        replace(
            contacts, call=2, attempt=2, waited=10.0, started_at=AT + dt.timedelta(seconds=11), seconds=0.2, status=502,
            response_headers={"content-type": "text/html"}, response_body=b"<html>\n<h1>Bad gateway</h1>\n</html>",
        ),
        replace(contacts, call=2, attempt=3, waited=1.2, started_at=AT + dt.timedelta(seconds=13)),
        replace(
            DEALS, call=3, selector="slack", method="POST", url="https://slack.com/api/chat.postMessage", run_id=None,
            ledger_id=7, entity=None, started_at=AT + dt.timedelta(seconds=20), seconds=1.34, may_change=True,
            budget=None, request_headers={"authorization": "***", "content-type": "application/json"},
            response_headers={"content-type": "application/json"},
            request_body=b'{"channel":"C01","text":"Deal closed!"}',
            response_body=b'{"ok":true,"ts":"1772443520.000100"}',
        ),
        replace(
            DEALS, call=4, selector="linear", method="POST", url="https://api.linear.app/graphql", status=None,
            started_at=AT + dt.timedelta(seconds=30), seconds=30.0, error="no answer within 30 s", response_body=None,
            response_headers={}, budget=None, waited=2.5,
        ),
    )  # fmt: skip
