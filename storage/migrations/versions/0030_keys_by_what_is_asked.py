"""Keys are found by what is asked of them, and not by looking at all of an organization's"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_IS_KEPT = sa.text("kept_until IS NOT NULL")


def upgrade() -> None:
    """An index of those that somebody said to keep. On SQLite, that of the names no longer begins with the organization:
    it takes that for the best way to any key, whatever else is asked."""
    op.create_index(
        "ix_api_key_kept_until", "api_key", ["kept_until"], sqlite_where=_IS_KEPT, postgresql_where=_IS_KEPT
    )
    _index_names("name COLLATE NOCASE, created_at, id, organization_id")


def downgrade() -> None:
    """As before."""
    op.drop_index("ix_api_key_kept_until", "api_key")
    _index_names("organization_id, name COLLATE NOCASE, created_at, id")


def _index_names(columns: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_api_key_by_name", "api_key")
        op.execute(f"CREATE INDEX ix_api_key_by_name ON api_key ({columns})")
