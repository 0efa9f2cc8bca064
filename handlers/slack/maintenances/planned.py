"""What moving and cancelling a planned maintenance have in common."""

from collections.abc import Callable
from dataclasses import replace

from desk.incidents.inputs import IncidentChange
from desk.transaction import Transaction
from handlers.slack.blocks import Block, Message
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.writing import make_public, write_down
from handlers.slack.incoming import Front, Typed
from handlers.slack.maintenances.choosing import choice_message, find_maintenance
from handlers.slack.maintenances.parsing import TypedMaintenance, parse_maintenance
from handlers.slack.modals import open_modal
from storage.models import DraftKind, Incident, IncidentDraft, IncidentStatus

_PLANNED = frozenset({IncidentStatus.SCHEDULED})

Draw = Callable[[Transaction, str, TypedMaintenance], Block]
"""What is shown of a maintenance and what was typed about it: a preview or a form."""


async def about_one(front: Front, typed: Typed, rest: str, draw: Draw) -> Message | None:
    """Show what `draw` makes of the planned maintenance that a line means, or the choice of what is planned."""
    line = parse_maintenance(rest)

    def work(tx: Transaction) -> Block | None:
        incident_id = find_maintenance(tx, line.said, _PLANNED)
        return None if incident_id is None else draw(tx, incident_id, line)

    view = await front.desk.write(typed.actor, work)
    if view is None:
        return await front.desk.read(typed.actor, lambda tx: choice_message(tx, _PLANNED))
    await open_modal(front, typed.trigger_id, view)
    return None


def state_of(incident: Incident, token: str | None = None) -> FormState:
    """What a form about a maintenance carries."""
    state = FormState(DraftKind.UPDATE, incident.page_id, incident_id=incident.id)
    return state if token is None else replace(state, token=token)


def keep_update(
    tx: Transaction, state: FormState, text: str, plan: Callable[[str], IncidentChange], *, escaped: bool
) -> IncidentDraft:
    """Write the change that is planned for these words as a draft, or change the one that is edited."""
    said = make_public(tx, text, field="body", escaped=escaped)
    return write_down(tx, state, plan(said.markdown), [said])
