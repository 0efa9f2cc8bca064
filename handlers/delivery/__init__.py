"""Delivery: what the outbox holds goes out, each channel by a deliverer of its own."""
