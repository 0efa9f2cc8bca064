"""The ways in and out: thin adapters between the world and the desk."""
