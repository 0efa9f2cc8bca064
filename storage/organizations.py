"""Whose rows a session sees and makes: those of one organization, or of all where that is said.

Almost every table has `organization_id` (`InOrganization`), children of other rows too, so that no row can be reached
past its parent. A session of one organization adds that condition to every ORM statement, whichever tables it touches
and however deep they stand in it, and gives every new row the organization. What is left needs no thought in the
queries of the desk. Only statements that are written as text, or on a `Table`, see everything (`storage.uses`).

What gives or changes no objects of the session is executed on its connection: compiled by the ORM all the same, but
none of what the ORM does around it, which takes longer than the statement.

A session that was given no organization refuses all of this: what looks at every organization says so
(`Database.everywhere`, `OF_EVERY_ORGANIZATION`).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, FromClause, Select, String, bindparam, event, inspect, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapper, Session, object_session, with_loader_criteria
from sqlalchemy.orm.util import identity_key
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.models.base import InOrganization

EVERYWHERE = "*"
"""Stands for every organization where one is named."""

GLOBAL: Mapping[str, str] = {
    "delivery_lane": "a lane is a place outside, where what is sent arrives in order, whoever sends it",
    "revision": "counters by which replicas notice changes, and the source of incidents' numbers",
}
"""Tables that belong to no organization, and why."""

THROUGH_PARENT: Mapping[str, str] = {}
"""Tables without `organization_id` of their own, and the column that leads to their parent. There is none: the column
costs a child twelve bytes, and spares every query of it a look at the parent."""

_UNRESTRICTED = "of_every_organization"
OF_EVERY_ORGANIZATION = {_UNRESTRICTED: True}
"""Execution options of the few statements that see all rows wherever they run; each says why."""

_PARAMETER = "of_organization"


class OrganizationError(RuntimeError):
    """A statement or a row reached beyond the session's organization: a fault in the program, never a person's."""


class _Current(FunctionElement[str]):
    """In SQL: the organization of whichever session executes it."""

    type = String()
    inherit_cache = True


def _refuse() -> str:
    raise OrganizationError("a statement on an organization's rows, in a session of no organization")


# A value within the condition would be copied and compared with each statement, which costs more than all the rest.
@compiles(_Current)
def _compile_current(_element: _Current, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(bindparam(_PARAMETER, callable_=_refuse, type_=String()), **options)


_CURRENT = _Current()
_HOW = {"include_aliases": True, "propagate_to_loaders": False}
_OF_CURRENT = with_loader_criteria(InOrganization, lambda cls: cls.organization_id == _CURRENT, **_HOW)


class OrganizationSession(Session):
    """A session that knows whose it is: of one organization, of all (`EVERYWHERE`) or of none (None).

    Within one organization, a row is named as if there were no other.
    """

    def __init__(self, *arguments: Any, organization: str | None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.organization = organization

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As SQLAlchemy's, restricted."""
        restricted, given = self._restricted(statement, params, options)
        if not _is_plain(statement, options):
            return super().execute(restricted, given, **options)
        self._autoflush()
        return self.connection().execute(restricted, given, **options)

    def scalars(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As SQLAlchemy's, restricted."""
        if _is_plain(statement, options):
            return self.execute(statement, params, **options).scalars()
        return super().scalars(*self._restricted(statement, params, options), **options)

    def scalar(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As SQLAlchemy's, restricted."""
        return self.execute(statement, params, **options).scalar()

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """As SQLAlchemy's, restricted. The organization need not be named where it is a part of the key."""
        whole = self._whole(entity, ident)
        if options:
            return super().get(entity, whole, **options)
        # SQLAlchemy's makes its statement anew each time, which takes as long as all the rest.
        statement, names = _by_key(entity)
        key = [whole[name] for name in names] if isinstance(whole, dict) else _as_tuple(whole)
        if self.identity_map.get(identity_key(entity, key)) is not None:
            return super().get(entity, whole)
        return self.scalars(statement, dict(zip(names, key, strict=True))).one_or_none()

    def get_one(self, entity: Any, ident: Any, **options: Any) -> Any:
        """As `get`. Raises NoResultFound."""
        found = self.get(entity, ident, **options)
        if found is None:
            raise NoResultFound(f"no row of {entity.__name__} with that key")
        return found

    def _restricted(self, statement: Any, params: Any, options: Mapping[str, Any]) -> tuple[Any, Any]:
        """The statement and its parameters, so that it touches this organization's rows alone."""
        if self.organization == EVERYWHERE or _is_unrestricted(statement, options):
            return statement, params
        if statement.is_select:
            given = {} if self.organization is None else {_PARAMETER: self.organization}
            return _with_condition(statement, None), given if params is None else {**params, **given}
        if statement.is_dml and _is_owned(statement.table):
            own = organization_of(self)
            if statement.is_insert:
                return _with_values(statement, params, own)
            # These take no parameters beside their own, and tell the session's rows of themselves by the condition.
            return _with_condition(statement, own), params
        return statement, params

    def _whole(self, entity: Any, ident: Any) -> Any:
        names = _named_by(entity)
        if not names or isinstance(ident, dict):
            return ident
        return dict(zip(names, _as_tuple(ident), strict=True)) | {"organization_id": organization_of(self)}


_UNSYNCHRONIZED = ("synchronize_session", False)


def _is_plain(statement: Any, options: Mapping[str, Any]) -> bool:
    """Whether a statement neither gives objects nor changes those that the session has."""
    if options.keys() - {"execution_options"}:
        return False
    if statement.is_insert:
        return _are_columns(statement._returning)
    told = {**statement.get_execution_options(), **options.get("execution_options", {})}
    if statement.is_dml:
        return _UNSYNCHRONIZED in told.items() and _are_columns(statement._returning)
    return isinstance(statement, Select) and _are_columns(statement._raw_columns) and "yield_per" not in told


def _are_columns(asked: Iterable[Any]) -> bool:
    return all(isinstance(one, ColumnElement) for one in asked)


def _is_unrestricted(statement: Any, options: Mapping[str, Any]) -> bool:
    if _UNRESTRICTED in statement.get_execution_options():
        return True
    given = options.get("execution_options")
    return given is not None and _UNRESTRICTED in given


_RESTRICTED: WeakKeyDictionary[Any, dict[str | None, Any]] = WeakKeyDictionary()


def _with_condition(statement: Any, own: str | None) -> Any:
    """The statement for rows of one organization, or (None) of whichever executes it. One that is made once, and
    executed again and again, is restricted once, and then remembers what it is compiled to."""
    known = _RESTRICTED.setdefault(statement, {})
    if own not in known:
        known[own] = statement.options(_OF_CURRENT if own is None else _of(own))
    return known[own]


def _is_owned(table: FromClause) -> bool:
    return "organization_id" in table.c or table.description == "organization"


def _with_values(statement: Any, params: Any, organization: str) -> tuple[Any, Any]:
    if params is None:
        return statement.values(organization_id=organization), None
    rows = [row | {"organization_id": organization} for row in ([params] if isinstance(params, dict) else params)]
    return statement, rows


@lru_cache
def _of(organization: str) -> Any:
    return with_loader_criteria(InOrganization, lambda cls: cls.organization_id == organization, **_HOW)


@lru_cache
def _by_key(entity: type[Any]) -> tuple[Any, Sequence[str]]:
    """The statement that gives the row with a key, and what its parts are called."""
    columns = inspect(entity).primary_key
    return select(entity).where(*(one == bindparam(one.key) for one in columns)), [one.key for one in columns]


def _as_tuple(ident: Any) -> tuple[Any, ...]:
    return ident if isinstance(ident, tuple) else (ident,)


@lru_cache
def _named_by(entity: type[Any]) -> Sequence[str]:
    """What names a row of `entity` within its organization, where that takes less than its whole key."""
    keys = [column.key for column in inspect(entity).primary_key]
    return [key for key in keys if key != "organization_id"] if "organization_id" in keys else ()


def find_restriction(session: Session) -> str | None:
    """What a statement that is written as text must keep to: an organization, or None where it may see all.

    Raises OrganizationError in a session that was given none.
    """
    assert isinstance(session, OrganizationSession)
    return None if session.organization == EVERYWHERE else organization_of(session)


def organization_of(session: Session) -> str:
    """The organization that a session is restricted to. Raises OrganizationError where it is to none."""
    assert isinstance(session, OrganizationSession)
    if session.organization is None or session.organization == EVERYWHERE:
        raise OrganizationError("this session is of no organization, or of all")
    return session.organization


@event.listens_for(OrganizationSession, "before_attach")
def _take_in(session: OrganizationSession, row: object) -> None:
    """A new row is the organization's; one of another organization does not get in, to be changed or deleted."""
    if not isinstance(row, InOrganization) or session.organization == EVERYWHERE:
        return
    own = organization_of(session)
    if row.organization_id is None:
        row.organization_id = own
    elif row.organization_id != own:
        raise OrganizationError(f"a row of {row.organization_id} in a session of {own}")


@event.listens_for(InOrganization, "before_insert", propagate=True)
@event.listens_for(InOrganization, "before_update", propagate=True)
def _keep_in(_mapper: Mapper[Any], _connection: Connection, row: InOrganization) -> None:
    """What was handed another organization once it was in, as merging does, is not written."""
    session = object_session(row)
    assert isinstance(session, OrganizationSession)
    if row.organization_id != session.organization != EVERYWHERE:
        raise OrganizationError(f"a row of {row.organization_id} in a session of {session.organization}")
