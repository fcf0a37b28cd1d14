"""Worked examples of what the docs explain; tests run on them, the product never offers them."""
