"""Requests for keys, from asking to the decision."""
