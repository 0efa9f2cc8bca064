"""Stories: people act in the sandbox, the real bot answers, and what went over the wire is looked at."""
