"""What opens on top of a workspace and is left with esc; imported when first opened."""
