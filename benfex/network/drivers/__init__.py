"""One package per kind of router; only the registry and bootstrap name them."""
