"""What Asana's connector, `connectors/asana.py`, is made of."""
