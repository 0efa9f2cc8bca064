"""One page for each domain"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of pages that have one domain the oldest keeps it; the others are where they were found besides."""
    bind = op.get_bind()
    page = sa.table("page", *(sa.column(name, sa.String) for name in ("id", "domain")), sa.column("created_at"))
    having = sa.select(page.c.id, page.c.domain).where(page.c.domain.is_not(None))
    taken: set[str] = set()
    for page_id, domain in bind.execute(having.order_by(page.c.created_at, page.c.id)).all():
        host = domain.strip().lower().rstrip(".")
        kept = host if host and host not in taken else None
        taken.add(host)
        if kept != domain:
            bind.execute(sa.update(page).where(page.c.id == page_id).values(domain=kept))
    op.create_index("ix_page_domain", "page", ["domain"], unique=True)


def downgrade() -> None:
    """Let pages share a domain."""
    op.drop_index("ix_page_domain", table_name="page")
