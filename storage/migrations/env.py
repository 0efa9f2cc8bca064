"""Alembic's entry: runs on the connection that `storage.schema` hands in."""

from typing import Any, Literal

from alembic import context

from storage.models import Base
from storage.models.base import UTCDateTime


def render_item(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """Migrations name database types, not ours: they must still run when ours have changed."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
