"""What people, files and clients may say of a page: checked, and made fit to be kept. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from desk.configuration.fields import MAX_NAME, MAX_TEXT, check_text
from desk.errors import InvalidInputError, Problems
from desk.pages.fields import CONFIGURATION_FIELDS, EMBED_CORNERS, OWN_FIELDS, ZONE_AS_GIVEN
from desk.pages.intervals import reminder_hours
from desk.pages.pictures import SHOWN, read_picture
from desk.pages.rules import SKIPPING_ROLES, domain_of, find_zone, is_channel_id
from desk.reasons import check_name
from storage.models import ApiPosts, Role, SecondPerson

POLICY_FIELDS = (
    "announcement_channel",
    "second_person",
    "second_person_skipped_by",
    "api_posts",
    "reminder_intervals",
)
"""By which rules incidents are published, and where. People alone change them: a key would get round them."""


def is_policy(names: Iterable[str]) -> bool:
    """Whether settings of these names are policy alone, which Keydesk has also of pages that are kept elsewhere."""
    return set(names) <= set(POLICY_FIELDS)


SETTINGS = tuple(name for name in (*CONFIGURATION_FIELDS, *OWN_FIELDS) if name != "activity_score")
"""What `Page.configuration` holds, each only where it is set."""
FLAGS = frozenset(
    {
        "hidden_from_search",
        "viewers_must_be_team_members",
        *(f"allow_{kind}" for kind in ("page_subscribers", "incident_subscribers", "rss_atom_feeds")),
        *(f"allow_{kind}_subscribers" for kind in ("email", "sms", "webhook")),
    }
)
COLOURS = frozenset(name for name in SETTINGS if name.startswith("css_") or name.endswith("_color"))
CHOICES: Mapping[str, tuple[str, ...]] = {"status_embed_position": EMBED_CORNERS, "branding": ("basic", "premium")}
PICTURES = frozenset(name for name in CONFIGURATION_FIELDS if name.endswith(("_logo", "_cover")))
_MAX_PICTURE = 1_000_000
"""Characters: pictures are kept as `data:` addresses."""
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_SUBDOMAIN = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


def check_page_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same, fit to be kept; an empty text takes back what was set. Raises InvalidInputError, whose `field` names
    what cannot be, of all that cannot."""
    problems, values = Problems(), {}
    for name, value in fields.items():
        with problems.gathered():
            values[name] = _check(name, value)
    problems.refuse()
    if "time_zone" in values:
        given = fields["time_zone"]
        values[ZONE_AS_GIVEN] = given if given != values["time_zone"] else None
    return values


def _check(name: str, value: Any) -> Any:
    if name in _CHECKS:
        return _CHECKS[name](value)
    if name not in SETTINGS:
        raise InvalidInputError(f"A page has no {name}.", field=name)
    if value is None or value == "":
        return None
    if name in FLAGS:
        if not isinstance(value, bool):
            raise InvalidInputError(f"{name} is either true or false.", field=name)
        return value
    if name in CHOICES and value not in CHOICES[name]:
        called = name.removeprefix("status_embed_")
        raise InvalidInputError(
            f"“{value}” is no {called}.", f"It is one of: {', '.join(CHOICES[name])}.", field=name
        )
    if name in COLOURS:
        return _check_colour(name, value)
    if name in SHOWN and read_picture(str(value).strip()) is None:
        raise InvalidInputError(
            "That is no picture that the page can show.",
            "Give it as a data: address (data:image/png;base64,…): SVG, PNG, JPEG, GIF, WebP or ICO, up to 512 KB.",
            field=name,
        )
    return check_text(str(value), field=name, limit=_MAX_PICTURE if name in PICTURES else MAX_TEXT) or None


def _check_colour(name: str, value: Any) -> str:
    if not isinstance(value, str) or _COLOUR.fullmatch(value.strip()) is None:
        raise InvalidInputError(f"“{value}” is no colour.", "Write it as in 1f9d61 or #fff.", field=name)
    return value.strip()


def _check_name(value: Any) -> str:
    return check_name(value or "", of="A page", limit=MAX_NAME, hint="Readers see it above everything else.")


def _check_zone(value: Any) -> str:
    zone = find_zone(str(value)) if value else None
    if zone is None:
        raise InvalidInputError(
            f"“{value or ''}” is no time zone.", "Name one as in Europe/Zurich, or UTC.", field="time_zone"
        )
    return zone


def _check_subdomain(value: Any) -> str | None:
    if not value:
        return None
    if _SUBDOMAIN.fullmatch(str(value)) is None:
        raise InvalidInputError(
            f"“{value}” cannot be a short name in addresses.", "Take letters, digits and dashes.", field="subdomain"
        )
    return str(value)


def _check_domain(value: Any) -> str | None:
    domain = domain_of(str(value)) if value else None
    if domain is not None and _DOMAIN.fullmatch(domain) is None:
        raise InvalidInputError(
            f"“{value}” is no host's name.", "Name it as in status.acme.example, without https://.", field="domain"
        )
    return domain


def _check_line(field: str) -> Callable[[Any], str | None]:
    return lambda value: check_text(value, field=field, limit=MAX_NAME) or None


def _check_channel(value: Any) -> str | None:
    if not value:
        return None
    if not is_channel_id(str(value)):
        raise InvalidInputError(
            f"“{value}” is no Slack channel id.",
            "It looks like C024BE91L and stands in the channel's details.",
            field="announcement_channel",
        )
    return str(value)


def _check_rule(kind: type[StrEnum], field: str, *, usual: StrEnum) -> Callable[[Any], StrEnum]:
    def check(value: Any) -> StrEnum:
        if not value:
            return usual
        if value not in set(kind):
            raise InvalidInputError(f"“{value}” is no rule.", f"It is one of: {', '.join(kind)}.", field=field)
        return kind(value)

    return check


def _check_skipped_by(value: Any) -> str | None:
    if not value:
        return None
    if value not in SKIPPING_ROLES:
        known = ", ".join(SKIPPING_ROLES)
        raise InvalidInputError(
            f"“{value}” is no role that can publish alone.",
            f"It is one of: {known}.",
            field="second_person_skipped_by",
        )
    return str(Role(value))


def _check_reminders(value: Any) -> str | None:
    reminder_hours(value or None)
    return value or None


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": _check_name,
    "page_description": lambda value: check_text(value, field="page_description") or None,
    "subdomain": _check_subdomain,
    "domain": _check_domain,
    "url": _check_line("url"),
    "time_zone": _check_zone,
    "announcement_channel": _check_channel,
    "second_person": _check_rule(SecondPerson, "second_person", usual=SecondPerson.NEVER),
    "second_person_skipped_by": _check_skipped_by,
    "api_posts": _check_rule(ApiPosts, "api_posts", usual=ApiPosts.PUBLISH),
    "reminder_intervals": _check_reminders,
}
COLUMNS = tuple(_CHECKS)
"""What a page has columns for."""
PAGE_SETTINGS = (*COLUMNS, *SETTINGS)
"""All that can be said of a page."""
