"""The traffic workspace: exchanges with vendors as they happen."""
