"""Screens and HTTP routes."""
