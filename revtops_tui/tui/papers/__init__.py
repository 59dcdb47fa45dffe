"""What stands on a sheet: each module tells one thing as lines for a width, and knows no widget."""
