"""What a tracker's users added: custom fields, and which issue a sub-issue belongs to"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tracker_projects", sa.Column("custom_fields", sa.Text(), nullable=True))
    op.add_column("tracker_issues", sa.Column("parent_source_id", sa.Text(), nullable=True))
    op.add_column("tracker_issues", sa.Column("custom_fields", sa.Text(), nullable=True))
