"""A data directory seen for one organization: what every engine function is given."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from store.home import data_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.discovery import Catalog
    from connectors.http import Exchange
    from revtops_tui.engine.oauth.unstored import Unstored
    from revtops_tui.engine.settings import Settings
    from store.credentials import CredentialStore
    from store.database import Database
    from store.recorder import Recorder

CURRENT_ORGANIZATION = "current_organization"


class Workspace:
    """Opens what is needed when it is needed: making one costs nothing, so a face can show itself first.

    Args:
        home: the data directory; `REVTOPS_HOME` or the platform's own by default.
        organization_id: `REVTOPS_ORG`, the one chosen by `org use`, or "default".
        credentials: another place for credentials than this machine's keyring (the demo's memory).

    `on_exchange` can be set to see every HTTP exchange, redacted; it is called from whichever thread makes it.
    `records` can be unset where exchanges are not to be kept, whatever the settings say.
    """

    def __init__(
        self,
        home: Path | None = None,
        organization_id: str | None = None,
        *,
        credentials: CredentialStore | None = None,
    ) -> None:
        self.home = home or data_dir()
        self._organization_id = organization_id or os.environ.get("REVTOPS_ORG") or None
        self._given_credentials = credentials
        self._shared_with: Workspace | None = None
        self.on_exchange: Callable[[Exchange], None] | None = None
        self.records = True
        self.lent: dict[tuple[str, str], dict[str, Any]] = {}
        """Credentials that a broker has lent, see `engine.brokered`: in memory only."""
        self.unstored: dict[str, Unstored] = {}
        """Renewed tokens that wait to be stored, see `engine.oauth.unstored`."""
        self._opening = threading.Lock()
        self._database: Database | None = None
        self._recorder: Recorder | None = None

    def seen_by(self, organization_id: str) -> Workspace:
        """The same data directory for another organization: one database, one keyring, closed with this one."""
        if organization_id == self.organization_id:
            return self
        other = Workspace(self.home, organization_id)
        other._shared_with = self
        other.unstored = self.unstored
        other.on_exchange = self.on_exchange
        return other

    @property
    def names_organization(self) -> bool:
        """Whether the organization was named for this once, by an option or the environment."""
        return self._organization_id is not None

    @property
    def is_open(self) -> bool:
        """Whether the database was asked for."""
        return self._database is not None

    @cached_property
    def organization_id(self) -> str:
        """The organization whose data is seen."""
        if self._organization_id:
            return self._organization_id
        from store.connections import DEFAULT_ORGANIZATION, setting

        return setting(self.database, CURRENT_ORGANIZATION) or DEFAULT_ORGANIZATION

    @cached_property
    def settings(self) -> Settings:
        """The user's settings, as they were when they were first asked for."""
        if self._shared_with is not None:
            return self._shared_with.settings
        from revtops_tui.engine.settings import load

        return load(self.home)

    def forget_settings(self) -> None:
        """The settings were written: the next who asks gets them as they are now."""
        self.__dict__.pop("settings", None)
        if self._shared_with is not None:
            self._shared_with.forget_settings()

    @cached_property
    def catalog(self) -> Catalog:
        """The connectors there are."""
        if self._shared_with is not None:
            return self._shared_with.catalog
        from connectors.discovery import discover

        return discover(home=self.home)

    @property
    def database(self) -> Database:
        """The open database; opened once, whichever threads ask for it. Raises StoreError."""
        if self._shared_with is not None:
            return self._shared_with.database
        with self._opening:
            if self._database is None:
                from store.database import Database

                self._database = Database.open(self.home)
            return self._database

    @cached_property
    def credentials(self) -> CredentialStore:
        """Where the credentials of connections are kept."""
        if self._shared_with is not None:
            return self._shared_with.credentials
        from store.credentials import open_credentials

        return self._given_credentials or open_credentials(self.home)

    @property
    def recorder(self) -> Recorder | None:
        """What keeps exchanges; None where they are not kept."""
        if self._shared_with is not None:
            return self._shared_with.recorder
        if not self.records or not self.settings.traffic.record:
            return None
        with self._opening:
            if self._recorder is None:
                from store.recorder import Recorder

                self._recorder = Recorder(self.home, self.settings.traffic.keep_megabytes * 1_000_000)
            return self._recorder

    def close(self) -> None:
        """Write what waits to be written, and close what was opened."""
        if self.unstored and self._shared_with is None:
            from revtops_tui.engine.oauth.unstored import offer_for_the_last_time

            offer_for_the_last_time(self)
        with self._opening:
            if self._recorder is not None:
                self._recorder.close()
            self._recorder = None
            if self._database is not None:
                self._database.close()
            self._database = None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
