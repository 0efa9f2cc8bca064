"""Tests of handlers/delivery/."""
