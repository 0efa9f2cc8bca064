"""Compare and set: the one way in which state changes."""

from collections.abc import Collection
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import bindparam, inspect, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from storage.models import ApiKey, DirectorySync, KeyRequest, Ticket

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
    given = {"of": row.id, "allowed": list(allowed), "seen": version}
    given |= {f"new_{name}": value for name, value in values.items()}
    statement = _transition(type(row), frozenset(values), is_of_version=version is not None)
    found = session.execute(statement, given).one_or_none()
    if found is None:
        session.refresh(row)
        return False
    known = inspect(row).dict
    for name, value in found._mapping.items():
        if name not in known or known[name] != value:
            set_committed_value(row, name, value)
    return True


@cache
def _transition(model: type[Stateful], names: frozenset[str], *, is_of_version: bool) -> Any:
    conditions = [model.id == bindparam("of"), model.status.in_(bindparam("allowed", expanding=True))]
    if is_of_version:
        conditions.append(model.version == bindparam("seen"))
    return (
        update(model)
        .where(*conditions)
        .values(version=model.version + 1, **{name: bindparam(f"new_{name}") for name in names})
        .returning(*model.__mapper__.columns)
        .execution_options(synchronize_session=False)
    )
