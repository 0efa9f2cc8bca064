"""The duplicate guard: an open incident on the same components is shown before a new one is."""

from collections.abc import Sequence

from desk.incidents.lookup import list_updates
from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId, CallbackId
from handlers.slack.blocks import Block, actions, button, context, divider, modal, section, when
from handlers.slack.incidents.mrkdwn import render_mrkdwn
from handlers.slack.incidents.words import impact_of, impact_text, name_text, public_link, status_text
from storage.models import Incident, IncidentDraft

_SHOWN = 8
_MAX_WORDS = 300


def doubles_view(tx: Transaction, draft: IncidentDraft, doubles: Sequence[Incident]) -> Block:
    """The open incidents, each with *Update that one instead*."""
    blocks: list[Block] = [section(":eyes: *This is open already on the same components.*")]
    for incident in doubles[:_SHOWN]:
        blocks += [divider(), *_line(tx, draft, incident)]
    if len(doubles) > _SHOWN:
        blocks.append(context(f"…and {len(doubles) - _SHOWN} more."))
    new = button("It is something else: open a new one", str(ActionId.DRAFT_NEW_ALL_THE_SAME), draft.id)
    blocks += [divider(), actions(new, block_id=f"doubles.{draft.id}")]
    return modal("Open already", blocks, callback_id=str(CallbackId.DRAFT_DOUBLES), close="Later")


def _line(tx: Transaction, draft: IncidentDraft, incident: Incident) -> list[Block]:
    last = next(iter(list_updates(tx.session, [incident.id])), None)
    words = f"\n{render_mrkdwn(last.body, limit=_MAX_WORDS)}" if last and last.body else ""
    state = f"{status_text(incident.status)}  ·  {impact_text(impact_of(incident))}  ·  {when(incident.created_at)}"
    instead = button(
        "Update that one instead",
        str(ActionId.DRAFT_UPDATE_THAT),
        f"{draft.id}:{incident.id}",
        style="primary",
    )
    return [
        section(f"{name_text(incident.name)}  {public_link(tx, incident)}\n{state}{words}"),
        actions(instead, block_id=f"double.{incident.id}"),
    ]
