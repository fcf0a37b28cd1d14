"""Rules and values alone, without a database."""
