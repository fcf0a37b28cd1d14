"""What ships to begin with: names and presets."""
