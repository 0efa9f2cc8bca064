"""What each operation of the own API does, one file for each family."""
