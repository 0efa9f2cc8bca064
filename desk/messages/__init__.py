"""Messages that are owed to people, and what became of them."""
