"""What HubSpot's connector, `connectors/hubspot.py`, is made of."""
