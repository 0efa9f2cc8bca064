"""No statement of an organization's session sees another organization's rows: each that a test causes is looked at.

What the session executes is compiled by then, so that this holds whatever part of SQLAlchemy made it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, event
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.orm import SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from storage.models import Base
from storage.models.base import InOrganization
from storage.organizations import EVERYWHERE, OF_EVERY_ORGANIZATION, OrganizationSession

_TABLES = {
    mapper.local_table.description for mapper in Base.registry.mappers if issubclass(mapper.class_, InOrganization)
}
_NAMED = re.compile(r'\b(?P<how>FROM|JOIN|UPDATE|INTO|,)\s+"?(?P<table>\w+)\b(?!\.)"?(?:\s+AS\s+"?(?P<alias>\w+)"?)?')
# What is joined to a condition that is never true is left away.
_FINDS_NOTHING = re.compile(r"\bWHERE (0 = 1|false)\b(?! (AND|OR)\b)")
_KEY = "keydesk_organization"
_found: list[str] = []
_read: set[str] = set()


@contextmanager
def watch_organizations() -> Iterator[list[str]]:
    """Gives the statements of the block that could see another organization's rows, in what they were compiled to."""
    _found.clear()
    yield _found
    _found.clear()


def reaches_beyond(statement: str) -> bool:
    """Whether a statement names an organization's table without the condition that belongs to it."""
    if _FINDS_NOTHING.search(statement):
        return False
    return any(not _is_restricted(statement, match) for match in _NAMED.finditer(statement))


def _is_restricted(statement: str, match: re.Match[str]) -> bool:
    table = match["table"]
    if table not in _TABLES:
        return True
    column = "id" if table == "organization" else "organization_id"
    if match["how"] == "INTO":
        return re.match(rf"\s*\([^)]*\b{column}\b", statement[match.end() :]) is not None
    return re.search(rf"\b{match['alias'] or table}\.{column} = ", statement) is not None


@event.listens_for(OrganizationSession, "after_begin")
def _note_whose(session: OrganizationSession, _transaction: SessionTransaction, connection: Connection) -> None:
    connection.info[_KEY] = session.organization


@event.listens_for(Pool, "checkin")
def _forget_whose(_connection: Any, entry: ConnectionPoolEntry | None) -> None:
    if entry is not None:
        entry.info.pop(_KEY, None)


@event.listens_for(Engine, "before_cursor_execute")
def _read_statement(
    connection: Connection,
    _cursor: Any,
    statement: str,
    _parameters: Any,
    context: ExecutionContext | None,
    _many: bool,
) -> None:
    if connection.info.get(_KEY) in (None, EVERYWHERE) or statement in _read or context is None:
        return
    if _is_of_the_session(context) or isinstance(getattr(context.compiled, "statement", None), TextClause | None):
        return
    if OF_EVERY_ORGANIZATION.keys() <= context.execution_options.keys():
        return
    _read.add(statement)
    if reaches_beyond(statement):
        _read.discard(statement)
        _found.append(statement)


def _is_of_the_session(context: ExecutionContext) -> bool:
    """Whether it writes or reads again, by its key, a row that the session has already."""
    options = context.execution_options
    load = options.get("_sa_orm_load_options")
    return "compiled_cache" in options or getattr(load, "_refresh_state", None) is not None
