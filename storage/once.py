"""Rows of which there is one, whoever comes first."""

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, make_transient_to_detached

from storage.models import Base
from storage.models.base import InOrganization

Row = TypeVar("Row", bound=Base)


def insert_once(session: Session, model: type[Row], **values: Any) -> Row | None:
    """The new row; None where there is one already with which a unique constraint allows no other.

    Another transaction that is making that one at this moment is waited for.
    """
    # The key that comes back says who was first.
    found = session.execute(_insert(model, session.get_bind().dialect.name), values).one_or_none()
    if found is None:
        return None
    row = model(**{**values, **found._mapping})
    make_transient_to_detached(row)
    session.add(row)
    return row


@cache
def _insert(model: type[Base], dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    named = dict.fromkeys(inspect(model).primary_key)
    if issubclass(model, InOrganization):
        named |= {inspect(model).columns["organization_id"]: None}
    return insert(model).on_conflict_do_nothing().returning(*named)
