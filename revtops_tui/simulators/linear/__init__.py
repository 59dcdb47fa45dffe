"""A simulated Linear: the GraphQL API of a seeded workspace, on this machine."""

from revtops_tui.simulators.linear.simulator import LinearSimulator

__all__ = ["LinearSimulator"]
