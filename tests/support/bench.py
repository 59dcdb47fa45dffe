"""A data directory with connectors that a test writes, and a vendor that the test changes as it goes."""

from __future__ import annotations

import shutil
import sqlite3
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from textwrap import dedent, indent
from types import SimpleNamespace
from typing import Any

from revtops_tui.engine.connections import connect
from revtops_tui.engine.sync import RunResult, SyncOptions, sync
from revtops_tui.engine.workspace import Workspace
from store.credentials import MemoryCredentials
from store.database import FILE_NAME, Database

_HEADER = """
import asyncio
import datetime as dt

from connectors.base import BaseConnector
from connectors.errors import *
from connectors.models import *
from connectors.persistence import persist_records
from connectors.registry import *
from connectors.stream import Checkpoint, Deleted, Expect, Page
from tests.support.bench import vendor


class Connector(BaseConnector):
    source_system = "{slug}"
    meta = ConnectorMeta(
        name="{name}", slug="{slug}", auth_type=AuthType.CUSTOM, scope=ConnectorScope.{scope},
        entity_types={entities!r}, auth_fields=[AuthField("key", required=False)],
        {declared}
    )

    async def test_connection(self):
        if self.credentials.get("key") == "wrong":
            raise AuthenticationError("The key is not known here.")
        return vendor.account

"""

vendor = SimpleNamespace()
"""What the connectors of a test ask and tell: it is the other system, and empty at the start of every test."""


@cache
def _empty_database() -> Path:
    home = Path(mkdtemp(prefix="revtops-tests-"))
    Database.open(home).close()
    return home / FILE_NAME


class Bench:
    """One data directory. `ws` sees it for the organization "acme"."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "connectors").mkdir(mode=0o700, parents=True)
        shutil.copy(_empty_database(), home / FILE_NAME)
        self.credentials = MemoryCredentials()
        self._open: list[Workspace] = []
        self.ws = self.workspace("acme")

    def workspace(self, organization: str) -> Workspace:
        """The same data directory seen for an organization."""
        self._open.append(Workspace(self.home, organization, credentials=self.credentials))
        return self._open[-1]

    def write(
        self,
        methods: str,
        slug: str = "bench",
        *,
        entities: list[str] | None = None,
        declared: str = "",
        scope: str = "ORGANIZATION",
        before: str = "",
    ) -> None:
        """Write a drop-in connector; `methods` is the body of its class, `before` stands above the class."""
        source = _HEADER.format(
            slug=slug, name=slug.title(), scope=scope, entities=entities or ["deals"], declared=declared
        )
        head, line, rest = source.partition("\n\nclass Connector")
        text = head + "\n" + dedent(before) + line + rest + indent(dedent(methods), "    ")
        (self.home / "connectors" / f"{slug}.py").write_text(text)
        for ws in self._open:
            ws.__dict__.pop("catalog", None)

    def connector(self, methods: str, slug: str = "bench", *, name: str = "default", **written: Any) -> None:
        """Write a drop-in connector and connect it."""
        self.write(methods, slug, **written)
        connect(self.ws, slug, {}, name=name)

    def sync(self, *selectors: str, **options: Any) -> RunResult:
        """Sync one connection."""
        (result,) = sync(self.ws, selectors or ("bench",), SyncOptions(**options))
        return result

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the file itself, as any SQLite program can."""
        connection = sqlite3.connect(self.home / FILE_NAME)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def change(self, statement: str, *values: Any) -> None:
        """Change the file itself, behind the product's back."""
        connection = sqlite3.connect(self.home / FILE_NAME)
        try:
            with connection:
                connection.execute(statement, values)
        finally:
            connection.close()

    def dump(self) -> str:
        """All that the database holds."""
        connection = sqlite3.connect(self.home / FILE_NAME)
        try:
            return "\n".join(connection.iterdump())
        finally:
            connection.close()

    def names(self, table: str = "deals") -> dict[str, Any]:
        """The live rows: source id -> name."""
        return dict(self.ask(f"SELECT source_id, name FROM {table} WHERE deleted_at IS NULL ORDER BY source_id"))

    def close(self) -> None:
        """Close what was opened."""
        for ws in self._open:
            ws.close()


def deals(*ids: int | str, name: str = "deal", **fields: Any) -> list[dict[str, Any]]:
    """Records of deals as mappings."""
    return [{"source_id": str(one), "name": f"{name} {one}", **fields} for one in ids]
