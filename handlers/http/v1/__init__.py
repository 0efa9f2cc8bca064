"""Statuspage's management API, version 1, in its own shapes."""
