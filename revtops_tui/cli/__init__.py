"""`revtops ...`: one module per noun."""
