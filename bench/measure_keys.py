"""Any number of keys for a benchmark, made within the database."""

from sqlalchemy import text

from storage.database import Database
from tests.databases import ORGANIZATION

_COLUMNS = (
    "id, version, revision, status, name, purpose, sha256, start, scopes, pages, holder_id, created_at, created_by,"
    " expires_at, organization_id"
)
_NUMBERS = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :keys)"
_OF = {
    "sqlite": (
        "printf('k%011d', n), 1, 0, 'active', 'key ' || n, '', printf('%064x', n), 'kd_xxxx', '[\"read\"]', NULL,"
        " printf('U%010d', n % :holders), '2026-01-01 00:00:00.000000', 'operator:bench',"
        " '2099-01-01 00:00:00.000000'"
    ),
    "postgresql": (
        "'k' || lpad(n::text, 11, '0'), 1, 0, 'active', 'key ' || n, '', lpad(to_hex(n), 64, '0'), 'kd_xxxx',"
        " '[\"read\"]'::json, NULL, 'U' || lpad((n % :holders)::text, 10, '0'), '2026-01-01', 'operator:bench',"
        " '2099-01-01'"
    ),
}
_USES = (
    "INSERT INTO key_use (key_id, organization_id, first_used_at, last_used_at, reads, writes, failed, refused)"
    " SELECT id, organization_id, created_at, CURRENT_TIMESTAMP, 1, 0, 0, 0 FROM api_key"
    " WHERE CAST(substr(id, 2) AS integer) % 100 < :percent"
)


def fill(database: Database, keys: int, *, holders: int = 500, used_percent: int = 0) -> None:
    """So many keys of so many holders, made long ago, of which this share was used just now. Their digests are their
    numbers."""
    values = _OF[database.engine.dialect.name]
    given = {"keys": keys, "holders": holders, "organization": ORGANIZATION}
    with database.write() as session:
        insert = f"INSERT INTO api_key ({_COLUMNS}) {_NUMBERS} SELECT {values}, :organization FROM number"  # noqa: S608
        session.execute(text(insert), given)
        if used_percent:
            session.execute(text(_USES), {"percent": used_percent})
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def key_id(number: int) -> str:
    """The id of one of them, from 1."""
    return f"k{number:011d}"
