"""Tests of handlers/jobs/."""
