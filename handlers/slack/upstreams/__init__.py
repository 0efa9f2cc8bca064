"""The Statuspage elsewhere, as people hear of it in Slack."""

from desk.upstreams.cards import KEY_EXPIRES, KEY_REFUSED
from handlers.slack.framework.areas import Area
from handlers.slack.upstreams.messages import render_key_expires, render_key_refused

AREA = Area(messages=[(KEY_REFUSED, render_key_refused), (KEY_EXPIRES, render_key_expires)])
