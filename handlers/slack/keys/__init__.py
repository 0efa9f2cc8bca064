"""API keys in Slack: `/keys`, lists, buttons, modals and messages."""

from handlers.slack.framework.action_ids import ActionId, CallbackId, Command
from handlers.slack.framework.listeners import on_action, on_command, on_submission
from handlers.slack.framework.payloads import SlackContext
from handlers.slack.keys import views
from handlers.slack.keys.actions import (
    BUTTONS,
    choose_from_menu,
    press_info,
    press_page,
    press_turn,
)
from handlers.slack.keys.commands import keys_command
from handlers.slack.keys.messages import RENDERERS

__all__ = ["RENDERERS", "register"]


def register(slack: SlackContext) -> None:
    """`/keys`, the buttons of keys wherever they are, and their modals."""
    on_command(slack, Command.KEYS, keys_command)
    for action_id, press in BUTTONS.items():
        on_action(slack, action_id, press)
    on_action(slack, ActionId.KEY_MENU, choose_from_menu)
    on_action(slack, ActionId.KEYS_PAGE, press_page)
    on_action(slack, ActionId.KEYS_UNUSED, press_page)
    on_action(slack, ActionId.KEYS_PREVIOUS, press_turn)
    on_action(slack, ActionId.KEYS_NEXT, press_turn)
    on_action(slack, ActionId.KEYS_INFO, press_info)
    on_submission(slack, CallbackId.KEY_RENAME, views.submit_rename)
    on_submission(slack, CallbackId.KEY_EXTEND, views.submit_extend)
    on_submission(slack, CallbackId.KEY_ROTATE, views.submit_rotate)
    on_submission(slack, CallbackId.KEY_SUSPEND, views.submit_suspend)
    on_submission(slack, CallbackId.KEY_REVOKE, views.submit_revoke)
    on_submission(slack, CallbackId.KEY_TRANSFER, views.submit_transfer)
    on_submission(slack, CallbackId.KEY_KEEP, views.submit_keep)
