"""Roles and people in Slack."""
