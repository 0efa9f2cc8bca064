"""What a page's values may be, wherever they are given: in a file, in Slack, on a terminal or by the API. Pure."""

import re
from zoneinfo import ZoneInfo

from desk.pages.fields import ZONE_AS_GIVEN
from desk.pages.rails_zones import RAILS_ZONES
from storage.models import Page, Role

SKIPPING_ROLES = (Role.OWNER, Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER)
"""Roles that may be let publish alone when the impact is critical."""
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")


def is_channel_id(word: str) -> bool:
    """Whether a word has the form of a Slack channel's id."""
    return _CHANNEL.fullmatch(word) is not None


def find_zone(word: str) -> str | None:
    """The time zone that a word means, by its name or by the one that Rails has for it; None: there is none."""
    return next((name for name in (word, RAILS_ZONES.get(word)) if name and _is_zone(name)), None)


def zone_as_given(page: Page) -> str:
    """What a page's time zone was called by whoever set it, for those who read what they wrote."""
    given = page.configuration.get(ZONE_AS_GIVEN)
    # Who changed it otherwise since, by a file perhaps, called it by its own name.
    return str(given) if given and find_zone(str(given)) == page.time_zone else page.time_zone


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def domain_of(word: str | None) -> str | None:
    """A domain as it is kept: a host's name is the same in any case, and with a dot at its end."""
    return (word or "").strip().lower().rstrip(".") or None
