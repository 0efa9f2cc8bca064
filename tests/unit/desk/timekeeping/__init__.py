"""What a wrong clock has written."""
