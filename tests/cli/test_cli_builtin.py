"""Built-in connectors: connected with one click, by what the environment holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from revtops_tui.simulators.server import serve
from revtops_tui.simulators.twilio import TwilioSimulator
from tests.support.command_line import CommandLine, ended


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A simulated Twilio whose credentials are in the environment; its address."""
    simulator = TwilioSimulator(size=10)
    for name in ("ACCOUNT_SID", "AUTH_TOKEN"):
        monkeypatch.setenv(f"TWILIO_{name}", simulator.credentials[name.lower()])
    with serve(simulator.app) as server:
        yield server.url


def test_what_the_environment_holds_is_enough(revtops: CommandLine, twilio: str) -> None:
    done = revtops("connect", "twilio", "--base-url", twilio, "--json")
    assert done.code == 0, done.stdout
    assert done.json["status"] == "connected"
    assert done.json["identity"].startswith("Larkspur Systems")
    assert revtops("sync", "twilio").code == 0


def test_a_terminal_is_asked_nothing_either(revtops: CommandLine, twilio: str) -> None:
    with revtops.terminal("connect", "twilio", "--base-url", twilio) as screen:
        screen.expect_exact("Connected twilio: Larkspur Systems")
        assert ended(screen) == 0


@pytest.mark.parametrize(("missing", "code"), [("TWILIO_ACCOUNT_SID", 2), ("TWILIO_AUTH_TOKEN", 4)])
def test_what_is_missing_is_said(
    missing: str, code: int, revtops: CommandLine, twilio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    done = revtops("connect", "twilio", "--base-url", twilio, "--json")
    assert done.code == code
    assert missing in str(done.json["error"])
    assert revtops("connections", "--json").json == []


def test_a_terminal_is_asked_for_what_is_missing(
    revtops: CommandLine, twilio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWILIO_ACCOUNT_SID")
    with revtops.terminal("connect", "twilio", "--base-url", twilio) as screen:
        screen.expect_exact("TWILIO_ACCOUNT_SID not set")
        screen.expect_exact("Account SID: ")
        screen.sendeof()
        assert ended(screen) == 130


def test_web_search_needs_a_key_of_one_provider(revtops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in ("EXA", "TAVILY", "BRAVE", "PERPLEXITY"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
    done = revtops("connect", "web_search", "--json")
    assert done.code != 0
    assert "EXA_API_KEY" in str(done.json["error"])


def test_a_code_sandbox_needs_nothing(revtops: CommandLine) -> None:
    assert revtops("connect", "code_sandbox", "--json").json["identity"]
    done = revtops("action", "code_sandbox", "execute_code", "code=print(6 * 7)", "--yes", "--json")
    assert done.json["result"]["stdout"] == "42\n"
