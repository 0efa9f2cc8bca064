"""Keydesk's own API: what people do in Slack, for programs."""
