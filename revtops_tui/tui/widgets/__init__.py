"""The parts that screens are made of, each with its styles."""
