"""Maintenances in Slack: `/maintenance`, its forms and its buttons."""

from collections.abc import Mapping

from handlers.slack.framework.action_ids import ActionId, CallbackId, Command
from handlers.slack.framework.listeners import on_action, on_command, on_submission
from handlers.slack.framework.payloads import ActionHandler, BlockAction, SlackContext, ViewHandler
from handlers.slack.maintenances import cancelling, moving, running, scheduling
from handlers.slack.maintenances.commands import maintenance_command

__all__ = ["register"]


async def _follow_window(slack: SlackContext, action: BlockAction) -> None:
    """Both forms have a window to choose."""
    moves = action.view is not None and action.view.get("callback_id") == CallbackId.MAINTENANCE_RESCHEDULE
    await (moving.follow_move if moves else scheduling.follow_window)(slack, action)


_BUTTONS: Mapping[ActionId, ActionHandler] = {
    ActionId.MAINTENANCE_NEW: scheduling.press_new,
    ActionId.MAINTENANCE_PAGE: scheduling.choose_page,
    ActionId.MAINTENANCE_TEMPLATE: scheduling.choose_template,
    ActionId.MAINTENANCE_WINDOW: _follow_window,
    ActionId.MAINTENANCE_START: running.press_start,
    ActionId.MAINTENANCE_COMPLETE: running.press_complete,
    ActionId.MAINTENANCE_CANCEL: cancelling.press_cancel,
    ActionId.MAINTENANCE_RESCHEDULE: moving.press_reschedule,
}
_SUBMISSIONS: Mapping[CallbackId, ViewHandler] = {
    CallbackId.MAINTENANCE_SCHEDULE: scheduling.submit_plan,
    CallbackId.MAINTENANCE_RESCHEDULE: moving.submit_move,
    CallbackId.MAINTENANCE_CANCEL: cancelling.submit_cancel,
}


def register(slack: SlackContext) -> None:
    """`/maintenance`, and the buttons and modals of maintenances wherever they are."""
    on_command(slack, Command.MAINTENANCE, maintenance_command)
    for action_id, press in _BUTTONS.items():
        on_action(slack, action_id, press)
    for callback_id, submit in _SUBMISSIONS.items():
        on_submission(slack, callback_id, submit)
