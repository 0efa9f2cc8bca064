"""How Slack's requests come in, what goes back, and what both are made of. Knows none of the areas."""
