"""Benchmarks: the product as it ships against its simulated surroundings, in processes of their own."""
