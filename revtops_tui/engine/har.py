"""Recorded exchanges as a HAR file (HTTP Archive 1.2), which browsers and other inspectors open. Redacted, as kept."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from revtops_tui import __version__
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.traffic import Contents, Summary, reading
from revtops_tui.engine.workspace import Workspace

_MILLISECONDS = 1000


def export_har(ws: Workspace, path: Path, exchanges: Sequence[Summary]) -> int:
    """Write these exchanges to a new file, the oldest first; returns how many. Raises EngineError."""
    entries = 0
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise EngineError(
            "usage", f"{path} cannot be written: {error.strerror}.", hint="Name a file that is not there yet."
        ) from None
    with os.fdopen(descriptor, "wb") as file, reading(ws) as log:
        file.write(_HEAD)
        for summary in sorted(exchanges, key=lambda one: one.id):
            if (contents := log.contents(summary.id)) is not None:
                file.write(b",\n" if entries else b"\n")
                file.write(orjson.dumps(_entry(summary, contents)))
                entries += 1
        file.write(b"\n]}}\n")
    return entries


_HEAD = (
    b'{"log":{"version":"1.2","creator":' + orjson.dumps({"name": "revtops", "version": __version__}) + b',"entries":['
)


def _entry(summary: Summary, contents: Contents) -> dict[str, Any]:
    wait = summary.seconds * _MILLISECONDS
    blocked = summary.waited * _MILLISECONDS
    return {
        "startedDateTime": summary.started_at,
        "time": wait + blocked,
        "request": _request(summary, contents),
        "response": _response(summary, contents),
        "cache": {},
        "timings": {"blocked": blocked, "send": 0, "wait": wait, "receive": 0},
        "_connection": summary.selector,
        "_run": summary.run_id,
        "_entity": summary.entity,
        "_attempt": summary.attempt,
    }


def _request(summary: Summary, contents: Contents) -> dict[str, Any]:
    body = contents.request_body
    request: dict[str, Any] = {
        "method": summary.method,
        "url": summary.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(contents.request_headers.items()),
        "queryString": _pairs(parse_qsl(urlsplit(summary.url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(body or b""),
    }
    if body:
        kind = contents.request_headers.get("content-type", "")
        request["postData"] = {"mimeType": kind, "text": body.decode("utf-8", "replace")}
    return request


def _response(summary: Summary, contents: Contents) -> dict[str, Any]:
    response: dict[str, Any] = {
        "status": summary.status or 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(contents.response_headers.items()),
        "content": _content(contents.response_body or b"", contents.response_headers),
        "redirectURL": contents.response_headers.get("location", ""),
        "headersSize": -1,
        "bodySize": -1,
    }
    return {**response, "_error": summary.error} if summary.error else response


def _content(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = {"size": len(body), "mimeType": headers.get("content-type", "")}
    try:
        return {**content, "text": body.decode()}
    except UnicodeDecodeError:
        return {**content, "text": base64.b64encode(body).decode(), "encoding": "base64"}


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]
