"""What every face shares: connections, sync runs, operations. Headless and complete."""
