"""Records that belong together, stored for one connection: an account with its people, deals and what was done."""

from __future__ import annotations

from typing import Any

from revtops_tui.engine.workspace import Workspace
from store import upsert
from store.connections import ensure_connection

STORY: dict[str, list[dict[str, Any]]] = {
    "accounts": [{"source_id": "a1", "name": "Acme"}, {"source_id": "a2", "name": "Globex"}],
    "contacts": [
        {"source_id": "c1", "name": "Ada", "account_source_id": "a1"},
        {"source_id": "c2", "name": "Bob", "account_source_id": "a1"},
        {"source_id": "c3", "name": "Cid", "account_source_id": "a2"},
    ],
    "pipelines": [{"source_id": "p1", "name": "New business"}, {"source_id": "p2", "name": "Renewals"}],
    "pipeline_stages": [
        {"source_id": "s1", "name": "won", "pipeline_source_id": "p1"},
        {"source_id": "s2", "name": "won", "pipeline_source_id": "p2"},
    ],
    "deals": [
        {
            "source_id": "d1",
            "name": "Rollout",
            "stage": "won",
            "amount": 100.0,
            "account_source_id": "a1",
            "pipeline_source_id": "p1",
            "url": "https://crm.example/d1",
        },
        {"source_id": "d2", "name": "Support", "stage": "open", "account_source_id": "a1", "pipeline_source_id": "p1"},
        {"source_id": "d3", "name": "Orphan", "stage": "open", "account_source_id": "gone"},
    ],
    "activities": [
        {"source_id": "x1", "type": "call", "subject": "First call", "deal_source_id": "d1", "contact_source_id": "c1"},
        {"source_id": "x2", "type": "mail", "subject": "Offer", "deal_source_id": "d1", "account_source_id": "a1"},
    ],
    "tracker_teams": [{"source_id": "t1", "name": "Core"}, {"source_id": "t2", "name": "Web"}],
    "tracker_projects": [{"source_id": "q1", "name": "Launch", "team_source_ids": '["t1", "t2", 7]'}],
    "tracker_issues": [
        {"source_id": "i1", "identifier": "C-1", "title": "Whole", "project_source_id": "q1", "team_source_id": "t1"},
        {"source_id": "i2", "identifier": "C-2", "title": "Part", "parent_source_id": "i1"},
    ],
    "shared_files": [
        {"source_id": "f1", "external_id": "f1", "name": "Folder"},
        {"source_id": "f2", "external_id": "f2", "name": "Plan", "parent_external_id": "f1"},
    ],
}


def tell(ws: Workspace, source_system: str = "crm", story: dict[str, list[dict[str, Any]]] = STORY) -> None:
    """Store the records, as a sync run of that system's connection does."""
    connection = ensure_connection(ws.database, ws.organization_id, source_system)
    scope = upsert.Scope(connection.id, ws.organization_id, source_system, 1)
    for entity, records in story.items():
        for record in records:
            store(ws, scope, entity, record)


def store(ws: Workspace, scope: upsert.Scope, entity: str, record: dict[str, Any]) -> None:
    """Store one record."""
    ws.database.writer.run(lambda c: upsert.apply(c, entity, scope, tuple(record), [tuple(record.values())]))
