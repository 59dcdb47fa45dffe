"""Asana's API over a seeded account with two workspaces."""

from revtops_tui.simulators.asana.simulator import AsanaSimulator

__all__ = ["AsanaSimulator"]
