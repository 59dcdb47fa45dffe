"""Secrets that are recognized wherever they turn up, a vendor that repeats everything, and witnesses of what is said.

Each canary has a core of letters and digits, so that it is found raw, in a URL, in JSON and in HTML alike, and it is
looked for in Base64, and in hexadecimal, too. What is packed in a file is looked for as well (`contents`).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pexpect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.command_line import DROP_INS, CommandLine, Finished
from tests.support.contents import contents

KINDS = ("fail", "leave", "many", "trap", "aside")
"""How the parrot fails, when it is asked for that."""
SECRET_VARIABLES = ("REVTOPS_KEYRING_PASSPHRASE", "REVTOPS_NANGO_SECRET_KEY", "TWILIO_AUTH_TOKEN", "E2B_API_KEY")
"""What no other program has a use for."""
OPEN = {"tenant": "acme", "port": 8080, "use_secret": True, "kind": "green", "username": "polly"}
"""The fields of the custom connector that are no secrets."""
_ODD = "/+\"&<\\'"
"""What has to be written differently in URLs, in JSON and in HTML."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_NO_TEXT = re.compile(r"[\s│┃▌▐▊▎╭╮╰╯─━…]+")


@dataclass
class Canaries:
    """The secrets that were planted, by what they are."""

    cores: dict[str, str] = field(default_factory=dict)

    def plant(self, name: str, *, odd: bool = True) -> str:
        """A new secret."""
        core = f"Kanari{secrets.token_hex(9)}"
        self.cores[f"{name} #{len(self.cores)}"] = core
        return core + _ODD if odd else core

    def number(self, name: str) -> int:
        """A new secret that is a number."""
        number = secrets.randbelow(9 * 10**14) + 10**14
        self.cores[f"{name} #{len(self.cores)}"] = str(number)
        return number

    def found(self, data: bytes | str) -> list[str]:
        """Which of them are in the data, in any of the forms that secrets are written in."""
        searched = data.encode("utf-8", "replace") if isinstance(data, str) else data
        return [name for name, core in self.cores.items() if any(form in searched for form in _forms(core.encode()))]

    def found_in_file(self, path: Path) -> list[str]:
        """Likewise in a file, and in whatever is packed in it."""
        return self.found(b"\n".join(contents(path)))

    def found_on_screen(self, text: str) -> list[str]:
        """Likewise in what a terminal was sent, or shows: over the end of a line, and through its codes."""
        return self.found(_NO_TEXT.sub("", without_codes(text))) or self.found(text)


def without_codes(text: str) -> str:
    """What a terminal shows of a text that it is sent."""
    return _ESCAPES.sub("", text)


@cache
def _forms(core: bytes) -> tuple[bytes, ...]:
    return tuple(_written(core))


def _written(core: bytes) -> Iterator[bytes]:
    yield core
    yield core.lower()
    yield core.hex().encode()
    for before, begun in ((0, 0), (1, 2), (2, 3)):
        encoded = b64encode(bytes(before) + core)[begun : (before + len(core)) * 8 // 6]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def credentials(canaries: Canaries, slug: str) -> dict[str, Any]:
    """What the connector of that slug takes, every field of it that can hold a secret with one in it."""
    token = {"parrot_oauth": "access_token", "parrot_key": "api_key", "parrot_bearer": "token"}.get(slug)
    if token:
        return {token: canaries.plant(f"{slug}.{token}")}
    user, parameter = (canaries.plant(f"{slug}.hook_url {part}", odd=False) for part in ("password", "parameter"))
    planted = {name: canaries.plant(f"{slug}.{name}") for name in ("password", "api_token", "signing_secret")}
    url = f"https://polly:{user}@parrot.example/in?page=1&token={parameter}"
    return {**OPEN, **planted, "hook_url": url, "pin_secret": canaries.number(f"{slug}.pin_secret")}


# -- the vendor --------------------------------------------------------------------------------------------------------


@dataclass
class Parrot:
    """A vendor that repeats what it is told, and issues tokens that are canaries. `mood` is in each of its answers."""

    canaries: Canaries
    mood: str = "fine"
    lifetime: int = 3600

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/oauth/authorize", self._authorize),
                Route("/oauth/token", self._token, methods=["POST"]),
                Route("/status/{status:int}", self._status, methods=["GET", "POST"]),
                Route("/page", self._page, methods=["GET", "POST"]),
                Route("/echo", self._echo, methods=["GET", "POST"]),
                Route("/rows", self._rows, methods=["GET", "POST"]),
            ]
        )

    async def _heard(self, request: Request) -> dict[str, Any]:
        body = (await request.body()).decode()
        basic = b64encode(body.encode()).decode()
        headers = dict(request.headers)
        return {
            "mood": self.mood,
            "headers": headers,
            "query": request.url.query,
            "body": body,
            "packed": basic,
            headers["authorization"]: "as a name",
        }

    async def _echo(self, request: Request) -> Response:
        heard = await self._heard(request)
        return JSONResponse(heard, headers={"x-heard": request.headers["authorization"], "set-cookie": heard["query"]})

    async def _status(self, request: Request) -> Response:
        heard = await self._heard(request)
        words = f"I heard {heard['headers']['authorization']} and {heard['query']} and {heard['body']}"
        return JSONResponse({"message": words, "heard": heard}, request.path_params["status"])

    async def _rows(self, request: Request) -> Response:
        heard = await self._heard(request)
        return JSONResponse([{"heard": text, "number": 1} for text in (heard["body"], json.dumps(heard))])

    async def _page(self, request: Request) -> Response:
        heard = json.dumps(await self._heard(request))
        return HTMLResponse(f"<p>{escape(heard)}</p><script>{heard.replace('/', chr(92) + '/')}</script>")

    async def _authorize(self, request: Request) -> Response:
        back = {"code": self.canaries.plant("oauth code", odd=False), "state": request.query_params["state"]}
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{urlencode(back)}")

    async def _token(self, request: Request) -> Response:
        body = (await request.body()).decode()
        if "refuse" in self.mood:
            words = f"I heard {parse_qs(body)} and {body}"
            return JSONResponse({"error": "invalid_client", "error_description": words}, 400)
        issued = {name: self.canaries.plant(f"oauth {name}") for name in ("access_token", "refresh_token")}
        return JSONResponse({**issued, "expires_in": self.lifetime, "token_type": "bearer", "echo": body})


# -- what is searched --------------------------------------------------------------------------------------------------


class Watched:
    """The command line with everything it says kept, and what it said searched at the end.

    `run` runs a command to its end, as a `CommandLine` and a `Prepared` do.
    """

    def __init__(
        self, revtops: CommandLine, run: Callable[..., Finished], witnesses: Witnesses, canaries: Canaries
    ) -> None:
        self.home = revtops.home
        self.canaries = canaries
        self.leaks: list[str] = []
        self._revtops = revtops
        self._run = run
        self._witnesses = witnesses

    def __call__(
        self, *arguments: str, stdin: str = "", code: int | None = 0, env: Mapping[str, str] | None = None
    ) -> str:
        """Run a command; what it said on stdout."""
        done = self._run(*arguments, stdin=stdin, env={**self._witnesses.environment, **(env or {})})
        command = " ".join(arguments)
        assert code is None or done.code == code, f"{command}: {done.code} {done.stdout} {done.stderr}"
        assert done.stdout + done.stderr, command
        self.heard(f"stdout of {command}", done.stdout)
        self.heard(f"stderr of {command}", done.stderr)
        return done.stdout

    def terminal(self, *arguments: str) -> pexpect.spawn[str]:
        """Start a command in a terminal."""
        return self._revtops.terminal(*arguments, width=400, env=self._witnesses.environment)

    def heard(self, where: str, text: str) -> None:
        """Search what was said or shown."""
        if found := self.canaries.found_on_screen(text):
            self.leaks.append(f"{where}: {', '.join(found)}")

    def search(self) -> str:
        """Everything that leaked: said so far, and written in the data directory by now."""
        files = [file for file in sorted(self.home.rglob("*")) if file.is_file()]
        written = {file.relative_to(self.home): self.canaries.found_in_file(file) for file in files}
        return "\n".join(self.leaks + [f"{file}: {', '.join(found)}" for file, found in written.items() if found])


# -- the connector -----------------------------------------------------------------------------------------------------


def install(home: Path, *slugs: str) -> None:
    """Put the connectors of these slugs into a data directory."""
    folder = home / "connectors"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for slug in slugs:
        shutil.copy(DROP_INS / "parrot.py", folder / f"{slug}.py")


def connect(watched: Watched, url: str, slug: str) -> dict[str, Any]:
    """Install the connector of that slug and connect it with secrets of its own; they are returned."""
    install(watched.home, slug)
    secrets = credentials(watched.canaries, slug)
    watched("connect", slug, "--base-url", url, "--stdin", "-v", "--json", stdin=json.dumps(secrets))
    return secrets


# -- witnesses ---------------------------------------------------------------------------------------------------------

_WITNESS = """#!{python}
import json, os, sys, urllib.request
told = os.path.join({folder!r}, f"{{os.getpid()}}-{name}")
with open(told, "w") as file:
    json.dump({{"argv": sys.argv, "environ": dict(os.environ)}}, file)
os.rename(told, told + ".json")  # whole, when it is found
if {name!r} == "browser":
    urllib.request.urlopen(sys.argv[-1])
elif {name!r} == "pager":
    sys.stdin.read()
"""


class Witnesses:
    """Programs that the product starts, in its way first; each writes down what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = folder / "bin"
        self._programs.mkdir(parents=True)
        for name in ("browser", "editor", "pager", "wl-copy"):
            program = self._programs / name
            program.write_text(_WITNESS.format(python=sys.executable, folder=str(folder), name=name))
            program.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """What leads to them."""
        return {
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "BROWSER": f"{self._programs}/browser %s",
            "EDITOR": str(self._programs / "editor"),
            "VISUAL": str(self._programs / "editor"),
            "PAGER": str(self._programs / "pager"),
            "WAYLAND_DISPLAY": "witness",
            "SSH_CONNECTION": "",
            "SSH_TTY": "",
        }

    def told(self) -> dict[str, list[dict[str, Any]]]:
        """What each program was told: its arguments and its environment, every time that it was started."""
        told: dict[str, list[dict[str, Any]]] = {}
        for file in sorted(self.folder.glob("*.json")):
            told.setdefault(file.stem.partition("-")[2], []).append(json.loads(file.read_text()))
        return told


def told_of(canaries: Canaries, witnesses: Witnesses, program: str) -> set[str]:
    """Which of these a program found in its environment, once it is sure that it was told no secret."""
    told = witnesses.told()[program]
    assert [found for each in told if (found := canaries.found(json.dumps(each)))] == []
    return {name for each in told for name in ("PARROT", *SECRET_VARIABLES) if name in each["environ"]}
