"""Slack: commands, buttons, modals, events and the Home tab."""
