"""The inbox: what waits for an approval, and what vendors told."""
