"""People and user groups, in the shapes that Slack shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

_AVATAR_SIZES = (24, 32, 48, 72, 192, 512)
_TZ_LABELS = {
    "Europe/Berlin": "Central European Time",
    "Europe/London": "Greenwich Mean Time",
    "America/New_York": "Eastern Time",
    "America/Los_Angeles": "Pacific Time",
    "Asia/Tokyo": "Japan Standard Time",
    "Australia/Sydney": "Australian Eastern Time",
    "Asia/Kolkata": "India Standard Time",
    "UTC": "Coordinated Universal Time",
}


@dataclass
class Person:
    """Somebody, or something, with a user id: a member, guest, bot or visitor from another workspace."""

    id: str
    name: str
    real_name: str
    email: str = ""
    title: str = ""
    tz: str = "UTC"
    color: str = "4bbe2e"
    team_id: str = "T0SANDBOX01"
    deleted: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_primary_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    is_stranger: bool = False
    bot_id: str | None = None
    updated: int = 1_700_000_000


@dataclass
class UserGroup:
    """A user group, such as @platform, and who is in it."""

    id: str
    handle: str
    name: str
    description: str = ""
    users: list[str] = field(default_factory=list)
    date_create: int = 1_700_000_000
    date_update: int = 1_700_000_000
    date_delete: int = 0
    created_by: str = ""


def render_person(person: Person, base_url: str, *, with_email: bool) -> dict[str, Any]:
    """The person as in users.info; the e-mail address only for who may read it."""
    first, _, last = person.real_name.partition(" ")
    profile: dict[str, Any] = {
        "title": person.title,
        "phone": "",
        "skype": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name if not person.is_bot else "",
        "display_name_normalized": person.name if not person.is_bot else "",
        "fields": None,
        "status_text": "",
        "status_emoji": "",
        "status_emoji_display_info": [],
        "status_expiration": 0,
        "avatar_hash": f"g{person.id.lower()}",
        "first_name": first,
        "last_name": last,
        "team": person.team_id,
    }
    profile |= {f"image_{size}": f"{base_url}/avatars/{person.id}-{size}.svg" for size in _AVATAR_SIZES}
    if person.bot_id:
        profile["bot_id"] = person.bot_id
    if with_email and person.email:
        profile["email"] = person.email
    user: dict[str, Any] = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": person.updated,
    }
    if person.is_stranger:
        user["is_stranger"] = True
    return user if person.deleted else user | _active_fields(person)


def _active_fields(person: Person) -> dict[str, Any]:
    # Slack leaves these out of a deactivated user, so whoever reads them must not rely on them.
    offset = datetime.now(UTC).astimezone(ZoneInfo(person.tz)).utcoffset()
    return {
        "color": person.color,
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": _TZ_LABELS.get(person.tz, person.tz),
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "is_admin": person.is_admin,
        "is_owner": person.is_owner,
        "is_primary_owner": person.is_primary_owner,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_email_confirmed": bool(person.email),
        "who_can_share_contact_card": "EVERYONE",
    }


def render_usergroup(group: UserGroup, team_id: str, *, users: bool, count: bool = True) -> dict[str, Any]:
    """The group as in usergroups.list."""
    rendered: dict[str, Any] = {
        "id": group.id,
        "team_id": team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_create": group.date_create,
        "date_update": group.date_update,
        "date_delete": group.date_delete,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": group.created_by,
        "updated_by": group.created_by,
        "deleted_by": group.created_by if group.date_delete else None,
        "prefs": {"channels": [], "groups": []},
    }
    if users:
        # Slack cuts this list at 500 people; the full one is in usergroups.users.list.
        rendered["users"] = group.users[:500]
    if count:
        rendered["user_count"] = len(group.users)
    return rendered
