"""Incidents and maintenances in Slack: `/incident`, forms, previews, cards and lists."""

from collections.abc import Mapping

from handlers.slack.action_ids import ActionId, CallbackId, Command
from handlers.slack.doors import on_action, on_command, on_options, on_submission
from handlers.slack.incidents import (
    announcements,
    backfill,
    deciding,
    details,
    filling,
    listing,
    looking_again,
    postmortems,
    reminders,
    review,
    template_filling,
    templates,
)
from handlers.slack.incidents.commands import incident_command
from handlers.slack.incidents.pickers import component_options
from handlers.slack.incoming import ClickHandler, Front, SubmissionHandler
from handlers.slack.renderer import Renderer

__all__ = ["RENDERERS", "register"]

RENDERERS: Mapping[str, Renderer] = {**announcements.RENDERERS, **review.RENDERERS, **reminders.RENDERERS}

_BUTTONS: Mapping[ActionId, ClickHandler] = {
    ActionId.INCIDENT_NEW: filling.press_new,
    ActionId.INCIDENT_UPDATE: filling.press_update,
    ActionId.INCIDENT_RESOLVE: filling.press_resolve,
    ActionId.INCIDENT_REOPEN: filling.press_reopen,
    ActionId.FORM_PAGE: filling.choose_page,
    ActionId.FORM_TEMPLATE: filling.choose_template,
    ActionId.FORM_COMPONENTS: filling.choose_components,
    ActionId.FORM_STATUS: filling.choose_status,
    ActionId.DRAFT_DISCARD: deciding.press_discard,
    ActionId.DRAFT_SHOW: deciding.press_show_draft,
    ActionId.DRAFT_NEW_ALL_THE_SAME: deciding.press_new_all_the_same,
    ActionId.DRAFT_UPDATE_THAT: deciding.press_update_that,
}
_AREAS = (
    announcements,
    review,
    looking_again,
    reminders,
    listing,
    details,
    postmortems,
    backfill,
    templates,
    template_filling,
)


def register(front: Front) -> None:
    """`/incident`, the buttons of incidents and drafts wherever they are, and their modals."""
    on_command(front, Command.INCIDENT, incident_command)
    on_options(front, str(ActionId.FORM_COMPONENTS), component_options)
    submissions: dict[CallbackId, SubmissionHandler] = {
        CallbackId.INCIDENT_NEW: filling.submit_form,
        CallbackId.INCIDENT_UPDATE: filling.submit_form,
    }
    buttons = dict(_BUTTONS)
    for area in _AREAS:
        buttons |= getattr(area, "BUTTONS", {})
        submissions |= getattr(area, "SUBMISSIONS", {})
    for action_id, press in buttons.items():
        on_action(front, action_id, press)
    for callback_id, submit in submissions.items():
        on_submission(front, callback_id, submit)
