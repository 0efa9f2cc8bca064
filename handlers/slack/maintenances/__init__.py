"""Maintenances in Slack: `/maintenance`, its forms and its buttons."""

from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.areas import Area
from handlers.slack.framework.payloads import BlockAction, SlackContext
from handlers.slack.incidents.drafts.actions import close_form
from handlers.slack.maintenances import cancelling, moving, running, scheduling
from handlers.slack.maintenances.commands import MAINTENANCES, press_chosen


async def _follow_window(slack: SlackContext, action: BlockAction) -> None:
    """Both forms have a window to choose."""
    moves = action.view is not None and action.view.get("callback_id") == CallbackId.MAINTENANCE_RESCHEDULE
    await (moving.follow_move if moves else scheduling.follow_window)(slack, action)


AREA = Area(
    commands=[MAINTENANCES],
    actions=[
        (ActionId.MAINTENANCE_NEW, scheduling.press_new),
        (ActionId.MAINTENANCE_CHOSEN, press_chosen),
        (ActionId.MAINTENANCE_PAGE, scheduling.choose_page),
        (ActionId.MAINTENANCE_TEMPLATE, scheduling.choose_template),
        (ActionId.MAINTENANCE_WINDOW, _follow_window),
        (ActionId.MAINTENANCE_START, running.press_start),
        (ActionId.MAINTENANCE_COMPLETE, running.press_complete),
        (ActionId.MAINTENANCE_CANCEL, cancelling.press_cancel),
        (ActionId.MAINTENANCE_RESCHEDULE, moving.press_reschedule),
    ],
    views=[
        (CallbackId.MAINTENANCE_SCHEDULE, scheduling.submit_plan),
        (CallbackId.MAINTENANCE_RESCHEDULE, moving.submit_move),
        (CallbackId.MAINTENANCE_CANCEL, cancelling.submit_cancel),
    ],
    closed=[
        (CallbackId.MAINTENANCE_SCHEDULE, close_form),
        (CallbackId.MAINTENANCE_RESCHEDULE, close_form),
        (CallbackId.MAINTENANCE_CANCEL, close_form),
    ],
)
