"""Pages: every field, in the order of the specification, null where nothing is set."""

from typing import Any, TypedDict, cast
from zoneinfo import ZoneInfo

from desk.pages.fields import COLUMN_FIELDS, EMBED_CORNERS, EMBED_FIELDS, PAGE_FIELDS
from desk.pages.rules import zone_as_given
from handlers.http.v1.shapes.times import Instant, instant
from storage.models import Page


class PageShape(TypedDict):
    """A page and how it looks."""

    id: str
    created_at: Instant
    updated_at: Instant
    name: str
    page_description: str | None
    headline: str | None
    branding: str | None
    subdomain: str | None
    domain: str | None
    url: str | None
    support_url: str | None
    hidden_from_search: bool | None
    allow_page_subscribers: bool | None
    allow_incident_subscribers: bool | None
    allow_email_subscribers: bool | None
    allow_sms_subscribers: bool | None
    allow_rss_atom_feeds: bool | None
    allow_webhook_subscribers: bool | None
    notifications_from_email: str | None
    notifications_email_footer: str | None
    activity_score: float | None
    twitter_username: str | None
    viewers_must_be_team_members: bool | None
    ip_restrictions: str | None
    city: str | None
    state: str | None
    country: str | None
    time_zone: str
    css_body_background_color: str | None
    css_font_color: str | None
    css_light_font_color: str | None
    css_greens: str | None
    css_yellows: str | None
    css_oranges: str | None
    css_blues: str | None
    css_reds: str | None
    css_border_color: str | None
    css_graph_color: str | None
    css_link_color: str | None
    css_no_data: str | None
    favicon_logo: str | None
    transactional_logo: str | None
    hero_cover: str | None
    email_logo: str | None
    twitter_logo: str | None


class EmbedShape(TypedDict):
    """How a page's banner looks on other sites."""

    page_id: str
    position: str
    incident_background_color: str | None
    incident_text_color: str | None
    maintenance_background_color: str | None
    maintenance_text_color: str | None


def page_shape(page: Page) -> PageShape:
    """A page as `GET /pages/{page_id}` shows it."""
    zone = ZoneInfo(page.time_zone)
    values = page.configuration | {name: getattr(page, name) for name in COLUMN_FIELDS}
    values["time_zone"] = zone_as_given(page)
    shape: dict[str, Any] = {
        "id": page.id,
        "created_at": instant(page.created_at, zone),
        "updated_at": instant(page.updated_at, zone),
        "name": page.name,
        **{name: values.get(name) for name in PAGE_FIELDS},
    }
    return cast(PageShape, shape)


def embed_shape(page: Page) -> EmbedShape:
    """How the banner looks. Without a word of where, it is in the last corner."""
    own = {name: page.configuration.get(f"status_embed_{name}") for name in EMBED_FIELDS}
    return cast(EmbedShape, {"page_id": page.id} | own | {"position": own["position"] or EMBED_CORNERS[-1]})
