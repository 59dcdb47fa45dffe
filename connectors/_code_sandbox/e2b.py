"""Running a job at E2B: in a small virtual machine of its own, made for the job and ended with it.

The machine is made by E2B's REST API (e2b/openapi.yml). What happens in it is asked of `envd`, a server inside: files
(e2b/envd.yaml), and processes and directories by Connect RPC with JSON (e2b/process.proto, e2b/filesystem.proto; the
protocol is described at connectrpc.com/docs/protocol). A hostile job owns that machine, so what `envd` answers is not
trusted: each answer is read up to a bound.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import orjson

from connectors._code_sandbox.job import (
    FILE_BYTES,
    FILES_BYTES,
    MOST_FILES,
    PROGRAMS,
    CannotSandboxError,
    Job,
    Kept,
    MadeFile,
    Outcome,
    out_of_time,
)
from connectors.errors import ConnectorError, VendorUnavailableError
from connectors.http import HttpClient
from connectors.json_answers import json_object

_TEMPLATE = "base"
_USER = "user"
_WORK = "/home/user/work"
_PORT = 49983
"""Where envd listens, as in E2B's client."""
_DOMAIN = "e2b.app"
_INTERPRETERS = {"python": "python3", "javascript": "node"}
_SPARE_SECONDS = 60
"""How much longer than the job a machine lives that nobody ends."""
_SLOW_SECONDS = 15.0
"""What envd may take beyond the job's own time."""
_STREAM_BYTES = 8 * 1024 * 1024
_ANSWER_BYTES = 1024 * 1024
_DEPTH = 16
_LAST = 2
"""The flag of a stream's last message (Connect protocol, "Enveloped-Message")."""


@dataclass(frozen=True)
class _Machine:
    """A running sandbox: where its envd is, and the headers that envd takes."""

    envd: str
    headers: dict[str, str]


class E2B:
    """The provider.

    Args:
        http: a client at the API, which authenticates.
        envd: where every sandbox's envd is; None means at a host name of its own each, as E2B has it.
    """

    name = "e2b"

    def __init__(self, http: HttpClient, envd: str | None = None) -> None:
        self._http = http
        self._envd = envd

    async def check(self) -> str:
        """Run a small program. That it can do no harm here is in the nature of the place: it is elsewhere."""
        outcome = await self.run(Job("python", "print(6 * 7)", 30.0))
        if outcome.stdout.text().strip() != "42":
            raise CannotSandboxError("E2B made a sandbox, but no Python runs in it.", hint="See E2B's status page.")
        return "E2B, away from this machine"

    async def run(self, job: Job) -> Outcome:
        """Run a job in a new sandbox, without a way to the internet, which is ended afterwards."""
        async with self._sandbox(job.seconds) as machine:
            await self._call(machine, "filesystem.Filesystem/MakeDir", {"path": _WORK})
            for name, content in job.inputs.items():
                await self._write(machine, name, content)
            outcome = await self._start(machine, job)
            if outcome.exit_code is not None:
                await self._collect(machine, job, outcome)
            return outcome

    @asynccontextmanager
    async def _sandbox(self, seconds: float) -> AsyncIterator[_Machine]:
        wanted = {
            "templateID": _TEMPLATE,
            "timeout": int(seconds) + _SPARE_SECONDS,
            "secure": True,
            "allow_internet_access": False,
        }
        answer = await self._http.post("/sandboxes", json=wanted, repeatable=False, most=_ANSWER_BYTES)
        made = json_object(answer.content, "E2B")
        identifier = str(made.get("sandboxID") or "")
        if not identifier.replace("-", "").isalnum():
            raise VendorUnavailableError("E2B made a sandbox and did not say which.")
        try:
            yield self._reached(identifier, made)
        finally:
            # Also when the job is cancelled. One that cannot be ended ends by itself when its time is over.
            with suppress(ConnectorError):
                await asyncio.shield(self._http.delete(f"/sandboxes/{identifier}", expect={404}))

    def _reached(self, identifier: str, made: dict[str, Any]) -> _Machine:
        headers = {
            "Authorization": "Basic " + base64.b64encode(f"{_USER}:".encode()).decode(),
            "E2b-Sandbox-Id": identifier,
            "E2b-Sandbox-Port": str(_PORT),
        }
        if token := made.get("envdAccessToken"):
            headers["X-Access-Token"] = str(token)
        envd = self._envd or f"https://{_PORT}-{identifier}.{made.get('domain') or _DOMAIN}"
        return _Machine(envd, headers)

    # -- envd ------------------------------------------------------------------------------------------------------

    async def _write(self, machine: _Machine, name: str, content: bytes) -> None:
        """Upload a file; envd makes the directories that it is in."""
        await self._http.post(
            f"{machine.envd}/files",
            params={"path": f"{_WORK}/{name}", "username": _USER},
            content=content,
            headers={**machine.headers, "Content-Type": "application/octet-stream"},
            repeatable=True,
            most=_ANSWER_BYTES,
        )

    async def _call(self, machine: _Machine, method: str, message: dict[str, Any]) -> dict[str, Any]:
        """A procedure with one answer; that something is there already, or no longer, is one too."""
        headers = {**machine.headers, "Connect-Protocol-Version": "1"}
        answer = await self._http.post(
            f"{machine.envd}/{method}",
            json=message,
            headers=headers,
            repeatable=True,
            expect={404, 409},
            most=_ANSWER_BYTES,
        )
        return json_object(answer.content, "E2B")

    async def _start(self, machine: _Machine, job: Job) -> Outcome:
        """Run the process to its end. Its output comes as one stream, of which the beginning is enough."""
        program = PROGRAMS.get(job.language)
        arguments = f"{_INTERPRETERS[job.language]} {program}" if program else job.text
        message = {
            "process": {"cmd": "/bin/bash", "args": ["-l", "-c", arguments], "cwd": _WORK},
            "stdin": False,
        }
        began = time.monotonic()
        answer = await self._http.post(
            f"{machine.envd}/process.Process/Start",
            content=_enveloped(orjson.dumps(message)),
            headers={
                **machine.headers,
                "Content-Type": "application/connect+json",
                "Connect-Protocol-Version": "1",
                "Connect-Timeout-Ms": str(int(job.seconds * 1000)),
            },
            repeatable=False,
            timeout=job.seconds + _SLOW_SECONDS,
            most=_STREAM_BYTES,
        )
        outcome = _followed(answer.content, job)
        outcome.seconds = time.monotonic() - began
        return outcome

    async def _collect(self, machine: _Machine, job: Job, outcome: Outcome) -> None:
        """Fetch the files that the job left, as far as they are small enough to hand on."""
        wanted = {"path": _WORK, "depth": _DEPTH}
        listed = (await self._call(machine, "filesystem.Filesystem/ListDir", wanted)).get("entries") or []
        files = [entry for entry in listed if isinstance(entry, dict) and entry.get("type") == "FILE_TYPE_FILE"]
        found: list[MadeFile] = []
        budget = FILES_BYTES
        for entry in files[: MOST_FILES + len(job.inputs)]:
            made = await self._fetched(machine, entry, budget)
            if made.content is None or job.inputs.get(made.path) != made.content:
                budget -= len(made.content or b"")
                found.append(made)
        outcome.files = found[:MOST_FILES]
        outcome.more_files = len(files) > MOST_FILES + len(job.inputs) or len(found) > MOST_FILES

    async def _fetched(self, machine: _Machine, entry: dict[str, Any], budget: int) -> MadeFile:
        path = str(entry.get("path") or "")
        name, size = path.removeprefix(f"{_WORK}/"), _whole_number(entry.get("size"))
        if size > min(FILE_BYTES, budget):
            return MadeFile(name, size, None)
        answer = await self._http.get(
            f"{machine.envd}/files",
            params={"path": path, "username": _USER},
            headers=machine.headers,
            expect={404},
            most=FILE_BYTES,
        )
        return MadeFile(name, size, answer.content if answer.status_code == 200 else None)


def _enveloped(message: bytes) -> bytes:
    return struct.pack(">BI", 0, len(message)) + message


def _messages(stream: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The messages of a stream with their flags; one that was cut off, or is none, ends them."""
    position = 0
    while position + 5 <= len(stream):
        flags, length = struct.unpack_from(">BI", stream, position)
        position += 5 + length
        if position > len(stream):
            return
        try:
            message = orjson.loads(stream[position - length : position])
        except orjson.JSONDecodeError:
            return
        if not isinstance(message, dict):
            return
        yield flags, message


def _followed(stream: bytes, job: Job) -> Outcome:
    """What the events of a process say (ProcessEvent in process.proto)."""
    outcome = Outcome()
    for flags, message in _messages(stream):
        if flags & _LAST:
            outcome.stopped = _why_it_ended(_object(message, "error"), job)
            break
        event = _object(message, "event")
        for name, kept in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
            _keep(kept, _object(event, "data").get(name))
        if "end" in event:
            # JSON leaves out numbers that are 0.
            outcome.exit_code = _whole_number(_object(event, "end").get("exitCode"))
    if outcome.exit_code is None and outcome.stopped is None:
        outcome.stopped = (
            f"It was stopped because it printed more than {_STREAM_BYTES // 1024 // 1024} MB."
            if len(stream) == _STREAM_BYTES
            else "The sandbox ended before the program did."
        )
    return outcome


def _why_it_ended(error: dict[str, Any], job: Job) -> str | None:
    if not error:
        return None
    if error.get("code") == "deadline_exceeded":
        return out_of_time(job.seconds)
    return f"E2B ended it: {error.get('message') or error.get('code')}."


def _keep(kept: Kept, data: object) -> None:
    if isinstance(data, str):
        with suppress(binascii.Error, ValueError):
            kept.add(base64.b64decode(data))


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _whole_number(value: object) -> int:
    """A number of protobuf's JSON, where those of 64 bits are texts and zeros are left out."""
    with suppress(ValueError):
        return int(value) if isinstance(value, (int, str)) else 0
    return 0
