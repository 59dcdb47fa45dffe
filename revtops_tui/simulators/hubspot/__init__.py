"""A simulated HubSpot: the CRM API of a seeded account, on this machine."""

from revtops_tui.simulators.hubspot.limits import RateLimit
from revtops_tui.simulators.hubspot.simulator import HubSpotSimulator

__all__ = ["HubSpotSimulator", "RateLimit"]
