"""Two who do the same in one instant, at every door of the desk that writes."""
