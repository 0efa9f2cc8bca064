"""Instants as people write them: one grammar for keys, roles, incidents and maintenances."""
