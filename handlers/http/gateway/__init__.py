"""Keydesk in front of a real Statuspage: it checks whose key it is and forwards calls with its own."""
