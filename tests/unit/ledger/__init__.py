"""Rules only."""
