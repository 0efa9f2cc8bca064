"""Incidents and maintenances: what may be said of them, and what then changes."""
