"""What each family of endpoints answers."""
