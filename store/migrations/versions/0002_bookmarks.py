"""Bookmarks: where a vendor's own feed of changes goes on"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("watermarks", sa.Column("bookmark", sa.Text(), nullable=True))
