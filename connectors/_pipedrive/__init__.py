"""What Pipedrive's connector, `connectors/pipedrive.py`, is made of."""
