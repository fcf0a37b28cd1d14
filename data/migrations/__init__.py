"""The history of the schema, one straight line."""
