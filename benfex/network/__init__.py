"""Routers and the access they grant."""
