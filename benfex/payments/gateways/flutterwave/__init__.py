"""Flutterwave v3."""
