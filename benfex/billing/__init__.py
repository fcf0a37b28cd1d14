"""Turning subscriptions into invoices."""
