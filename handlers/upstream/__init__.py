"""How Keydesk calls a Statuspage that is somewhere else: one client, one budget, one fuse for each."""
