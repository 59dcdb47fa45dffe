"""What holds for every connector that syncs: it is complete, incremental, resumable, and patient with its vendor."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.discovery import discover
from connectors.http import HttpClient
from revtops_tui.engine.connections import connections
from revtops_tui.simulators.catalog import SIMULATORS, simulator_class
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.server import serve
from tests.conftest import PASSPHRASE
from tests.support.vendors import Connected, connected

SIZE = 40
SYNCING = sorted(slug for slug, found in discover().items() if "sync" in found.manifest["capabilities"])
CAPABILITIES = {
    "asana": {"sync", "query", "write", "listen"},
    "code_sandbox": {"action"},
    "customer_postgres": {"query"},
    "google_drive": {"sync", "query", "write", "listen"},
    "hubspot": {"sync", "query", "write", "action", "listen"},
    "linear": {"sync", "query", "write", "listen"},
    "pipedrive": {"sync", "query", "write", "listen"},
    "slack": {"sync", "query", "action", "listen"},
    "twilio": {"sync", "query", "action", "listen"},
    "web_search": {"query", "action"},
}


@pytest.fixture(params=SYNCING)
def office(request: pytest.FixtureRequest, home: Path) -> Iterator[Connected]:
    """A connection to a simulated vendor, not yet synced."""
    with connected(home, simulator_class(request.param)(size=SIZE)) as office:
        yield office


def total(office: Connected) -> int:
    return office.simulator.traffic.requests.total()


def without(office: Connected, entities: dict[str, dict[str, int]], *counts: str) -> bool:
    return not any(entities[entity][count] for entity in entities for count in counts)


def test_the_ten_systems_do_what_the_guide_says() -> None:
    found = {slug: set(info.manifest["capabilities"]) for slug, info in discover().items()}
    assert {slug: found.get(slug) for slug in CAPABILITIES} == CAPABILITIES
    assert SIMULATORS.keys() == CAPABILITIES.keys() - {"customer_postgres"}


def test_the_readme_and_the_pages_are_of_these_systems() -> None:
    root = Path(__file__).parent.parent
    rows = re.findall(r"\| \[.+?\]\(docs/connectors/(\w+)\.md\) \|(.+)\|\n", (root / "README.md").read_text())
    names = ("sync", "query", "write", "action", "listen")
    told = {slug: {n for n, cell in zip(names, cells.split("|"), strict=True) if cell.strip()} for slug, cells in rows}
    assert told == CAPABILITIES
    assert {path.stem for path in (root / "docs" / "connectors").glob("*.md")} == CAPABILITIES.keys()


def test_a_full_sync_brings_all_that_the_vendor_holds(office: Connected) -> None:
    entities = office.synced()
    assert office.counts() == office.simulator.counts()
    assert {entity: of["inserted"] for entity, of in entities.items() if of["inserted"]} == office.simulator.counts()
    assert without(office, entities, "updated", "deleted", "rejected")
    (info,) = connections(office.ws)
    assert info.identity


def test_a_second_sync_changes_nothing(office: Connected) -> None:
    office.synced()
    assert without(office, office.synced(), "inserted", "updated", "deleted", "rejected")
    assert without(office, office.synced(full=True), "inserted", "updated", "deleted", "rejected")
    assert office.counts() == office.simulator.counts()


def test_an_incremental_sync_sees_what_was_created_changed_and_removed(office: Connected) -> None:
    simulator = office.simulator
    assert simulator.changeable
    office.synced()
    created = {entity: simulator.create(entity) for entity in simulator.changeable}
    changed = {entity: simulator.change(entity) for entity in simulator.changeable}
    removed = {entity: simulator.remove(entity) for entity in simulator.changeable}
    entities = office.synced()
    for entity in simulator.changeable:
        rows = office.rows(entity)
        assert created[entity] in rows, f"the new one of {entity}"
        assert removed[entity] in office.rows(entity, deleted=True), f"the removed one of {entity}"
        assert "changed" in json.dumps(rows[changed[entity]], default=str), f"the changed one of {entity}"
        assert entities[entity]["deleted"] >= 1
    assert office.counts() == simulator.counts()


@pytest.mark.parametrize("kind", ["429", "500", "disconnect", "half_body", "lost_reply", "slow", "timeout"])
def test_a_bad_moment_of_the_vendor_is_got_over(kind: Any, office: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HttpClient.__init__.__kwdefaults__, "timeout", 0.5)
    fault = Fault(kind, after=2, times=1, delay_ms=50, retry_after="0.05" if kind == "429" else None)
    office.simulator.traffic.faults.append(fault)
    office.synced()
    assert fault.hits == 1
    assert office.counts() == office.simulator.counts()


@pytest.mark.parametrize("kind", ["duplicates", "page_shift"])
def test_records_that_come_twice_are_stored_once(kind: Any, office: Connected) -> None:
    office.simulator.traffic.faults.append(Fault(kind))
    office.synced()
    assert office.counts() == office.simulator.counts()


def test_a_record_of_another_shape_is_set_aside_alone(office: Connected) -> None:
    office.simulator.traffic.faults.append(Fault("schema_drift"))
    result = office.sync()
    assert result.status in ("success", "partial"), result.error
    rejected = {entity: of["rejected"] for entity, of in result.entities.items()}
    for entity, held in office.simulator.counts().items():
        assert len(office.rows(entity)) + rejected[entity] >= held, entity
    office.simulator.traffic.faults.clear()
    office.synced(full=True)
    assert office.counts() == office.simulator.counts()


@pytest.mark.parametrize("kind", ["expired_token", "revoked"])
def test_refused_credentials_stop_the_run_and_lose_nothing(kind: Any, office: Connected) -> None:
    refusal = Fault(kind, after=3)
    office.simulator.traffic.faults.append(refusal)
    result = office.sync()
    assert result.status in ("failed", "partial", "aborted")
    assert result.error_kind in ("authentication", "connection_revoked")
    assert result.hint
    assert refusal.hits <= 12, "a refusal is not asked for again and again"
    office.simulator.traffic.faults.clear()
    office.synced()
    assert office.counts() == office.simulator.counts()


@pytest.mark.parametrize("slug", SYNCING)
def test_a_killed_sync_is_gone_on_with(slug: str, home: Path) -> None:
    simulator = simulator_class(slug)(size=SIZE)
    environment = {**os.environ, "REVTOPS_HOME": str(home), "REVTOPS_KEYRING_PASSPHRASE": PASSPHRASE}
    command = [sys.executable, "-m", "revtops_tui"]
    with serve(simulator.app) as server:

        def run(*arguments: str) -> Any:
            done = subprocess.run(
                [*command, *arguments, "--json"],
                input=json.dumps(simulator.credentials),
                env=environment,
                capture_output=True,
                encoding="utf-8",
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return json.loads(done.stdout)

        run("connect", slug, "--base-url", server.url, "--stdin")
        silence = Fault("timeout", after=5, times=1)
        simulator.traffic.faults.append(silence)
        with subprocess.Popen([*command, "sync", slug], env=environment, stderr=subprocess.DEVNULL) as syncing:
            ends = time.monotonic() + 60
            while not silence.hits and time.monotonic() < ends and syncing.poll() is None:
                time.sleep(0.02)
            syncing.send_signal(signal.SIGKILL)
        assert silence.hits == 1
        assert syncing.returncode == -signal.SIGKILL
        run("sync", slug)
        (connection,) = run("connections")
        expected = simulator.counts()
        assert {entity: connection["counts"].get(entity, 0) for entity in expected} == expected
