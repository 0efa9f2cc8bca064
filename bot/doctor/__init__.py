"""`keydesk doctor`: everything that must hold for Keydesk to work, looked at once, each with what to do about it."""
