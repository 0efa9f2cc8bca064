"""Delivery: what the outbox holds goes out to Slack."""
