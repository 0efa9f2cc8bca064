"""Rows of which there is one, whoever comes first."""

from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.models import Base

Row = TypeVar("Row", bound=Base)


def insert_once(session: Session, model: type[Row], **values: Any) -> Row | None:
    """The new row; None where there is one already with which a unique constraint allows no other.

    Another transaction that is making that one at this moment is waited for.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # The row that comes back says who was first: psycopg counts no rows of an ORM insert.
    statement = insert(model).values(**values).on_conflict_do_nothing()
    return session.scalars(statement.returning(model)).first()
