"""Statuspage's page fields, in the order of its specification."""

ZONE_AS_GIVEN = "time_zone_as_given"
"""What whoever set the time zone called it, where that is Rails' name: clients compare what they read with that."""

COLUMN_FIELDS = ("page_description", "subdomain", "domain", "url", "time_zone")
"""Fields that are columns of `Page`, besides id, name and times."""

PAGE_FIELDS = (
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
"""Every field after `id`, `created_at`, `updated_at` and `name`."""

CONFIGURATION_FIELDS = tuple(name for name in PAGE_FIELDS if name not in COLUMN_FIELDS)
"""Fields that only presentation reads: `Page.configuration` holds those that are set."""

EMBED_FIELDS = (
    "position",
    "incident_background_color",
    "incident_text_color",
    "maintenance_background_color",
    "maintenance_text_color",
)
"""How the banner for sites of one's own looks: what Statuspage's API calls a page's status embed configuration."""
EMBED_CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")
"""Where the banner can stand; without a word, in the last of these."""

OWN_FIELDS = ("footer_text", *(f"status_embed_{name}" for name in EMBED_FIELDS))
"""Fields that Statuspage's pages do not have; `Page.configuration` holds them too, and its API does not show them."""
