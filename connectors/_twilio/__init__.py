"""What Twilio's connector, `connectors/twilio.py`, is made of."""
