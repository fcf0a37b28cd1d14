"""How a fact leaves the house."""
