"""Roles and people in Slack: `/roles`, its buttons and form, and what people are told."""

from collections.abc import Mapping

from desk.directory import cards as directory_cards
from desk.roles import cards as role_cards
from handlers.slack.framework.action_ids import ActionId, CallbackId, Command
from handlers.slack.framework.listeners import on_action, on_command, on_options, on_submission
from handlers.slack.framework.messages import Renderer
from handlers.slack.framework.payloads import SlackContext
from handlers.slack.roles import actions, leaver_card, messages, sync_card
from handlers.slack.roles.commands import roles

RENDERERS: Mapping[str, Renderer] = {
    role_cards.ROLE_GRANTED: messages.render_granted,
    role_cards.ROLE_ENDED: messages.render_ended,
    role_cards.OWNER_GRANTED: messages.render_owner_granted,
    role_cards.OWNER_ENDED: messages.render_owner_ended,
    role_cards.OWNERS_APPOINTED: messages.render_owners_appointed,
    role_cards.NO_OWNER_LEFT: messages.render_no_owner_left,
    directory_cards.MEMBER_LEFT: leaver_card.render_leaver,
    directory_cards.MEMBER_RETURNED: messages.render_returned,
    directory_cards.STANDING_CHANGED: messages.render_standing_changed,
    directory_cards.GROUP_DISABLED: messages.render_group_disabled,
    directory_cards.GROUP_UNREADABLE: messages.render_group_unreadable,
    directory_cards.GROUP_READABLE: messages.render_group_readable,
    directory_cards.SYNC_STOPPED: sync_card.render_sync_card,
    directory_cards.SYNC_DONE: sync_card.render_sync_done,
}
"""Kinds of messages about roles and people, and who draws them."""


def register(slack: SlackContext) -> None:
    """`/roles`, its buttons and its form."""
    on_command(slack, Command.ROLES, roles)
    on_action(slack, ActionId.ROLE_GRANT, actions.open_grant_form)
    on_options(slack, ActionId.ROLE_GROUP, actions.offer_groups)
    on_submission(slack, CallbackId.ROLE_GRANT, actions.submit_grant)
    on_action(slack, ActionId.ROLE_REVOKE, actions.revoke)
    on_action(slack, ActionId.ROLES_LIST, actions.my_roles)
    for turning in (
        ActionId.ROLES_LIST_ALL,
        ActionId.ROLES_OWNERS,
        ActionId.ROLES_PREVIOUS,
        ActionId.ROLES_NEXT,
    ):
        on_action(slack, turning, actions.turn)
    on_action(slack, ActionId.ROLES_SYNC, actions.sync)
    on_action(slack, ActionId.SYNC_CONFIRM, actions.confirm_sync)
    on_action(slack, ActionId.SYNC_CANCEL, actions.leave_as_is)
    for turning in (ActionId.LEAVER_KEYS, ActionId.LEAVER_PREVIOUS, ActionId.LEAVER_NEXT):
        on_action(slack, turning, actions.leaver_keys)
