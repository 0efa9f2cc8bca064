"""Clients of Statuspage's APIs that others made, called as they are; each has an environment of its own."""
