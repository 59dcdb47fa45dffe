"""Simulated search providers over one small web."""

from revtops_tui.simulators.web_search.simulator import WebSearchSimulator

__all__ = ["WebSearchSimulator"]
