"""Slack's people and user groups: read, and listened to."""
