"""RADIUS: FreeRADIUS with its SQL tables on PostgreSQL, and requests to its NASes."""
