"""A simulated Twilio account: the company's text messages with its customers."""

from revtops_tui.simulators.twilio.simulator import TwilioSimulator as TwilioSimulator
