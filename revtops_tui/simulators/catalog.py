"""The simulators there are, by the connector that speaks to them; one is imported when it is wanted."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revtops_tui.simulators.vendor import VendorSimulator

SIMULATORS = {
    "asana": "AsanaSimulator",
    "code_sandbox": "CodeSandboxSimulator",
    "google_drive": "GoogleDriveSimulator",
    "hubspot": "HubSpotSimulator",
    "linear": "LinearSimulator",
    "pipedrive": "PipedriveSimulator",
    "slack": "SlackSimulator",
    "twilio": "TwilioSimulator",
    "web_search": "WebSearchSimulator",
}
"""Slug -> the class, in the module or package of this folder that has the slug's name."""


def simulator_class(slug: str) -> type[VendorSimulator]:
    """The simulator of a connector's vendor. Raises KeyError for one that has none."""
    found: type[VendorSimulator] = getattr(importlib.import_module(f"revtops_tui.simulators.{slug}"), SIMULATORS[slug])
    return found
