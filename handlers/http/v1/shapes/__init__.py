"""Statuspage's own shapes, one file for each family."""
