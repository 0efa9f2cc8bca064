"""API keys in Slack: `/keys`, lists, buttons, modals and messages."""

from functools import partial

from desk.keys.cards import ASK_CARD, EXTENSION_CARD, TAKEN_OVER
from desk.keys.changes import CHANGED_NOTE
from desk.keys.suspended_use import SUSPENDED_USE_CARD
from desk.keys.sweep import EXPIRY_NOTE, RETIRED_NOTE
from desk.messages.readers import is_for_member, is_for_owner
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.areas import Area
from handlers.slack.keys import actions, messages
from handlers.slack.keys.catalogue import CATALOGUE
from handlers.slack.keys.commands import KEYS

AREA = Area(
    commands=[KEYS],
    actions=[
        *actions.KEY_BUTTONS,
        (ActionId.KEY_REVOKE_CONFIRM, actions.press_revoke_confirm),
        (ActionId.KEY_MENU, actions.choose_from_menu),
        (ActionId.KEYS_PAGE, actions.press_page),
        (ActionId.KEYS_UNUSED, actions.press_page),
        (ActionId.KEYS_PREVIOUS, actions.press_turn),
        (ActionId.KEYS_NEXT, actions.press_turn),
        (ActionId.KEYS_INFO, actions.press_info),
    ],
    views=[(row.form.callback_id, partial(actions.submit_change, row, row.form)) for row in CATALOGUE if row.form],
    messages=[
        (CHANGED_NOTE, messages.render_changed),
        (EXPIRY_NOTE, messages.render_expiry),
        (RETIRED_NOTE, messages.render_retired),
        (TAKEN_OVER, messages.render_taken_over),
        (ASK_CARD, messages.render_ask),
        (EXTENSION_CARD, messages.render_extension),
        (SUSPENDED_USE_CARD, messages.render_suspended_use),
    ],
    readers=[
        (ASK_CARD, is_for_member),
        (EXTENSION_CARD, is_for_owner),
        (SUSPENDED_USE_CARD, is_for_owner),
    ],
)
