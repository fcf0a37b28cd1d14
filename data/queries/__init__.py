"""Every SELECT in the system."""
