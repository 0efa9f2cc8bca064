"""API keys: their rules, changes, check and use."""
