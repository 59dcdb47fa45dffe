"""The connector SDK, and one file per system."""
