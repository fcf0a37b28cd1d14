"""The commercial agreement and its life."""
