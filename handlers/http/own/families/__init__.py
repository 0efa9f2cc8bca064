"""The table of the own API, one file for each family."""
