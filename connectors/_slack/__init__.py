"""What Slack's connector, `connectors/slack.py`, is made of."""
