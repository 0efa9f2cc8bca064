"""Schedules of people's acts and of faults, played on real processes, and what must hold after each.

A schedule follows from its seed. What happens between two processes does not, so the same seed may have to be played
a few times until a failure comes again.
"""
