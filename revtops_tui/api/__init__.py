"""The local HTTP API and webhook listener: a face over the engine, on loopback."""
