"""Documentation agrees with the code."""
