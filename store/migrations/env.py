"""Alembic's environment. `store.database` hands it the connection; on the command line it opens `-x file=…`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import store.tables  # noqa: F401 - fills the metadata

connection = context.config.attributes.get("connection")
if connection is None:
    path = context.get_x_argument(as_dictionary=True).get("file", "revtops.db")
    connection = create_engine(f"sqlite:///{path}").connect()

context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
