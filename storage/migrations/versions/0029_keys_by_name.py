"""Keys are listed by name without sorting all of them"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_FOLDED = """(translate(lower(upper(normalize(name) COLLATE "{}")), 'ς', 'σ') COLLATE "C")"""


def upgrade() -> None:
    """An index in the order of `storage.folding.in_order`, which on PostgreSQL depends on the server's collations."""
    dialect = op.get_bind().dialect
    collation = getattr(dialect, "keydesk_collation", "default")
    name = "name COLLATE NOCASE" if dialect.name == "sqlite" else f"({_FOLDED.format(collation)})"
    op.execute(f"CREATE INDEX ix_api_key_by_name ON api_key (organization_id, {name}, created_at, id)")


def downgrade() -> None:
    """Without it."""
    op.drop_index("ix_api_key_by_name", "api_key")
