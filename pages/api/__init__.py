"""Other programs: REST v1, one file a resource."""
