"""The report of keys that want attention, and the policy for unused ones."""
