"""Incidents and maintenances in Slack: `/incident`, forms, previews, cards and lists."""

from collections.abc import Mapping

from handlers.slack.framework.action_ids import ActionId, CallbackId, Command
from handlers.slack.framework.listeners import on_action, on_command, on_options, on_submission
from handlers.slack.framework.messages import Renderer
from handlers.slack.framework.payloads import ActionHandler, SlackContext, ViewHandler
from handlers.slack.incidents import actions, backfill, details, listing, messages, postmortems, reminders
from handlers.slack.incidents.commands import incident_command
from handlers.slack.incidents.drafts import actions as draft_actions
from handlers.slack.incidents.drafts import messages as draft_messages
from handlers.slack.incidents.inputs import component_options
from handlers.slack.incidents.templates import actions as template_actions
from handlers.slack.incidents.templates import commands as template_commands

__all__ = ["RENDERERS", "register"]

RENDERERS: Mapping[str, Renderer] = {**messages.RENDERERS, **draft_messages.RENDERERS, **reminders.RENDERERS}

_BUTTONS: Mapping[ActionId, ActionHandler] = {
    ActionId.INCIDENT_NEW: actions.press_new,
    ActionId.INCIDENT_UPDATE: actions.press_update,
    ActionId.INCIDENT_RESOLVE: actions.press_resolve,
    ActionId.INCIDENT_REOPEN: actions.press_reopen,
    ActionId.FORM_PAGE: actions.choose_page,
    ActionId.FORM_TEMPLATE: actions.choose_template,
    ActionId.FORM_COMPONENTS: actions.choose_components,
    ActionId.FORM_STATUS: actions.choose_status,
    ActionId.DRAFT_DISCARD: draft_actions.press_discard,
    ActionId.DRAFT_SHOW: draft_actions.press_show_draft,
    ActionId.DRAFT_NEW_ALL_THE_SAME: draft_actions.press_new_all_the_same,
    ActionId.DRAFT_UPDATE_THAT: draft_actions.press_update_that,
}
_AREAS = (
    messages,
    draft_messages,
    draft_actions,
    reminders,
    listing,
    details,
    postmortems,
    backfill,
    template_commands,
    template_actions,
)


def register(slack: SlackContext) -> None:
    """`/incident`, the buttons of incidents and drafts wherever they are, and their modals."""
    on_command(slack, Command.INCIDENT, incident_command)
    on_options(slack, str(ActionId.FORM_COMPONENTS), component_options)
    submissions: dict[CallbackId, ViewHandler] = {
        CallbackId.INCIDENT_NEW: actions.submit_form,
        CallbackId.INCIDENT_UPDATE: actions.submit_form,
    }
    buttons = dict(_BUTTONS)
    for area in _AREAS:
        buttons |= getattr(area, "BUTTONS", {})
        submissions |= getattr(area, "SUBMISSIONS", {})
    for action_id, press in buttons.items():
        on_action(slack, action_id, press)
    for callback_id, submit in submissions.items():
        on_submission(slack, callback_id, submit)
