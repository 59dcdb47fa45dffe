"""The workspace of connections and connectors: their list, and the panels of the one that is chosen."""
