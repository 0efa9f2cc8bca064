"""Puts small faults into the rules, one at a time, and says which of them no test sees (`make mutants`)."""
