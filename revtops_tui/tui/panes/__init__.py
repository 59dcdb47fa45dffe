"""The workspaces, one module each; a module is imported when its workspace is first visited."""
