"""Tests of desk/upstreams/."""
