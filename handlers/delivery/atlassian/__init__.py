"""Delivery to a Statuspage elsewhere."""
