"""One transaction at a time, or rules of the core."""
