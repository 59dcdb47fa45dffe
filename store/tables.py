"""The tables, declared once with SQLModel. Importing this costs a third of a second: only migrations and
Tier 3 connectors do; hot paths speak plain SQL to the columns that the file has.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


def entity_constraints() -> tuple[Any, ...]:
    """Keys of every entity table: one row per connection and vendor id, and no row of another organization's."""
    return (
        UniqueConstraint("connection_id", "source_id"),
        ForeignKeyConstraint(
            ["connection_id", "organization_id"], ["connections.id", "connections.organization_id"], ondelete="CASCADE"
        ),
    )


class EntityRow(SQLModel):
    """The columns of every entity table. Bookkeeping stands first, where SQLite reads it without the rest of a row.

    `run_id` is the sync run that last changed the row, `synced_at` when; `deleted_at` is set when the vendor no
    longer has the record.
    """

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int
    run_id: int | None = None
    deleted_at: str | None = None
    synced_at: str
    organization_id: str
    source_system: str
    source_id: str


class Deal(EntityRow, table=True):
    __tablename__ = "deals"
    __table_args__ = entity_constraints()

    name: str | None = None
    amount: float | None = None
    stage: str | None = None
    probability: float | None = None
    close_date: str | None = None
    created_date: str | None = None
    last_modified_date: str | None = None
    owner_email: str | None = None
    account_source_id: str | None = None
    pipeline_source_id: str | None = None
    currency: str | None = None
    url: str | None = None
    custom_fields: str | None = None


class Account(EntityRow, table=True):
    __tablename__ = "accounts"
    __table_args__ = entity_constraints()

    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    annual_revenue: float | None = None
    owner_email: str | None = None
    url: str | None = None
    custom_fields: str | None = None


class Contact(EntityRow, table=True):
    __tablename__ = "contacts"
    __table_args__ = entity_constraints()

    name: str | None = None
    email: str | None = None
    title: str | None = None
    phone: str | None = None
    account_source_id: str | None = None
    owner_email: str | None = None
    url: str | None = None
    custom_fields: str | None = None


class Activity(EntityRow, table=True):
    __tablename__ = "activities"
    __table_args__ = entity_constraints()

    type: str | None = None
    subject: str | None = None
    description: str | None = None
    activity_date: str | None = None
    deal_source_id: str | None = None
    account_source_id: str | None = None
    contact_source_id: str | None = None
    owner_email: str | None = None
    custom_fields: str | None = None


class Pipeline(EntityRow, table=True):
    __tablename__ = "pipelines"
    __table_args__ = entity_constraints()

    name: str | None = None
    display_order: int | None = None
    is_default: bool | None = None


class PipelineStage(EntityRow, table=True):
    __tablename__ = "pipeline_stages"
    __table_args__ = entity_constraints()

    pipeline_source_id: str | None = None
    name: str | None = None
    display_order: int | None = None
    probability: float | None = None
    is_closed_won: bool | None = None
    is_closed_lost: bool | None = None


class Goal(EntityRow, table=True):
    __tablename__ = "goals"
    __table_args__ = entity_constraints()

    name: str | None = None
    target_amount: float | None = None
    start_date: str | None = None
    end_date: str | None = None
    goal_type: str | None = None
    owner_email: str | None = None
    pipeline_source_id: str | None = None
    custom_fields: str | None = None


class TrackerTeam(EntityRow, table=True):
    __tablename__ = "tracker_teams"
    __table_args__ = entity_constraints()

    name: str | None = None
    key: str | None = None
    description: str | None = None


class TrackerProject(EntityRow, table=True):
    __tablename__ = "tracker_projects"
    __table_args__ = entity_constraints()

    name: str | None = None
    description: str | None = None
    state: str | None = None
    progress: float | None = None
    target_date: str | None = None
    start_date: str | None = None
    url: str | None = None
    lead_name: str | None = None
    team_source_ids: str | None = None
    custom_fields: str | None = None


class TrackerIssue(EntityRow, table=True):
    __tablename__ = "tracker_issues"
    __table_args__ = entity_constraints()

    identifier: str | None = None
    title: str | None = None
    description: str | None = None
    state_name: str | None = None
    state_type: str | None = None
    priority: int | None = None
    priority_label: str | None = None
    issue_type: str | None = None
    assignee_name: str | None = None
    assignee_email: str | None = None
    creator_name: str | None = None
    project_source_id: str | None = None
    team_source_id: str | None = None
    labels: str | None = None
    estimate: float | None = None
    url: str | None = None
    due_date: str | None = None
    created_date: str | None = None
    updated_date: str | None = None
    completed_date: str | None = None
    cancelled_date: str | None = None
    parent_source_id: str | None = None
    custom_fields: str | None = None


class SharedFile(EntityRow, table=True):
    __tablename__ = "shared_files"
    __table_args__ = entity_constraints()

    external_id: str | None = None
    name: str | None = None
    mime_type: str | None = None
    parent_external_id: str | None = None
    folder_path: str | None = None
    web_view_link: str | None = None
    file_size: int | None = None
    source_modified_at: str | None = None
    source: str | None = None


class Organization(SQLModel, table=True):
    __tablename__ = "organizations"

    id: str = Field(primary_key=True)
    name: str
    created_at: str


class Connection(SQLModel, table=True):
    """A connector connected for one organization. Its credentials are elsewhere: `store.credentials`.

    `granted_scopes` is a JSON list; null where nobody knows them.
    """

    __tablename__ = "connections"
    __table_args__ = (
        UniqueConstraint("organization_id", "slug", "name"),
        UniqueConstraint("id", "organization_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    organization_id: str = Field(foreign_key="organizations.id")
    slug: str
    name: str = "default"
    source_system: str
    user_id: str | None = None
    base_url: str | None = None
    status: str = "connected"
    identity: str | None = None
    created_at: str
    last_sync_at: str | None = None
    last_error: str | None = None
    granted_scopes: str | None = None


def _of_connection() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["connection_id", "organization_id"], ["connections.id", "connections.organization_id"], ondelete="CASCADE"
    )


class SyncRun(SQLModel, table=True):
    """One execution of a connection's sync. `entities` is JSON: counts per entity."""

    __tablename__ = "sync_runs"
    __table_args__ = (_of_connection(), Index("ix_sync_runs_connection", "connection_id", "id"))

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int
    organization_id: str
    mode: str
    status: str = "running"
    started_at: str
    finished_at: str | None = None
    error: str | None = None
    entities: str = "{}"


class Watermark(SQLModel, table=True):
    """The start time up to which one entity of one connection is known complete; where its feed of changes goes on."""

    __tablename__ = "watermarks"

    connection_id: int = Field(primary_key=True, foreign_key="connections.id", ondelete="CASCADE")
    entity: str = Field(primary_key=True)
    value: str
    bookmark: str | None = None


class Checkpoint(SQLModel, table=True):
    """Where an unfinished sync of an entity goes on. `seen` is the set of row ids that a full listing has met."""

    __tablename__ = "checkpoints"

    connection_id: int = Field(primary_key=True, foreign_key="connections.id", ondelete="CASCADE")
    entity: str = Field(primary_key=True)
    mode: str
    started_at: str
    since: str | None = None
    cursor: str
    seen: bytes | None = None


class PageDigest(SQLModel, table=True):
    """What a page of a full listing hashed to, and the rows it covers: an unchanged page costs a hash."""

    __tablename__ = "page_digests"

    connection_id: int = Field(primary_key=True, foreign_key="connections.id", ondelete="CASCADE")
    entity: str = Field(primary_key=True)
    page: str = Field(primary_key=True)
    digest: bytes
    run_id: int
    rows: bytes


class RejectedRecord(SQLModel, table=True):
    """A record that failed validation or storage, kept with its payload (JSON) and the reason."""

    __tablename__ = "rejected_records"
    __table_args__ = (_of_connection(), UniqueConstraint("connection_id", "entity", "source_id"))

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int
    organization_id: str
    run_id: int | None = None
    entity: str
    source_id: str
    field: str | None = None
    reason: str
    payload: str
    created_at: str


class LedgerEntry(SQLModel, table=True):
    """A write or an action: its intent, committed before the call, and its outcome after it.

    `before` is what the record was (JSON), where the connector could say; `undoes` the entry that this one takes back;
    `vendor_id` and `url` name what was made or changed.
    """

    __tablename__ = "ledger"
    __table_args__ = (_of_connection(), Index("ix_ledger_organization", "organization_id", "id"))

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int
    organization_id: str
    kind: str
    operation: str
    arguments: str
    requested_by: str
    status: str = "unknown"
    result: str | None = None
    error: str | None = None
    created_at: str
    finished_at: str | None = None
    before: str | None = None
    undoes: int | None = None
    vendor_id: str | None = None
    url: str | None = None


class Approval(SQLModel, table=True):
    """A write or an action that waits for somebody to agree.

    `status`: waiting, approved (and then run once: `ledger_id`), rejected, expired. `note` is what the one who decided
    says to the one who asked; `reason` why it was asked for.
    """

    __tablename__ = "approvals"
    __table_args__ = (_of_connection(), Index("ix_approvals_status", "organization_id", "status", "id"))

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int
    organization_id: str
    kind: str
    operation: str
    arguments: str
    requested_by: str
    reason: str | None = None
    status: str = "waiting"
    created_at: str
    expires_at: str
    decided_at: str | None = None
    decided_by: str | None = None
    note: str | None = None
    ledger_id: int | None = None


class Policy(SQLModel, table=True):
    """What a kind of asker (person, agent, api) may do with an operation of a connection; `*` is every operation.

    `decision`: allow, ask or deny.
    """

    __tablename__ = "policies"
    __table_args__ = (_of_connection(),)

    connection_id: int = Field(primary_key=True)
    operation: str = Field(primary_key=True)
    requested_by: str = Field(primary_key=True)
    organization_id: str
    decision: str


class Event(SQLModel, table=True):
    """An inbound event, stored before its sender is answered. `event_id` is the vendor's: the same one comes once.

    `status`: waiting, handled, failed (tried again at `next_attempt_at`) or set_aside.
    """

    __tablename__ = "events"
    __table_args__ = (
        _of_connection(),
        UniqueConstraint("connection_id", "event_id"),
        Index("ix_events_due", "connection_id", "status", "next_attempt_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int
    organization_id: str
    event_id: str
    type: str
    payload: str
    status: str = "waiting"
    attempts: int = 0
    received_at: str
    next_attempt_at: str | None = None
    handled_at: str | None = None
    error: str | None = None


class Schedule(SQLModel, table=True):
    """When a connection is synced by itself. `spec` is JSON; `next_due_at` is UTC; `leased_until` keeps others off."""

    __tablename__ = "schedules"
    __table_args__ = (_of_connection(), Index("ix_schedules_due", "next_due_at"))

    connection_id: int = Field(primary_key=True)
    organization_id: str
    spec: str
    enabled: bool = True
    next_due_at: str
    leased_by: str | None = None
    leased_until: str | None = None
    last_run_at: str | None = None
    last_status: str | None = None


class Query(SQLModel, table=True):
    """A query that was run against `target` (the local data, or a connection); one with a `name` was saved."""

    __tablename__ = "queries"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE"),
        UniqueConstraint("organization_id", "target", "name"),
    )

    id: int | None = Field(default=None, primary_key=True)
    organization_id: str
    target: str
    name: str | None = None
    text: str
    ran_at: str


class RecordChange(SQLModel, table=True):
    """What the changed fields of a row were until then (a JSON object). `run_id` is None where an event changed it."""

    __tablename__ = "record_changes"
    __table_args__ = (_of_connection(), Index("ix_record_changes_row", "entity", "row_id"))

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int
    organization_id: str
    entity: str
    row_id: int
    run_id: int | None = None
    changed_at: str
    before: str


class Setting(SQLModel, table=True):
    """What the user chose for this data directory, such as the current organization."""

    __tablename__ = "settings"

    key: str = Field(primary_key=True)
    value: str
