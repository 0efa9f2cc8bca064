"""Compare and set: the one way in which state changes."""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.models import ApiKey, DirectorySync, KeyRequest, Ticket

_INTO_THE_ROW = {"synchronize_session": False, "populate_existing": True}

Stateful = TypeVar("Stateful", KeyRequest, Ticket, ApiKey, DirectorySync)


def transition(
    session: Session,
    row: Stateful,
    *,
    allowed: Collection[str],
    version: int | None = None,
    **values: Any,
) -> bool:
    """Set `values` on the row if its status is still one of `allowed` (and its version is `version`).

    True when this call won; then `row` shows the new state. False when somebody was first; then `row` shows
    what they made of it. Every win raises the row's version by one.
    """
    model = type(row)
    conditions = [model.id == row.id, model.status.in_(list(allowed))]
    if version is not None:
        conditions.append(model.version == version)
    statement = update(model).where(*conditions).values(version=model.version + 1, **values).returning(model)
    if session.scalars(statement, execution_options=_INTO_THE_ROW).first() is None:
        session.refresh(row)
        return False
    return True
