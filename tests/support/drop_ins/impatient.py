"""HubSpot's connector with a client that soon gives up on a vendor that does not answer."""

from __future__ import annotations

from dataclasses import replace

from connectors.http import HttpClient
from connectors.hubspot import HubSpotConnector


class ImpatientConnector(HubSpotConnector):
    source_system = "impatient"
    meta = replace(HubSpotConnector.meta, name="Impatient", slug="impatient")

    @property
    def http(self) -> HttpClient:
        if self._http is None:
            self._http = HttpClient(
                self.context.base_url or self.base_url,
                auth_headers=self.auth_headers,
                budgets=[replace(budget, requests=100_000) for budget in self.rate_budgets],
                timeout=0.5,
                attempts=2,
                cancelled=self.context.cancelled,
                system=self.meta.name,
            )
        return self._http
