"""On which databases the desk is tried.

A rule is the same on both, so that SQLite is enough for it. On PostgreSQL as well are: the story of every event
(`audit/test_stories.py`), every function that handlers call (`authority/test_doors.py`), what comes at the same
moment, and what asks the database something that none of these asks, which is marked with `both_databases`.
"""

from tests.databases import url_on_sqlite

database_url = url_on_sqlite
