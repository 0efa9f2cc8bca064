"""Texts between Slack's markup, Markdown, and Slack's limits. Knows none of the areas."""
