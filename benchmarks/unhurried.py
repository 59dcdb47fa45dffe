"""The drop-in connector `unhurried`: HubSpot's, without the budget of requests that its real accounts have.

With it half of a sync's time is spent waiting, and half of all kills would hit a process that does nothing.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.http import RateBudget
from connectors.hubspot import HubSpotConnector


class UnhurriedConnector(HubSpotConnector):
    """Speaks HubSpot's CRM API as fast as the server answers."""

    source_system = "unhurried"
    rate_budgets = (RateBudget(1_000_000, per=1), RateBudget(1_000_000, per=1, name="search"))
    meta = replace(HubSpotConnector.meta, name="Unhurried", slug="unhurried")
