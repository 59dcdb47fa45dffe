"""Alembic migrations of the local database; `store.database` runs them at open."""
