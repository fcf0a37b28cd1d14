"""Double-entry journal: the truth about money."""
