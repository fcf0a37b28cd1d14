"""The demo ISP: its history, made by the same acts under a moved clock, and its simulated surroundings."""
