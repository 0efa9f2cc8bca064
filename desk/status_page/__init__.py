"""The page that customers see: its port, what it shows, and its past."""
