"""Users and permissions: Slack's full members, and the roles that they were granted on pages."""

from collections.abc import Mapping

from desk.errors import NotFoundError
from desk.roles.page_roles import PAGE_ROLES, list_people, read_page_roles, set_page_roles
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.errors import NOT_FOUND, RefusedError, error_answer
from handlers.http.fields import Body, Fields
from handlers.http.v1.documents import json_array, json_document
from handlers.http.v1.operations import Key
from handlers.http.v1.paging import window
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.shapes.users import permissions_shape, user_id_of, user_shape
from handlers.http.v1.writing import reading, writing
from storage.models import Member, Role

_USERS = "organizations/{organization_id}/users"
_PERMISSIONS = "organizations/{organization_id}/permissions/{user_id}"


def user_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operations on users and their permissions."""
    return {
        ("GET", _USERS): reading(desk, _list_users),
        ("GET", _PERMISSIONS): reading(desk, _tell_permissions),
        ("PUT", _PERMISSIONS): writing(desk, _set_permissions),
    }


def _list_users(tx: Transaction, call: Call) -> Answer:
    _require_organization(call)
    people = list_people(tx)[window(call.query)]
    return Answer(200, json_array([json_document(user_shape(member)) for member in people]))


def _tell_permissions(tx: Transaction, call: Call) -> Answer:
    return _permissions(tx, _get_user(tx, call))


def _set_permissions(tx: Transaction, call: Call, body: Body) -> Answer:
    member = _get_user(tx, call)
    set_page_roles(tx, member.user_id, _read_pages(body))
    return _permissions(tx, member)


def _permissions(tx: Transaction, member: Member) -> Answer:
    return Answer(200, json_document(permissions_shape(member, read_page_roles(tx, member.user_id))))


def _read_pages(body: Body) -> Mapping[str, frozenset[Role]]:
    """By page id: the roles that are true; of what is not said, none is."""
    given = body.members.get("pages")
    if not isinstance(given, dict):
        # Nothing that is left out by mistake may end all that somebody has.
        raise RefusedError(error_answer(400, 'The body has no pages; send {"pages": {"<page id>": {…}}}.'))
    table, problems = {}, Fields({}).problems
    for page_id, roles in given.items():
        if not isinstance(roles or {}, dict):
            problems.add(f"pages[{page_id}] must be an object of roles.", field="pages")
            continue
        fields = Fields(roles or {})
        table[page_id] = frozenset(role for role in PAGE_ROLES if fields.flag(role))
        with problems.gathered():
            fields.problems.refuse()
    problems.refuse()
    return table


def _get_user(tx: Transaction, call: Call) -> Member:
    _require_organization(call)
    found = (member for member in list_people(tx) if user_id_of(member) == call.path["user_id"])
    member = next(found, None)
    if member is None:
        raise NotFoundError(NOT_FOUND)
    return member


def _require_organization(call: Call) -> None:
    if call.path["organization_id"] != call.key.organization_id:
        raise NotFoundError(NOT_FOUND)
