"""Parsing, wording and drawing are the same on both databases; what they read is tried in `tests/unit/desk`."""

from tests.databases import url_on_sqlite

database_url = url_on_sqlite
