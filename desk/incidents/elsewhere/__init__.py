"""Incidents of pages that a Statuspage elsewhere keeps: what it is to be told of them, and what became of that."""
