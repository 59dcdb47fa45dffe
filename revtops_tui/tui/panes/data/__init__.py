"""The data workspace: tables, and the rows of one of them."""
