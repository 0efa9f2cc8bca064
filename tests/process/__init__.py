"""The real program in a process of its own, against the real sandbox."""
