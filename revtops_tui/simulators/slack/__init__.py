"""A simulated Slack workspace."""

from __future__ import annotations

from revtops_tui.simulators.slack.simulator import SlackSimulator as SlackSimulator
