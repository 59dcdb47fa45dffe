"""Approvals, policies, events, schedules; and what the ledger keeps of a change"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _of_connection() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["connection_id", "organization_id"], ["connections.id", "connections.organization_id"], ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        _text("organization_id"),
        _text("kind"),
        _text("operation"),
        _text("arguments"),
        _text("requested_by"),
        _text("reason", nullable=True),
        _text("status"),
        _text("created_at"),
        _text("expires_at"),
        _text("decided_at", nullable=True),
        _text("decided_by", nullable=True),
        _text("note", nullable=True),
        sa.Column("ledger_id", sa.Integer(), nullable=True),
        _of_connection(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_approvals_status", "approvals", ["organization_id", "status", "id"])
    op.create_table(
        "policies",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        _text("operation"),
        _text("requested_by"),
        _text("organization_id"),
        _text("decision"),
        _of_connection(),
        sa.PrimaryKeyConstraint("connection_id", "operation", "requested_by"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        _text("organization_id"),
        _text("event_id"),
        _text("type"),
        _text("payload"),
        _text("status"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _text("received_at"),
        _text("next_attempt_at", nullable=True),
        _text("handled_at", nullable=True),
        _text("error", nullable=True),
        _of_connection(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "event_id"),
    )
    op.create_index("ix_events_due", "events", ["connection_id", "status", "next_attempt_at"])
    op.create_table(
        "schedules",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        _text("organization_id"),
        _text("spec"),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _text("next_due_at"),
        _text("leased_by", nullable=True),
        _text("leased_until", nullable=True),
        _text("last_run_at", nullable=True),
        _text("last_status", nullable=True),
        _of_connection(),
        sa.PrimaryKeyConstraint("connection_id"),
    )
    op.create_index("ix_schedules_due", "schedules", ["next_due_at"])
    for column in (
        _text("before", nullable=True),
        sa.Column("undoes", sa.Integer()),
        _text("vendor_id", nullable=True),
    ):
        op.add_column("ledger", column)
    op.add_column("ledger", _text("url", nullable=True))
    op.create_index("ix_ledger_organization", "ledger", ["organization_id", "id"])
