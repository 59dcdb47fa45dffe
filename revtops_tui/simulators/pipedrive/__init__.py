"""A simulated Pipedrive: API v2 and what is left of v1 over a seeded company account, on this machine."""

from revtops_tui.simulators.pipedrive.simulator import PipedriveSimulator

__all__ = ["PipedriveSimulator"]
