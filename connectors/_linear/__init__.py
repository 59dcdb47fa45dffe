"""What Linear's connector, `connectors/linear.py`, is made of."""
