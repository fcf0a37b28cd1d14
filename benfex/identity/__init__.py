"""Accounts that can sign in."""
