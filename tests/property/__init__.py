"""Equations that hold for any input."""
