"""Planned maintenances, which run by themselves."""
