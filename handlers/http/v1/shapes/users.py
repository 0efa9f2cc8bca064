"""Users and their permissions in the API."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from desk.identifiers import stable_id
from desk.roles.page_roles import PAGE_ROLES, Table
from handlers.http.v1.shapes.times import instant
from storage.models import Member

_UTC = ZoneInfo("UTC")


def user_id_of(member: Member) -> str:
    """What the API calls a person: always the same, and not what Slack does."""
    return stable_id("user", member.organization_id, member.user_id)


def user_shape(member: Member) -> Mapping[str, Any]:
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


def permissions_shape(member: Member, table: Table) -> Mapping[str, Any]:
    """What somebody was granted, page by page."""
    pages = {page_id: {str(role): role in roles for role in PAGE_ROLES} for page_id, roles in table.items()}
    return {"data": {"user_id": user_id_of(member), "pages": pages}}
