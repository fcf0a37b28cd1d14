"""What Benfex promises, as business sentences."""
