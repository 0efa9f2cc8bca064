"""Tests of handlers/http/gateway/."""
