"""One folder per gateway; none imports another."""
