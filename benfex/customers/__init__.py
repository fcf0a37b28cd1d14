"""The people and businesses we serve."""
