"""Templates: words kept for the next time."""
