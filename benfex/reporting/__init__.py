"""Numbers for owners."""
