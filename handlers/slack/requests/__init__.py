"""Key requests in Slack: asked for, decided, collected."""

from desk.keys import cards as key_cards
from desk.messages.readers import is_for_member, is_for_owner
from desk.requests import cards
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.areas import Area
from handlers.slack.requests import actions, collecting, importing, inputs, messages, notes, owners_card

AREA = Area(
    actions=[
        (ActionId.REQUEST_OPEN, actions.press_ask),
        (ActionId.REQUEST_APPROVE, actions.press_approve),
        (ActionId.REQUEST_CHANGE, actions.press_change),
        (ActionId.REQUEST_DENY, actions.press_deny),
        (ActionId.REQUEST_WITHDRAW, actions.press_withdraw),
        (ActionId.TICKET_COLLECT, collecting.press_collect),
    ],
    views=[
        (CallbackId.REQUEST_NEW, actions.submit_request),
        (CallbackId.REQUEST_CHANGE, actions.submit_change),
        (CallbackId.REQUEST_DENY, actions.submit_deny),
        (CallbackId.KEY_IMPORT, importing.submit_import),
        (CallbackId.TICKET_COLLECT, collecting.submit_stored),
    ],
    closed=[(CallbackId.TICKET_COLLECT, collecting.close_window)],
    options=[(ActionId.REQUEST_PAGES, inputs.page_options)],
    messages=[
        (cards.REQUEST_CARD, owners_card.render_owners_card),
        (cards.REQUEST_REMINDER, owners_card.render_reminder),
        (cards.REQUEST_MINE, messages.render_my_request),
        (cards.REQUEST_DECIDED, notes.render_decided),
        (cards.REQUEST_SELF_APPROVED, notes.render_self_approval),
        (key_cards.HOLDER_NAMED, notes.render_holder_named),
        (key_cards.KEY_MADE, notes.render_made),
        (key_cards.KEYS_IMPORTED, notes.render_imported),
        (key_cards.TICKET_MINE, messages.render_my_ticket),
        (key_cards.TICKET_ENDED, notes.render_ticket_ended),
        (key_cards.TICKET_VOID, notes.render_void),
        (key_cards.TICKET_NOT_OPENED, notes.render_not_opened),
    ],
    readers=[
        (cards.REQUEST_CARD, is_for_owner),
        (cards.REQUEST_REMINDER, is_for_owner),
        (cards.REQUEST_MINE, is_for_member),
        (key_cards.TICKET_MINE, is_for_member),
    ],
)
