"""Reading personal data takes scopes of its own; keys that read everything go on doing so"""

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_PERSONAL = ("subscribers:read", "page_access:read", "users:read")
_ORDER = (
    "read",
    "incidents:write",
    "maintenances:write",
    "components:write",
    "metrics:write",
    "page_configuration:write",
    "subscribers:read",
    "subscribers:write",
    "page_access:read",
    "users:read",
    "users:write",
)
_COLUMNS = (("api_key", "scopes"), ("key_request", "scopes"), ("key_request", "granted_scopes"))


def upgrade() -> None:
    """What was called `read` until now read personal data too. So it is said of every key and of every request for
    one, from which tickets, rotations and forms that are filled in again take their scopes."""
    _rewrite(_say_it)


def _say_it(scopes: Sequence[str]) -> list[str]:
    if "read" not in scopes:
        return list(scopes)
    return sorted({*scopes, *_PERSONAL}, key=_ORDER.index)


def _rewrite(change: Callable[[Sequence[str]], list[str]]) -> None:
    bind = op.get_bind()
    for name, column in _COLUMNS:
        table = sa.table(name, sa.column("id", sa.String), sa.column(column, sa.JSON))
        stored = table.c[column]
        for row_id, scopes in bind.execute(sa.select(table.c.id, stored)).all():
            if scopes is not None and (changed := change(scopes)) != scopes:
                bind.execute(sa.update(table).where(table.c.id == row_id).values({column: changed}))


def downgrade() -> None:
    """`read` reads it again; a key that had one of these alone reads nothing any more."""
    _rewrite(lambda scopes: [scope for scope in scopes if scope not in _PERSONAL])
