"""The buttons of drafts: published, quietly or not, edited, thrown away, and what is open already."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import structlog

from desk.errors import KeydeskError
from desk.incidents.draft_content import content_of, role_of_draft
from desk.incidents.drafts import discard_draft, get_draft, publish_draft
from desk.incidents.inputs import NewIncident
from desk.incidents.publication import Outcome
from desk.incidents.review import list_reviewers
from desk.permissions import require_role
from desk.transaction import Transaction
from handlers.slack.blocks import Block, Message, section
from handlers.slack.incidents.form import render_form
from handlers.slack.incidents.form_state import FormState, values_of, values_of_content
from handlers.slack.incidents.preview import preview_view, published_view, waiting_view
from handlers.slack.incidents.starting import begin_update
from handlers.slack.incoming import Click, Front
from handlers.slack.surfaces import is_in_modal, show_modal
from storage.models import DraftKind, IncidentDraft

_log = structlog.get_logger(__name__)

DrawEditor = Callable[[Transaction, IncidentDraft], Block]
"""Draws the form in which a draft of a kind is edited."""


async def press_publish(front: Front, click: Click) -> None:
    """*Publish*."""
    await _publish(front, click, quietly=False)


async def press_publish_quietly(front: Front, click: Click) -> None:
    """*Publish quietly*."""
    await _publish(front, click, quietly=True)


async def _publish(front: Front, click: Click, *, quietly: bool) -> None:
    def work(tx: Transaction) -> Block:
        outcome, incident = publish_draft(tx, click.subject, quietly=quietly, version=click.version)
        draft = get_draft(tx, click.subject)
        if outcome is Outcome.ASK_SECOND or incident is None:
            return waiting_view(list_reviewers(tx, draft, role_of_draft(tx, draft)))
        return published_view(incident, quietly=quietly)

    view = await front.desk.write(click.actor, work)
    if is_in_modal(click):
        try:
            await show_modal(front, click, view)
        except KeydeskError as error:
            # It is public all the same, and the channel shows it.
            _log.warning("publication_not_shown", draft_id=click.subject, problem=str(error))


async def press_show_draft(front: Front, click: Click) -> None:
    """*Open*: the preview again, for its author and for whoever may publish it."""

    def work(tx: Transaction) -> Block:
        draft = get_draft(tx, click.subject)
        require_role(tx, role_of_draft(tx, draft), draft.page_id)
        return preview_view(tx, draft)

    await show_modal(front, click, await front.desk.read(click.actor, work))


async def press_edit(editors: Mapping[DraftKind, DrawEditor], front: Front, click: Click) -> None:
    """*Edit*: the form that the draft came from."""

    def work(tx: Transaction) -> Block:
        draft = get_draft(tx, click.subject)
        require_role(tx, role_of_draft(tx, draft), draft.page_id)
        return editors[DraftKind(draft.kind)](tx, draft)

    await show_modal(front, click, await front.desk.read(click.actor, work))


def draw_editor(tx: Transaction, draft: IncidentDraft) -> Block:
    """The form of a new incident or of an update, with what the draft says."""
    content = content_of(draft)
    assert not isinstance(content, str)
    update = draft.kind == DraftKind.UPDATE
    state = FormState(
        DraftKind(draft.kind),
        draft.page_id,
        incident_id=draft.incident_id if update else None,
        draft_id=draft.id,
    )
    return render_form(tx, state, values_of(draft, content))


async def press_discard(front: Front, click: Click) -> Message | None:
    """*Discard*."""
    await front.desk.write(click.actor, partial(discard_draft, draft_id=click.subject))
    return Message("The draft is thrown away", [section(":wastebasket: The draft is thrown away.")])


async def press_new_all_the_same(front: Front, click: Click) -> None:
    """*It is something else*: on to the preview."""
    await press_show_draft(front, click)


async def press_update_that(front: Front, click: Click) -> None:
    """*Update that one instead*: an update of it with the same words; the new incident's draft is thrown away."""
    draft_id, _, incident_id = click.value.partition(":")

    def work(tx: Transaction) -> Block:
        content = content_of(discard_draft(tx, draft_id))
        assert isinstance(content, NewIncident)
        state, values = begin_update(tx, incident_id)
        written = values_of_content(content)
        return render_form(tx, state, replace(values, body=written.body, states=values.states | written.states))

    await show_modal(front, click, await front.desk.write(click.actor, work))
