"""The Slack app's manifest: what Slack is told of it, with the names and addresses of one installation."""

import json
from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined

from bot.settings import Settings
from bot.slack_link import EVENTS_PATH
from desk.errors import InvalidInputError

_TEMPLATE = "manifest.yml.jinja"


def render_manifest(settings: Settings, *, over_http: bool = False) -> str:
    """The manifest as YAML, for Socket Mode or for Slack calling Keydesk over HTTP.

    Raises InvalidInputError where Slack would not take the address that it is to call.
    """
    url = _request_url(settings.base_url) if over_http else ""
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 — YAML
    environment.filters["quoted"] = _quoted
    template = environment.from_string((files("bot") / _TEMPLATE).read_text(encoding="utf-8"))
    slash = f"/{settings.command_prefix}"
    return template.render(name=settings.app_name, slash=slash, url=url, emails=settings.match_emails)


def _request_url(base_url: str) -> str:
    if urlsplit(base_url).scheme != "https":
        raise InvalidInputError(
            f"Slack calls addresses that begin with https:// only, and KEYDESK_BASE_URL is {base_url}.",
            "Set KEYDESK_BASE_URL to the address at which Slack reaches Keydesk, or leave out --http: "
            "in Socket Mode nothing of Keydesk needs to be reachable.",
        )
    return base_url + EVENTS_PATH


def _quoted(text: str) -> str:
    """As YAML reads it back, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)
