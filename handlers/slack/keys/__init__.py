"""API keys in Slack: `/keys`, lists, buttons, modals and messages."""

from desk.keys.changes import CHANGED_NOTE
from desk.keys.questions import ASK_CARD, EXTENSION_CARD
from desk.keys.suspended_use import SUSPENDED_USE_CARD
from desk.keys.sweep import EXPIRY_NOTE, RETIRED_NOTE
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.areas import Area
from handlers.slack.keys import actions, messages, views
from handlers.slack.keys.commands import KEYS

AREA = Area(
    commands=[KEYS],
    actions=[
        *actions.BUTTONS.items(),
        (ActionId.KEY_MENU, actions.choose_from_menu),
        (ActionId.KEYS_PAGE, actions.press_page),
        (ActionId.KEYS_UNUSED, actions.press_page),
        (ActionId.KEYS_PREVIOUS, actions.press_turn),
        (ActionId.KEYS_NEXT, actions.press_turn),
        (ActionId.KEYS_INFO, actions.press_info),
    ],
    views=[
        (CallbackId.KEY_RENAME, views.submit_rename),
        (CallbackId.KEY_EXTEND, views.submit_extend),
        (CallbackId.KEY_ROTATE, views.submit_rotate),
        (CallbackId.KEY_SUSPEND, views.submit_suspend),
        (CallbackId.KEY_REVOKE, views.submit_revoke),
        (CallbackId.KEY_TRANSFER, views.submit_transfer),
        (CallbackId.KEY_KEEP, views.submit_keep),
    ],
    messages=[
        (CHANGED_NOTE, messages.render_changed),
        (EXPIRY_NOTE, messages.render_expiry),
        (RETIRED_NOTE, messages.render_retired),
        (ASK_CARD, messages.render_ask),
        (EXTENSION_CARD, messages.render_extension),
        (SUSPENDED_USE_CARD, messages.render_suspended_use),
    ],
)
