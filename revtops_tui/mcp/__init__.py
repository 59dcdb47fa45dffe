"""The tools for agents: an MCP server over the engine."""
