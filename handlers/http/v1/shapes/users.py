"""Users and their permissions in the API."""

from typing import TypedDict
from zoneinfo import ZoneInfo

from desk.identifiers import stable_id
from desk.roles.page_roles import Table
from handlers.http.v1.shapes.times import Instant, instant
from storage.models import Member, Role

_UTC = ZoneInfo("UTC")


class UserShape(TypedDict):
    """A full member of the workspace."""

    id: str
    organization_id: str
    email: str | None
    first_name: str
    last_name: str
    created_at: Instant | None
    updated_at: Instant


class PageRolesShape(TypedDict):
    """What somebody was granted on a page."""

    page_configuration: bool
    incident_manager: bool
    maintenance_manager: bool


class UserPermissionsShape(TypedDict):
    """What a user was granted, by page id."""

    user_id: str
    pages: dict[str, PageRolesShape]


class PermissionsShape(TypedDict):
    """The envelope."""

    data: UserPermissionsShape


def user_id_of(member: Member) -> str:
    """What the API calls a person: always the same, and not what Slack does."""
    return stable_id("user", member.organization_id, member.user_id)


def user_shape(member: Member) -> UserShape:
    """A full member. Slack's e-mail addresses are not asked for, and when somebody came is not kept."""
    first, _, last = member.name.partition(" ")
    return {
        "id": user_id_of(member),
        "organization_id": member.organization_id,
        "email": None,
        "first_name": first,
        "last_name": last,
        "created_at": None,
        "updated_at": instant(member.synced_at, _UTC),
    }


def permissions_shape(member: Member, table: Table) -> PermissionsShape:
    """What somebody was granted, page by page."""
    pages: dict[str, PageRolesShape] = {
        page_id: {
            "page_configuration": Role.PAGE_CONFIGURATION in roles,
            "incident_manager": Role.INCIDENT_MANAGER in roles,
            "maintenance_manager": Role.MAINTENANCE_MANAGER in roles,
        }
        for page_id, roles in table.items()
    }
    return {"data": {"user_id": user_id_of(member), "pages": pages}}
