"""Tests of desk/messages/."""
