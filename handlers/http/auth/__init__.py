"""Who calls, whether they may, and a note of it: for every API."""
