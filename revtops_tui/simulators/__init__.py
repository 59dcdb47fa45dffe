"""Simulated vendors, one module or package each: for demos, tests and development without an account."""
