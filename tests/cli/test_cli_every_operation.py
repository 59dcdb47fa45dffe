"""Every write and every action there is, from the command line against its simulator."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.discovery import discover
from revtops_tui.engine import operations
from revtops_tui.engine.connections import connect
from revtops_tui.engine.simulation import simulate
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.catalog import SIMULATORS
from store.database import FILE_NAME
from tests.conftest import PASSPHRASE
from tests.support.command_line import CommandLine

OPERATIONS: dict[str, dict[str, list[str]]] = {
    "asana": {
        "create_issue": ["title=From the shell", "project={asana_project}", "assignee=@me"],
        "update_issue": ["id={asana_issue}", "title=From the shell"],
        "comment": ["issue={asana_issue}", "body=From the shell"],
    },
    "code_sandbox": {
        "execute_code": ["code=print(6 * 7)"],
        "execute_command": ["command=echo 42"],
    },
    "google_drive": {
        "create_folder": ["name=From the shell"],
        "create_file": ["file_type=document", "title=From the shell", "content=# Plan"],
        "update_file": ["id={drive_file}", "content=# Another plan"],
    },
    "hubspot": {
        "create_deal": ["dealname=From the shell", "amount=1200", "dealstage=Contract Sent"],
        "update_deal": ["id={hubspot_deal}", "amount=1300"],
        "create_contact": ["email=shell@new.example", "firstname=Sherry"],
        "update_contact": ["id={hubspot_contact}", "jobtitle=Chief"],
        "create_company": ["name=Shell", "domain=shell.example"],
        "update_company": ["id={hubspot_company}", "industry=RETAIL"],
        "create_note": ["hs_note_body=From the shell", "deal_id={hubspot_deal}"],
        "update_note": ["id={hubspot_note}", "hs_note_body=From the shell"],
        "list_marketing_emails": ["limit=2"],
        "get_marketing_email": ["id={marketing_email}"],
        "list_email_events": ["limit=2"],
        "get_contact": ["id={hubspot_contact}"],
        "find_contact_by_email": ["email={hubspot_address}"],
        "search_contacts": ['filters=[{"propertyName": "email", "operator": "HAS_PROPERTY"}]'],
    },
    "linear": {
        "create_issue": ["team=ENG", "title=From the shell"],
        "update_issue": ["id={linear_issue}", "title=From the shell"],
        "comment": ["issue={linear_issue}", "body=From the shell"],
    },
    "pipedrive": {
        "create_deal": ["title=From the shell", "stage=Contract Sent", "value=5000"],
        "update_deal": ["id={pipedrive_deal}", "value=6000"],
        "create_person": ["name=Sherry Shell", "email=sherry@shell.example"],
        "update_person": ["id={pipedrive_contact}", "phone=+1 555 1234"],
        "create_activity": ["subject=From the shell", "type=call", "deal={pipedrive_deal}"],
        "update_activity": ["id={pipedrive_activity}", "done=true"],
    },
    "slack": {
        "send_message": ["channel=#sales", "text=From the shell"],
        "add_reaction": ["channel=#sales", "timestamp={slack_message}", "name=tada"],
        "upload_file": ["channel=#sales", "filename=q1.csv", "content=deal,amount"],
    },
    "twilio": {
        "send_sms": ["to=+14155552671", "body=From the shell"],
        "send_whatsapp": ["to=+14155552671", "body=From the shell"],
    },
    "web_search": {"fetch_url": ["url={web_page}", "render=true"]},
}
"""Connector -> operation -> its arguments. {…}: what the simulated company has."""

CASES = [(slug, name) for slug, of in OPERATIONS.items() for name in of]


def test_none_is_left_out() -> None:
    declared = {
        (slug, operation["name"])
        for slug, info in discover().items()
        for operation in (*info.manifest["write_operations"], *info.manifest["actions"])
    }
    assert declared == set(CASES)


@pytest.fixture(scope="module")
def there_is(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A data directory that is connected to everything; what the placeholders stand for."""
    home = tmp_path_factory.mktemp("office") / "home"
    with pytest.MonkeyPatch.context() as patch, simulate(size=40) as running:
        for name in [name for name in os.environ if name.startswith("REVTOPS_") and name != "REVTOPS_SPECS"]:
            patch.delenv(name)
        patch.setenv("REVTOPS_HOME", str(home))
        patch.setenv("REVTOPS_KEYRING_PASSPHRASE", PASSPHRASE)
        with Workspace(home) as ws:
            for one in running:
                if one.slug in OPERATIONS and one.slug != "code_sandbox":
                    connect(ws, one.slug, one.credentials, base_url=one.base_url)
            connect(ws, "code_sandbox", {})
            assert {run.slug: run.error for run in sync(ws) if run.status != "success"} == {}
            (email, *_) = operations.action(ws, "hubspot", "list_marketing_emails", {}).result["emails"]
            found = operations.query(ws, "web_search", "Forecasting")
            page = dict(zip(found["columns"], found["rows"][0], strict=True))
        yield {**ids(home), "marketing_email": email["id"], "web_page": page["url"]}


def ids(home: Path) -> dict[str, str]:
    file = sqlite3.connect(home / FILE_NAME)
    try:

        def one(column: str, table: str, source: str, where: str = "true") -> str:
            query = f"SELECT {column} FROM {table} WHERE source_system = ? AND {where} ORDER BY id LIMIT 1"
            return str(file.execute(query, (source,)).fetchone()[0])

        deals = {f"{slug}_deal": one("source_id", "deals", slug) for slug in ("hubspot", "pipedrive")}
        contacts = {f"{slug}_contact": one("source_id", "contacts", slug) for slug in ("hubspot", "pipedrive")}
        return {
            **deals,
            **contacts,
            "asana_project": one("source_id", "tracker_projects", "asana"),
            "asana_issue": one("source_id", "tracker_issues", "asana"),
            "linear_issue": one("identifier", "tracker_issues", "linear"),
            "hubspot_company": one("source_id", "accounts", "hubspot"),
            "hubspot_address": one("email", "contacts", "hubspot"),
            "hubspot_note": one("source_id", "activities", "hubspot", "type = 'note'").partition(":")[2],
            "pipedrive_activity": one("source_id", "activities", "pipedrive"),
            "drive_file": one("source_id", "shared_files", "google_drive", "mime_type LIKE '%document'"),
            "slack_message": one(
                "source_id", "activities", "slack", "type = 'message' AND subject LIKE '#sales%'"
            ).rpartition(":")[2],
        }
    finally:
        file.close()


@pytest.mark.xdist_group("every operation")
@pytest.mark.parametrize(("slug", "name"), CASES)
def test_it_works(slug: str, name: str, there_is: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [argument_of(text, there_is) for text in OPERATIONS[slug][name]]
    is_action = any(one["name"] == name for one in discover()[slug].manifest["actions"])
    verb = ["action", slug, name, *arguments, "--yes"] if is_action else ["write", slug, name, *arguments]
    done: Any = CommandLine(Path(os.environ["REVTOPS_HOME"]))(*verb, "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert done.json["status"] == "ok"
    assert done.json["result"]
    assert done.json["ledger_id"]


def argument_of(text: str, there_is: Mapping[str, str]) -> str:
    for name, value in there_is.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def test_the_table_names_every_simulated_vendor() -> None:
    assert OPERATIONS.keys() == SIMULATORS.keys()
