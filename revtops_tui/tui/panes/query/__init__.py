"""The query workspace: tabs with an editor and what came of it."""
