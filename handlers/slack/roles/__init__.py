"""Roles and people in Slack: `/roles`, its buttons and form, and what people are told."""

from desk.directory import cards as directory_cards
from desk.messages.readers import is_for_owner
from desk.roles import cards
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.areas import Area
from handlers.slack.roles import actions, leaver_card, messages, sync_card
from handlers.slack.roles.commands import ROLES

AREA = Area(
    commands=[ROLES],
    actions=[
        (ActionId.ROLE_GRANT, actions.press_grant),
        (ActionId.ROLE_REVOKE, actions.revoke),
        (ActionId.ROLE_SURE, actions.press_sure),
        (ActionId.ROLES_LIST, actions.my_roles),
        (ActionId.ROLES_LIST_ALL, actions.turn),
        (ActionId.ROLES_OWNERS, actions.turn),
        (ActionId.ROLES_PREVIOUS, actions.turn),
        (ActionId.ROLES_NEXT, actions.turn),
        (ActionId.ROLES_SYNC, actions.sync),
        (ActionId.SYNC_CONFIRM, actions.confirm_sync),
        (ActionId.SYNC_CANCEL, actions.leave_as_is),
        (ActionId.LEAVER_KEYS, actions.leaver_keys),
        (ActionId.LEAVER_PREVIOUS, actions.leaver_keys),
        (ActionId.LEAVER_NEXT, actions.leaver_keys),
    ],
    views=[(CallbackId.ROLE_GRANT, actions.submit_grant)],
    options=[(ActionId.ROLE_GROUP, actions.offer_groups)],
    messages=[
        (cards.ROLE_GRANTED, messages.render_granted),
        (cards.ROLE_ENDED, messages.render_ended),
        (cards.OWNER_GRANTED, messages.render_owner_granted),
        (cards.OWNER_ENDED, messages.render_owner_ended),
        (cards.OWNERS_APPOINTED, messages.render_owners_appointed),
        (cards.NO_OWNER_LEFT, messages.render_no_owner_left),
        (directory_cards.MEMBER_LEFT, leaver_card.render_leaver),
        (directory_cards.MEMBER_RETURNED, messages.render_returned),
        (directory_cards.STANDING_CHANGED, messages.render_standing_changed),
        (directory_cards.GROUP_DISABLED, messages.render_group_disabled),
        (directory_cards.GROUP_UNREADABLE, messages.render_group_unreadable),
        (directory_cards.GROUP_READABLE, messages.render_group_readable),
        (directory_cards.SYNC_STOPPED, sync_card.render_sync_card),
        (directory_cards.SYNC_DONE, sync_card.render_sync_done),
        (directory_cards.SYNC_DECIDED, sync_card.render_sync_decided),
    ],
    readers=[
        (directory_cards.MEMBER_LEFT, is_for_owner),
        (directory_cards.SYNC_STOPPED, is_for_owner),
    ],
)
