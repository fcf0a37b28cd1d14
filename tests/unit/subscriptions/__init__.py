"""Rules of a service's life."""
