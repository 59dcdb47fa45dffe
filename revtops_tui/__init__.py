"""The terminal app, the command line and the engine beneath them."""

__version__ = "0.1.0"
