"""Whose each row is"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = (
    "api_key",
    "audit_event",
    "audit_head",
    "component",
    "component_status_change",
    "delivery",
    "departure",
    "digest",
    "digest_item",
    "directory_sync",
    "incident",
    "incident_component",
    "incident_draft",
    "incident_template",
    "incident_update",
    "job_run",
    "key_announcement",
    "key_request",
    "key_request_approval",
    "key_use",
    "key_use_day",
    "member",
    "message_subject",
    "role_grant",
    "seen_event",
    "slack_message",
    "ticket",
    "user_group",
    "user_group_member",
)
_KEYS: Mapping[str, Sequence[str]] = {
    "audit_event": ["organization_id", "seq"],
    "audit_head": ["organization_id"],
    "digest": ["period", "organization_id"],
    "job_run": ["job", "period", "organization_id"],
    "member": ["user_id", "organization_id"],
    "seen_event": ["event_id", "organization_id"],
    "user_group": ["group_id", "organization_id"],
    "user_group_member": ["group_id", "user_id", "organization_id"],
}
"""Names that mean something only within an organization: Slack's ids, dates, numbers in order."""
_UNIQUE: Mapping[str, Sequence[str]] = {
    "digest_item": ["period", "position"],
    "incident_draft": ["client_token"],
    "key_request": ["client_token"],
    "slack_message": ["kind", "subject_id", "conversation"],
}
_PARENTS = {"digest_item": ("digest", "period"), "user_group_member": ("user_group", "group_id")}
_COUNTED = ("delivery",)
"""Tables of which SQLite remembers how far it has counted, which reflection does not find."""


def upgrade() -> None:
    """Whose each row is: of the one organization that there can be, which keeps its id."""
    organization_id = _settle_organization()
    counters = _read_counters()
    for table, (parent, column) in _PARENTS.items():
        with _changing(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_{column}_{parent}"), type_="foreignkey")
    for table in _TABLES:
        _add_organization(table, organization_id)
    for table, (parent, column) in _PARENTS.items():
        name = op.f(f"fk_{table}_{column}_organization_id_{parent}")
        columns = [column, "organization_id"]
        with _changing(table) as batch:
            batch.create_foreign_key(name, parent, columns, columns, ondelete="CASCADE")
    _keep_grants_apart()
    op.drop_index("ix_audit_event_action", table_name="audit_event")
    op.create_index("ix_audit_event_action", "audit_event", ["action", "organization_id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        _restore_counters(counters)
        _protect_audit_events()


def _settle_organization() -> str | None:
    """The id of the organization whose rows these are, begun where it has rows and no name yet; None: no rows."""
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT id FROM organization")).scalars().all()
    if len(found) > 1:
        raise RuntimeError("there is more than one organization: nobody can say whose the rows are")
    if found:
        return str(found[0])
    rows = sa.text(" UNION ALL ".join(f"SELECT 1 FROM {table}" for table in _TABLES if table != "audit_head"))  # noqa: S608
    if connection.execute(rows).first() is None:
        op.execute("DELETE FROM audit_head")
        return None
    organization_id = f"o{secrets.randbelow(10**11):011d}"
    organization = sa.table(
        "organization", sa.column("id"), sa.column("name"), sa.column("created_at", sa.DateTime(timezone=True))
    )
    # SQLite keeps an instant without its zone: it must be UTC.
    op.execute(sa.insert(organization).values(id=organization_id, name="", created_at=datetime.now(UTC)))
    return organization_id


def _changing(table: str) -> AbstractContextManager[BatchOperations]:
    options = {"sqlite_autoincrement": True} if table in _COUNTED else {}
    # Tables that this one points to are looked at in their turn, and not with each that does.
    return op.batch_alter_table(table, table_kwargs=options, reflect_kwargs={"resolve_fks": False})


def _add_organization(table: str, organization_id: str | None) -> None:
    # The default fills the rows that are there, without touching one of them: audit events refuse to be changed.
    op.add_column(table, sa.Column("organization_id", sa.String(length=12), server_default=organization_id))
    with _changing(table) as batch:
        batch.alter_column("organization_id", existing_type=sa.String(length=12), nullable=False, server_default=None)
        batch.create_foreign_key(
            op.f(f"fk_{table}_organization_id_organization"), "organization", ["organization_id"], ["id"]
        )
        if table in _KEYS:
            batch.drop_constraint(op.f(f"pk_{table}"), type_="primary")
            if table == "audit_head":
                batch.drop_column("id")
            batch.create_primary_key(op.f(f"pk_{table}"), list(_KEYS[table]))
        if table in _UNIQUE:
            columns = list(_UNIQUE[table])
            name = f"uq_{table}_{'_'.join(columns)}"
            batch.drop_constraint(op.f(name), type_="unique")
            batch.create_unique_constraint(op.f(f"{name}_organization_id"), [*columns, "organization_id"])


def _keep_grants_apart() -> None:
    """Slack's ids may be the same in two organizations, and so may who is granted what on all pages."""
    op.drop_index("uq_role_grant_open_everywhere", table_name="role_grant")
    condition = sa.text("ended_at IS NULL AND page_id IS NULL")
    op.create_index(
        "uq_role_grant_open_everywhere",
        "role_grant",
        ["role", "subject_kind", "subject_id", "organization_id"],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _read_counters() -> dict[str, int]:
    """How far SQLite has counted: rows that are gone count too, and their numbers are not given again."""
    if op.get_bind().dialect.name != "sqlite":
        return {}
    rows = op.get_bind().execute(sa.text("SELECT name, seq FROM sqlite_sequence")).all()
    return {name: seq for name, seq in rows if name in _COUNTED}


def _restore_counters(counters: Mapping[str, int]) -> None:
    for name, seq in counters.items():
        op.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name").bindparams(name=name))
        op.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)").bindparams(name=name, seq=seq)
        )


def _protect_audit_events() -> None:
    """The triggers went with the table that SQLite had to make anew."""
    for change in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER audit_event_refuses_{change.lower()} BEFORE {change} ON audit_event
            BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
        """)


def downgrade() -> None:
    """A database does not go back."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
