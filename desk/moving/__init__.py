"""Pages that move here from a Statuspage elsewhere, with all that was ever said on them."""
