"""Before sign-in."""
