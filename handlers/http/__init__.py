"""HTTP: the management API behind the key check, and everything that is not a hot path behind Starlette."""
