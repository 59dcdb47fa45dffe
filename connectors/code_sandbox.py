"""Code sandbox: runs code and commands where they can do no harm.

Built in: it connects with one click, to what this machine has. Where nothing protects it refuses; it never runs code
unprotected. The page for its users is `docs/connectors/code_sandbox.md`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors._code_sandbox.job import PROGRAMS, CannotSandboxError, Job, Provider
from connectors.base import BaseConnector
from connectors.errors import AuthenticationError, InvalidInputError
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorAction,
    ConnectorMeta,
    ConnectorScope,
    ParameterSpec,
)

if TYPE_CHECKING:
    from connectors._code_sandbox.job import Language

_PROVIDERS = ["auto", "bubblewrap", "monty", "e2b"]
_DEFAULT_SECONDS, _LONGEST_SECONDS = 30.0, 300.0
_LONGEST_CODE, _LONGEST_COMMAND = 1_000_000, 100_000
"""Bytes. Linux takes no argument of more than 128 kB."""
_MOST_FILES, _MOST_FILE_BYTES = 50, 8_000_000
_FILE_NAME = re.compile(r"[^/]{1,60}(?:/[^/]{1,60}){0,7}")
"""A character has up to four bytes, a name 255."""

_TIMEOUT: ParameterSpec = {
    "name": "timeout",
    "type": "number",
    "default": _DEFAULT_SECONDS,
    "description": f"Seconds after which it is stopped, at most {_LONGEST_SECONDS:g}",
}


class CodeSandboxConnector(BaseConnector):
    """One interface over three places to run code: bubblewrap and Monty on this machine, and E2B."""

    source_system = "code_sandbox"
    base_url = "https://api.e2b.app"

    meta = ConnectorMeta(
        name="Code sandbox",
        slug="code_sandbox",
        auth_type=AuthType.CUSTOM,
        scope=ConnectorScope.ORGANIZATION,
        builtin=True,
        capabilities=[Capability.ACTION],
        auth_fields=[
            AuthField(
                "provider",
                "Where code runs",
                "choice",
                required=False,
                default="auto",
                choices=_PROVIDERS,
                env="CODE_SANDBOX_PROVIDER",
                help_text="auto: bubblewrap where it works, else Monty (plain Python only). Neither leaves this "
                "machine; e2b does.",
            ),
            AuthField(
                "e2b_api_key",
                "E2B API key",
                "password",
                required=False,
                env="E2B_API_KEY",
                help_text="For the provider e2b; from E2B's dashboard.",
            ),
        ],
        actions=[
            ConnectorAction(
                "execute_code",
                "Run a program in a sandbox without network, and return its output and the files it made",
                [
                    {"name": "code", "type": "text", "required": True, "description": "The program"},
                    {
                        "name": "language",
                        "type": "string",
                        "default": "python",
                        "choices": list(PROGRAMS),
                        "description": "What it is written in",
                    },
                    _TIMEOUT,
                    {
                        "name": "files",
                        "type": "object",
                        "description": 'Files to put beside it: name to text, or to {"base64": …} for bytes',
                    },
                ],
            ),
            ConnectorAction(
                "execute_command",
                "Run a shell command in a sandbox without network, and return its output and the files it made",
                [{"name": "command", "type": "text", "required": True, "description": "The command"}, _TIMEOUT],
            ),
        ],
        description="Runs code and commands where they can do no harm.",
        icon="sandbox",
        usage_guide="Nothing to fill in where bubblewrap is installed (Linux; package bubblewrap). Elsewhere plain "
        "Python runs in an interpreter without a way out. For everything else choose e2b and give its key: code "
        "and files are then sent to E2B.",
    )

    async def auth_headers(self) -> dict[str, str]:
        """E2B's key (e2b/openapi.yml, ApiKeyAuth)."""
        key = (await self.get_credentials()).get("e2b_api_key")
        if not key:
            raise AuthenticationError(
                "The provider e2b needs an API key.", hint="Connect again and give e2b_api_key (E2B_API_KEY)."
            )
        return {"X-API-Key": str(key)}

    async def test_connection(self) -> str:
        """Try whether the sandbox holds; returns which one it is. Raises CannotSandboxError where there is none."""
        return (await self._proved(await self._wanted()))[1]

    async def execute_action(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Run it once. A failure of the program is a result, and so is that it was stopped: see `Outcome.shape`.

        Raises CannotSandboxError, with nothing run, where nothing protects; InvalidInputError for what cannot be run.
        """
        if action == "execute_command":
            job = _job("shell", params["command"], params)
        elif action == "execute_code":
            job = _job(params["language"], params["code"], params)
        else:
            raise InvalidInputError(f"The code sandbox has no action {action}.")
        wanted = await self._wanted()
        # What is elsewhere need not prove each time that it protects this machine; it would cost another sandbox.
        provider = self._provider(wanted) if wanted == "e2b" else (await self._proved(wanted))[0]
        return (await provider.run(job)).shape(provider.name)

    async def _wanted(self) -> str:
        return str((await self.get_credentials()).get("provider") or "auto")

    async def _proved(self, wanted: str) -> tuple[Provider, str]:
        """The provider that is wanted, once it has proved that it protects, and what it is."""
        if wanted != "auto":
            provider = self._provider(wanted)
            return provider, await provider.check()
        reasons = []
        for name in ("bubblewrap", "monty"):
            try:
                provider = self._provider(name)
                found = await provider.check()
            except CannotSandboxError as error:
                reasons.append(error.message)
            else:
                return provider, f"{found} ({'; '.join(reasons)})" if reasons else found
        raise CannotSandboxError(f"This machine cannot run code safely, so it runs none. {' '.join(reasons)}")

    def _provider(self, name: str) -> Provider:
        # Imported here: the first two load what only some machines have.
        if name == "bubblewrap":
            from connectors._code_sandbox.bubblewrap import Bubblewrap

            return Bubblewrap()
        if name == "monty":
            from connectors._code_sandbox.monty import MontyInterpreter

            return MontyInterpreter()
        from connectors._code_sandbox.e2b import E2B

        elsewhere = self.context.base_url
        return E2B(self.http, f"{elsewhere.rstrip('/')}/envd" if elsewhere else None)


def _job(language: Language, text: str, params: Mapping[str, Any]) -> Job:
    limit = _LONGEST_COMMAND if language == "shell" else _LONGEST_CODE
    what = "command" if language == "shell" else "program"
    text = text.encode("utf-8", "replace").decode()  # JSON can hold halves of characters, which no program can
    if "\0" in text or len(text.encode()) > limit:
        raise InvalidInputError(f"The {what} is longer than {limit:,} bytes, or contains the character 0.")
    seconds = float(params.get("timeout", _DEFAULT_SECONDS))
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise InvalidInputError(f"`timeout` must be more than 0 and at most {_LONGEST_SECONDS:g} seconds.")
    return Job(language, text, seconds, _files(params.get("files") or {}, PROGRAMS.get(language)))


def _files(given: Mapping[str, Any], program: str | None) -> dict[str, bytes]:
    files = {name: _content(name, content) for name, content in given.items()}
    for name in files:
        if not _is_file_name(name) or name == program:
            raise InvalidInputError(
                f"`files`: {name!r} cannot be a file's name here.",
                hint=f"Names are relative, without `..`, and other than {program}, which is the program itself.",
            )
    if len(files) > _MOST_FILES or sum(map(len, files.values())) > _MOST_FILE_BYTES:
        raise InvalidInputError(f"`files` may be {_MOST_FILES} with {_MOST_FILE_BYTES // 1_000_000} MB in all.")
    return files


def _is_file_name(name: str) -> bool:
    return bool(_FILE_NAME.fullmatch(name)) and name.isprintable() and not {".", ".."} & set(name.split("/"))


def _content(name: str, given: Any) -> bytes:
    if isinstance(given, str):
        return given.encode("utf-8", "replace")
    try:
        return base64.b64decode(given["base64"], validate=True)
    except (TypeError, KeyError, ValueError, binascii.Error):
        raise InvalidInputError(f"`files`: {name!r} must be a text, or an object with `base64`.") from None
