"""The server inside a simulated sandbox: files over HTTP, processes and directories over Connect RPC with JSON.

E2B's envd.yaml, process.proto and filesystem.proto; how messages go over HTTP is at connectrpc.com/docs/protocol.
"""

from __future__ import annotations

import asyncio
import base64
import struct
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.code_sandbox.machine import Machine, Process
from revtops_tui.simulators.vendor import RefusalError, json_reply

if TYPE_CHECKING:
    from revtops_tui.simulators.code_sandbox.simulator import CodeSandboxSimulator

_FOREVER = 3600.0
_LAST = 2
_PIECE = 32 * 1024
_CODES = {"unauthenticated": 401, "not_found": 404, "already_exists": 409, "invalid_argument": 400}


def connect_error(code: str, message: str) -> Response:
    """A Connect error, as the answer to a procedure with one answer."""
    return json_reply({"code": code, "message": message}, _CODES[code])


def file_error(status: int, message: str) -> RefusalError:
    """A refusal of a file."""
    return RefusalError(json_reply({"code": status, "message": message}, status))


class Envd:
    """The routes below `/envd`; which sandbox is meant is in a header."""

    def __init__(self, account: CodeSandboxSimulator) -> None:
        self._account = account
        self._pids = 100

    def routes(self) -> list[Route]:
        """All of them."""
        procedures: dict[str, Callable[[Machine, dict[str, Any]], Response]] = {
            "process.Process/List": lambda _, __: json_reply({}),
            "filesystem.Filesystem/MakeDir": _make_directory,
            "filesystem.Filesystem/ListDir": _list_directory,
            "filesystem.Filesystem/Stat": _stat,
            "filesystem.Filesystem/Remove": _remove,
        }
        return [
            Route("/envd/health", self._health, methods=["GET"]),
            Route("/envd/files", self._read, methods=["GET"]),
            Route("/envd/files", self._write, methods=["POST"]),
            Route("/envd/process.Process/Start", self._start, methods=["POST"]),
            *(Route(f"/envd/{name}", self._unary(does), methods=["POST"]) for name, does in procedures.items()),
        ]

    def _machine(self, request: Request) -> Machine:
        machine = self._account.machine_of(request)
        if machine is None:
            raise RefusalError(connect_error("not_found", "The sandbox was not found"))
        return machine

    def _unary(self, does: Callable[[Machine, dict[str, Any]], Response]) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            return does(self._machine(request), orjson.loads(await request.body() or b"{}"))

        return handle

    async def _health(self, _: Request) -> Response:
        return Response(status_code=204)

    async def _read(self, request: Request) -> Response:
        path = _absolute(request.query_params.get("path", ""))
        machine = self._machine(request)
        if path in machine.directories:
            raise file_error(400, f"path '{path}' is a directory")
        content = machine.files.get(path)
        if content is None:
            raise file_error(404, f"path '{path}' does not exist")
        return Response(content, media_type="application/octet-stream")

    async def _write(self, request: Request) -> Response:
        machine, path = self._machine(request), request.query_params.get("path", "")
        kind = request.headers.get("content-type", "")
        body = await request.body()
        files = _parts(kind, body, path) if kind.startswith("multipart/form-data") else [(path, body)]
        if not all(name for name, _ in files):
            raise file_error(400, "path is required")
        written = [machine.write(_absolute(name), content) for name, content in files]
        return json_reply([{"path": p, "name": PurePosixPath(p).name, "type": "file"} for p in written])

    async def _start(self, request: Request) -> Response:
        """A process, run to its end, and then told as the stream of events that it was."""
        body = await request.body()
        if not request.headers.get("content-type", "").startswith("application/connect+json") or len(body) < 5:
            return Response(status_code=415)
        process = orjson.loads(body[5:]).get("process") or {}
        seconds = float(request.headers.get("connect-timeout-ms", _FOREVER * 1000)) / 1000
        machine = self._machine(request)
        arguments = [*process.get("args", [])]
        self._pids += 1
        events: list[bytes] = [_message({"event": {"start": {"pid": self._pids}}})]
        done = await asyncio.to_thread(
            machine.run, process.get("cmd", ""), arguments, process.get("cwd") or "", seconds
        )
        events += _told(done)
        late = {"error": {"code": "deadline_exceeded", "message": "context deadline exceeded"}}
        end = late if done.late else {}
        return Response(b"".join([*events, _message(end, _LAST)]), media_type="application/connect+json")


def _absolute(path: str) -> str:
    return str(PurePosixPath("/home/user", path))


def _message(content: dict[str, Any], flags: int = 0) -> bytes:
    data = orjson.dumps(content)
    return struct.pack(">BI", flags, len(data)) + data


def _told(process: Process) -> list[bytes]:
    """The events of a process that ran: its output in pieces, and its end. JSON leaves out what is 0."""
    events = [
        _message({"event": {"data": {stream: base64.b64encode(data[start : start + _PIECE]).decode()}}})
        for stream, data in process.output
        for start in range(0, len(data), _PIECE)
    ]
    if process.late:
        return events
    status: dict[str, Any] = {"exited": True, "status": f"exit status {process.exit_code}"}
    if process.exit_code:
        status |= {"exitCode": process.exit_code, "error": f"exit status {process.exit_code}"}
    return [*events, _message({"event": {"end": status}})]


def _parts(kind: str, body: bytes, path: str) -> list[tuple[str, bytes]]:
    """The files of a form: the path in the query names the only one, else each is named by its part."""
    form = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = [part for part in form.iter_parts() if part.get_param("name", header="content-disposition") == "file"]
    return [(path or part.get_filename() or "", bytes(part.get_payload(decode=True) or b"")) for part in parts]


def _make_directory(machine: Machine, message: dict[str, Any]) -> Response:
    path = _absolute(message.get("path", ""))
    if not machine.make_directory(path):
        return connect_error("already_exists", f"directory already exists: {path}")
    return json_reply({"entry": _entry(machine, path)})


def _list_directory(machine: Machine, message: dict[str, Any]) -> Response:
    path = _absolute(message.get("path", ""))
    if path not in machine.directories:
        return connect_error("not_found", f"directory not found: {path}")
    found = machine.below(path, message.get("depth", 1))
    return json_reply({"entries": [_entry(machine, each) for each in found]} if found else {})


def _stat(machine: Machine, message: dict[str, Any]) -> Response:
    path = _absolute(message.get("path", ""))
    if path not in machine.files and path not in machine.directories:
        return connect_error("not_found", f"file not found: {path}")
    return json_reply({"entry": _entry(machine, path)})


def _remove(machine: Machine, message: dict[str, Any]) -> Response:
    path = _absolute(message.get("path", ""))
    for gone in [path, *machine.below(path, 99)]:
        machine.files.pop(gone, None)
        machine.directories.discard(gone)
    return json_reply({})


def _entry(machine: Machine, path: str) -> dict[str, Any]:
    """EntryInfo; 64-bit numbers are texts in protobuf's JSON."""
    about: dict[str, Any] = {"name": PurePosixPath(path).name, "path": path, "owner": "user", "group": "user"}
    if path in machine.directories:
        return {**about, "type": "FILE_TYPE_DIRECTORY", "mode": 0o755, "permissions": "drwxr-xr-x", "size": "4096"}
    size = len(machine.files[path])
    kind = {"type": "FILE_TYPE_FILE", "mode": 0o644, "permissions": "-rw-r--r--"}
    return {**about, **kind, **({"size": str(size)} if size else {})}
