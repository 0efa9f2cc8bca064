"""Statuspage's JSON shapes: every field, in the order of its specification, null where nothing is set."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from storage.models import Component, ComponentStatus, Page

_KEPT_BY_PAGE = (
    "page_description",
    "headline",
    "branding",
    "subdomain",
    "domain",
    "url",
    "support_url",
    "hidden_from_search",
    "allow_page_subscribers",
    "allow_incident_subscribers",
    "allow_email_subscribers",
    "allow_sms_subscribers",
    "allow_rss_atom_feeds",
    "allow_webhook_subscribers",
    "notifications_from_email",
    "notifications_email_footer",
    "activity_score",
    "twitter_username",
    "viewers_must_be_team_members",
    "ip_restrictions",
    "city",
    "state",
    "country",
    "time_zone",
    "css_body_background_color",
    "css_font_color",
    "css_light_font_color",
    "css_greens",
    "css_yellows",
    "css_oranges",
    "css_blues",
    "css_reds",
    "css_border_color",
    "css_graph_color",
    "css_link_color",
    "css_no_data",
    "favicon_logo",
    "transactional_logo",
    "hero_cover",
    "email_logo",
    "twitter_logo",
)
_COLUMNS = ("page_description", "subdomain", "domain", "url", "time_zone")

_WORST_LAST = {status: rank for rank, status in enumerate(ComponentStatus)}


def instant(at: datetime, zone: ZoneInfo) -> str:
    """An instant as Statuspage writes it: ISO 8601 with milliseconds, in the page's zone; `Z` for UTC."""
    local = at.astimezone(zone)
    text = local.isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z" if local.tzname() == "UTC" else text


def page_shape(page: Page) -> Mapping[str, Any]:
    """A page as `GET /pages/{page_id}` shows it."""
    zone = ZoneInfo(page.time_zone)
    values = page.configuration | {name: getattr(page, name) for name in _COLUMNS}
    return {
        "id": page.id,
        "created_at": instant(page.created_at, zone),
        "updated_at": instant(page.updated_at, zone),
        "name": page.name,
        **{name: values.get(name) for name in _KEPT_BY_PAGE},
    }


def component_shape(component: Component, status: ComponentStatus, zone: ZoneInfo) -> Mapping[str, Any]:
    """A component or group row. `status` is the group's derived one, see `group_status`."""
    return {
        "id": component.id,
        "page_id": component.page_id,
        "group_id": component.group_id,
        "created_at": instant(component.created_at, zone),
        "updated_at": instant(component.updated_at, zone),
        "group": component.group,
        "name": component.name,
        "description": component.description,
        "position": component.position,
        "status": str(status),
        "showcase": component.showcase,
        "only_show_if_degraded": component.only_show_if_degraded,
        "automation_email": component.automation_email,
        "start_date": component.start_date.isoformat() if component.start_date else None,
    }


def group_status(statuses: Collection[ComponentStatus]) -> ComponentStatus:
    """A group is as bad as the worst of its components; an empty one is operational."""
    return max(statuses, key=_WORST_LAST.__getitem__, default=ComponentStatus.OPERATIONAL)
