"""Keydesk as several processes on PostgreSQL, behind nginx."""
