"""The Statuspage elsewhere, as people hear of it in Slack, and the keys that it knows Keydesk by."""

from desk.upstreams.cards import KEY_EXPIRES, KEY_REFUSED
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.areas import Area
from handlers.slack.upstreams import actions
from handlers.slack.upstreams.messages import render_key_expires, render_key_refused

AREA = Area(
    actions=[
        (ActionId.UPSTREAM_KEYS, actions.open_keys),
        (ActionId.UPSTREAM_KEY_ADD, actions.open_form),
        (ActionId.UPSTREAM_KEY_REPLACE, actions.open_form),
        (ActionId.UPSTREAM_KEY_DROP, actions.drop),
    ],
    views=[(CallbackId.UPSTREAM_KEY, actions.submit_key)],
    messages=[(KEY_REFUSED, render_key_refused), (KEY_EXPIRES, render_key_expires)],
)
