"""Status pages and their components, as they are kept."""
