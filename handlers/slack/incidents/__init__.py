"""Incidents and maintenances in Slack: `/incident`, forms, previews, cards and lists."""

from desk.incidents import announcements
from desk.incidents.drafts import review
from desk.incidents.drafts.waiting import is_for_reviewer
from desk.incidents.elsewhere.refused import REFUSED_NOTE
from desk.incidents.reminders import REMINDER_CARD
from desk.messages.readers import is_for_member, is_for_owner
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.areas import Area
from handlers.slack.incidents import (
    actions,
    backfill,
    details,
    inputs,
    listing,
    messages,
    postmortems,
    refused,
    reminders,
)
from handlers.slack.incidents.commands import INCIDENTS, press_chosen
from handlers.slack.incidents.drafts import actions as draft_actions
from handlers.slack.incidents.drafts import messages as draft_messages
from handlers.slack.incidents.templates import actions as template_actions

AREA = Area(
    commands=[INCIDENTS],
    actions=[
        (ActionId.INCIDENT_NEW, actions.press_new),
        (ActionId.INCIDENT_UPDATE, actions.press_update),
        (ActionId.INCIDENT_RESOLVE, actions.press_resolve),
        (ActionId.INCIDENT_REOPEN, actions.press_reopen),
        (ActionId.INCIDENT_SHOW, details.press_show),
        (ActionId.INCIDENT_RETRY, actions.press_retry),
        (ActionId.UPSTREAM_RETRY, refused.press_retry),
        (ActionId.UPSTREAM_EDIT, refused.press_edit),
        (ActionId.INCIDENT_CHOSEN, press_chosen),
        (ActionId.INCIDENT_LIST, listing.press_list),
        (ActionId.INCIDENTS_PREVIOUS, listing.press_list),
        (ActionId.INCIDENTS_NEXT, listing.press_list),
        (ActionId.INCIDENT_NOTHING_NEW, reminders.press_nothing_new),
        (ActionId.INCIDENT_SNOOZE, reminders.choose_snooze),
        (ActionId.INCIDENT_POSTMORTEM, postmortems.press_postmortem),
        (ActionId.INCIDENT_POSTMORTEM_BACK, postmortems.press_take_back),
        (ActionId.INCIDENT_TEMPLATE, template_actions.press_template),
        (ActionId.TEMPLATE_NEW, template_actions.press_new),
        (ActionId.TEMPLATE_EDIT, template_actions.press_edit),
        (ActionId.TEMPLATE_PAGE, template_actions.choose_page),
        (ActionId.FORM_PAGE, actions.choose_page),
        (ActionId.FORM_TEMPLATE, actions.choose_template),
        (ActionId.FORM_COMPONENTS, actions.choose_components),
        (ActionId.FORM_STATUS, actions.choose_status),
        (ActionId.DRAFT_PUBLISH, draft_actions.press_publish),
        (ActionId.DRAFT_PUBLISH_QUIETLY, draft_actions.press_publish_quietly),
        (ActionId.DRAFT_SHOW, draft_actions.press_show_draft),
        (ActionId.DRAFT_KEEP, draft_actions.press_keep),
        (ActionId.DRAFT_DISCARD, draft_actions.press_discard),
        (ActionId.DRAFT_DISCARD_LISTED, listing.press_discard),
        (ActionId.DRAFT_DISCARD_ALL, listing.press_discard_all),
        (ActionId.DRAFT_TAKE_BACK, draft_actions.press_take_back),
        (ActionId.DRAFT_SEND_BACK, draft_actions.press_send_back),
        (ActionId.DRAFT_NEW_ALL_THE_SAME, draft_actions.press_new_all_the_same),
        (ActionId.DRAFT_UPDATE_THAT, draft_actions.press_update_that),
    ],
    views=[
        (CallbackId.INCIDENT_NEW, actions.submit_form),
        (CallbackId.INCIDENT_UPDATE, actions.submit_form),
        (CallbackId.INCIDENT_BACKFILL, backfill.submit_backfill),
        (CallbackId.INCIDENT_POSTMORTEM, postmortems.submit_postmortem),
        (CallbackId.UPSTREAM_EDIT, refused.submit_edit),
        (CallbackId.INCIDENT_TEMPLATE, template_actions.submit_template),
        (CallbackId.TEMPLATE, template_actions.submit_form),
        (CallbackId.DRAFT_SEND_BACK, draft_actions.submit_send_back),
    ],
    closed=[
        (CallbackId.DRAFT, draft_actions.close_preview),
        (CallbackId.DRAFT_DOUBLES, draft_actions.close_preview),
        (CallbackId.INCIDENT_NEW, draft_actions.close_form),
        (CallbackId.INCIDENT_UPDATE, draft_actions.close_form),
        (CallbackId.INCIDENT_BACKFILL, draft_actions.close_form),
        (CallbackId.INCIDENT_POSTMORTEM, draft_actions.close_form),
    ],
    options=[(ActionId.FORM_COMPONENTS, inputs.component_options)],
    messages=[
        (announcements.HEAD_CARD, messages.render_head),
        (announcements.UPDATE_CARD, messages.render_update),
        (announcements.ALONE_CARD, messages.render_alone),
        (REFUSED_NOTE, refused.render_refused),
        (REMINDER_CARD, reminders.render_reminder),
        (review.REVIEW_CARD, draft_messages.render_review),
        (review.MINE_CARD, draft_messages.render_mine),
        (review.AGAIN_NOTE, draft_messages.render_again),
        (review.DECIDED_NOTE, draft_messages.render_decided),
        (review.OUTDATED_CARD, draft_messages.render_outdated),
        (review.REMINDER_CARD, draft_messages.render_reminder),
        (review.LATE_CARD, draft_messages.render_late),
    ],
    readers=[
        (REFUSED_NOTE, is_for_member),
        (REMINDER_CARD, is_for_member),
        (review.REVIEW_CARD, is_for_reviewer),
        (review.REMINDER_CARD, is_for_reviewer),
        (review.AGAIN_NOTE, is_for_reviewer),
        (review.MINE_CARD, is_for_member),
        (review.OUTDATED_CARD, is_for_member),
        (review.LATE_CARD, is_for_owner),
    ],
)
