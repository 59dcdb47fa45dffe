"""What is the same on every screen: syncs and other tasks, toasts, keys, the palette, copying, leaving."""
