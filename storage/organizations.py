"""Whose rows a session sees and makes: those of one organization, or of all where that is said.

Almost every table has `organization_id` (`InOrganization`), children of other rows too, so that no row can be reached
past its parent. A session of one organization adds that condition to every ORM statement, whichever tables it touches
and however deep they stand in it, and gives every new row the organization. What is left needs no thought in the
queries of the desk. Only statements that are written as text, or on a `Table`, see everything (`storage.uses`).

A session that was given no organization refuses all of this: what looks at every organization says so
(`Database.everywhere`).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, String, bindparam, event, inspect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, sessionmaker, with_loader_criteria
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.models.base import EVERYWHERE, InOrganization, OrganizationError

GLOBAL: Mapping[str, str] = {
    "delivery_lane": "a lane is a place outside, where what is sent arrives in order, whoever sends it",
    "revision": "counters by which replicas notice changes, and the source of incidents' numbers",
}
"""Tables that belong to no organization, and why."""

THROUGH_PARENT: Mapping[str, str] = {}
"""Tables without `organization_id` of their own, and the column that leads to their parent. There is none: the column
costs a child twelve bytes, and spares every query of it a look at the parent."""

_NAME = "of_organization"
_UNRESTRICTED = "of_every_organization"
OF_EVERY_ORGANIZATION = {_UNRESTRICTED: True}
"""Execution options of the few statements that see all rows wherever they run; each says why."""


class _Current(FunctionElement[str]):
    """In SQL: the organization of whichever session executes it."""

    type = String()
    inherit_cache = True


def _refuse() -> str:
    raise OrganizationError("a statement on an organization's rows, in a session of no organization")


# A value inside the condition would be compared and copied with each statement, which costs more than the rest of it.
@compiles(_Current)
def _compile_current(_element: _Current, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(bindparam(_NAME, callable_=_refuse, type_=String()), **options)


_CURRENT = _Current()
_OPTIONS = {"include_aliases": True, "propagate_to_loaders": False}
_OF_CURRENT = with_loader_criteria(InOrganization, lambda cls: cls.organization_id == _CURRENT, **_OPTIONS)


class OrganizationSession(Session):
    """A session that knows whose it is. Within one organization, a row is named as if there were no other."""

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """As SQLAlchemy's; a Slack id or a period is enough where the organization is the rest of the key."""
        return super().get(entity, self._whole(entity, ident), **options)

    def get_one(self, entity: Any, ident: Any, **options: Any) -> Any:
        """As `get`. Raises NoResultFound."""
        return super().get_one(entity, self._whole(entity, ident), **options)

    def _whole(self, entity: Any, ident: Any) -> Any:
        names = _named_by(entity)
        if not names or isinstance(ident, dict):
            return ident
        parts = ident if isinstance(ident, tuple) else (ident,)
        return dict(zip(names, parts, strict=True)) | {"organization_id": organization_of(self)}


@lru_cache
def _named_by(entity: type[Any]) -> Sequence[str]:
    """What names a row of `entity` within its organization, where that takes less than its whole key."""
    keys = [column.key for column in inspect(entity).primary_key]
    return [key for key in keys if key != "organization_id"] if "organization_id" in keys else ()


def organization_of(session: Session) -> str:
    """The organization that a session is restricted to. Raises OrganizationError where it is to none."""
    organization = session.info.get("organization")
    if organization is None or organization == EVERYWHERE:
        raise OrganizationError("this session is of no organization, or of all")
    return str(organization)


def restrict(sessions: sessionmaker[OrganizationSession], organization: str | None) -> None:
    """Restrict sessions to the rows of one organization; with None, to those that belong to none."""
    given = {} if organization is None else {_NAME: organization}
    of_given = with_loader_criteria(
        InOrganization,
        lambda cls: cls.organization_id == organization,
        include_aliases=True,
        propagate_to_loaders=False,
    )

    @event.listens_for(sessions, "do_orm_execute")
    def restrict_statement(state: ORMExecuteState) -> None:
        if state.execution_options.get(_UNRESTRICTED):
            return
        if state.is_select:
            state.statement = state.statement.options(_OF_CURRENT)
            state.parameters = {**state.parameters, **given} if isinstance(state.parameters, Mapping) else given
        elif state.is_update or state.is_delete:
            if organization is None and state.bind_mapper is not None and _is_restricted(state.bind_mapper):
                _refuse()
            # An UPDATE takes no parameters beside its own, and tells the session's rows of itself by this condition.
            state.statement = state.statement.options(of_given)


def _is_restricted(mapper: Mapper[Any]) -> bool:
    return issubclass(mapper.class_, InOrganization)


@event.listens_for(InOrganization, "before_insert", propagate=True)
@event.listens_for(InOrganization, "before_update", propagate=True)
@event.listens_for(InOrganization, "before_delete", propagate=True)
def _refuse_foreign(_mapper: Mapper[Any], connection: Connection, row: InOrganization) -> None:
    organization = connection.get_execution_options().get("organization")
    if organization != EVERYWHERE and row.organization_id not in (None, organization):
        raise OrganizationError(f"a row of {row.organization_id} in a session of {organization}")
