"""What Code sandbox's connector, `connectors/code_sandbox.py`, is made of."""
