"""*Edit* on a draft: the form that it came from, of incidents and maintenances alike."""

from collections.abc import Mapping
from functools import partial

from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId
from handlers.slack.blocks import Block
from handlers.slack.doors import on_action
from handlers.slack.incidents import backfill, postmortems
from handlers.slack.incidents.deciding import DrawEditor, draw_editor, press_edit
from handlers.slack.incoming import Front
from handlers.slack.maintenances.calling_off import draw_cancel_editor, is_cancellation
from handlers.slack.maintenances.moving import draw_move_editor, is_move
from handlers.slack.maintenances.scheduling import draw_plan_editor
from storage.models import DraftKind, IncidentDraft

__all__ = ["register"]


def _draw_update_editor(tx: Transaction, draft: IncidentDraft) -> Block:
    if is_move(draft):
        return draw_move_editor(tx, draft)
    return draw_cancel_editor(tx, draft) if is_cancellation(draft) else draw_editor(tx, draft)


_EDITORS: Mapping[DraftKind, DrawEditor] = {
    DraftKind.INCIDENT: draw_editor,
    DraftKind.MAINTENANCE: draw_plan_editor,
    DraftKind.UPDATE: _draw_update_editor,
    DraftKind.BACKFILL: backfill.edit_form,
    DraftKind.POSTMORTEM: postmortems.edit_form,
}


def register(front: Front) -> None:
    """*Edit* on every preview and card of a draft."""
    on_action(front, ActionId.DRAFT_EDIT, partial(press_edit, _EDITORS))
