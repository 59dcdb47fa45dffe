"""Simulated vendors, one file each: for demos, tests and development without an account."""
