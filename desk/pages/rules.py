"""What a page's values may be, wherever they are given: in a file, in Slack, on a terminal or by the API. Pure."""

import re
from zoneinfo import ZoneInfo

from storage.models import Role

SKIPPING_ROLES = (Role.OWNER, Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER)
"""Roles that may be let publish alone when the impact is critical."""
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")


def is_channel_id(word: str) -> bool:
    """Whether a word has the form of a Slack channel's id."""
    return _CHANNEL.fullmatch(word) is not None


def is_zone(word: str) -> bool:
    """Whether there is a time zone of that name."""
    try:
        ZoneInfo(word)
    except (KeyError, ValueError, OSError):
        return False
    return True


def domain_of(word: str | None) -> str | None:
    """A domain as it is kept: a host's name is the same in any case, and with a dot at its end."""
    return (word or "").strip().lower().rstrip(".") or None
