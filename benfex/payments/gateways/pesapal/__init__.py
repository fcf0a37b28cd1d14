"""Pesapal v3."""
