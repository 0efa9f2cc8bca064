"""Measurements. Each prints ratios against a baseline that was measured in the same run."""
