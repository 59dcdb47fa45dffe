"""What a sync costs, next to other loaders and to a hand-tuned floor, on the same work in the same run."""
