"""Maintenances in Slack: `/maintenance`, its forms and its buttons."""

from collections.abc import Mapping

from handlers.slack.framework.action_ids import ActionId, CallbackId, Command
from handlers.slack.framework.listeners import on_action, on_command, on_submission
from handlers.slack.framework.payloads import Click, ClickHandler, Front, SubmissionHandler
from handlers.slack.maintenances import cancelling, moving, running, scheduling
from handlers.slack.maintenances.commands import maintenance_command

__all__ = ["register"]


async def _follow_window(front: Front, click: Click) -> None:
    """Both forms have a window to choose."""
    moves = click.view is not None and click.view.get("callback_id") == CallbackId.MAINTENANCE_RESCHEDULE
    await (moving.follow_move if moves else scheduling.follow_window)(front, click)


_BUTTONS: Mapping[ActionId, ClickHandler] = {
    ActionId.MAINTENANCE_NEW: scheduling.press_new,
    ActionId.MAINTENANCE_PAGE: scheduling.choose_page,
    ActionId.MAINTENANCE_TEMPLATE: scheduling.choose_template,
    ActionId.MAINTENANCE_WINDOW: _follow_window,
    ActionId.MAINTENANCE_START: running.press_start,
    ActionId.MAINTENANCE_COMPLETE: running.press_complete,
    ActionId.MAINTENANCE_CANCEL: cancelling.press_cancel,
    ActionId.MAINTENANCE_RESCHEDULE: moving.press_reschedule,
}
_SUBMISSIONS: Mapping[CallbackId, SubmissionHandler] = {
    CallbackId.MAINTENANCE_SCHEDULE: scheduling.submit_plan,
    CallbackId.MAINTENANCE_RESCHEDULE: moving.submit_move,
    CallbackId.MAINTENANCE_CANCEL: cancelling.submit_cancel,
}


def register(front: Front) -> None:
    """`/maintenance`, and the buttons and modals of maintenances wherever they are."""
    on_command(front, Command.MAINTENANCE, maintenance_command)
    for action_id, press in _BUTTONS.items():
        on_action(front, action_id, press)
    for callback_id, submit in _SUBMISSIONS.items():
        on_submission(front, callback_id, submit)
