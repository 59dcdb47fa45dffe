"""What web search's connector, `connectors/web_search.py`, is made of."""
