"""Drafts: written down, shown, published, sent back."""
