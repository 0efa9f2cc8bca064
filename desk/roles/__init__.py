"""Who has which role, on which page, and for how long."""
