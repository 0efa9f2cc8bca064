"""What the Home tab shows of incidents: what is open, what is planned, and drafts that wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from desk.commands import slash
from desk.incidents.listing import ListedDraft, ListedIncident, OpenDrafts, list_current, list_drafts
from desk.pages.pages import list_pages
from desk.permissions import EffectiveRoles, roles_of_actor
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block, actions, button, context, divider, section
from handlers.slack.incidents.lines import draft_block, incident_blocks, incident_text
from handlers.slack.incidents.listing import list_value
from storage.models import IncidentStatus, Role

_MOST = 6
"""Of what is open, of what is planned and of drafts, at most so many are shown; fewer where there is less room."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A heading and what stands below it: the blocks of each line, of as many as there could be room for."""

    heading: str
    total: int
    lines: Sequence[list[Block]]

    def blocks(self, most: int) -> list[Block]:
        shown = [block for line in self.lines[:most] for block in line]
        return [section(f"*{self.heading}*"), *shown, *_more(self.total, most)]


def incident_home_blocks(tx: Transaction, *, room: int) -> list[Block]:
    """What a full member sees, in `room` blocks; who may publish has the buttons for it.

    Nothing where there is no page.
    """
    if not list_pages(tx.session):
        return []
    current, roles = list_current(tx), roles_of_actor(tx)
    nothing = [] if current else [context(":white_check_mark: Nothing is open and no maintenance is planned.")]
    parts = [*_current(tx, current), *_drafts(tx, list_drafts(tx))]
    blocks: list[Block] = []
    for most in range(_MOST, 0, -1):
        shown = [block for part in parts for block in part.blocks(most)]
        blocks = [divider(), *nothing, *shown, *_new_buttons(roles)]
        if len(blocks) <= room:
            break
    return blocks


def _current(tx: Transaction, listed: Sequence[ListedIncident]) -> list[_Part]:
    going_on = [each for each in listed if not _is_planned(each)]
    planned = [each for each in listed if _is_planned(each)]
    return [*_list(tx, "Open now", going_on), *_list(tx, "Planned", planned)]


def guest_home_blocks(tx: Transaction) -> list[Block]:
    """What is open now, as the public page has it: for guests."""
    going_on = [each for each in list_current(tx) if not _is_planned(each)]
    if not going_on:
        return []
    shown = [section(incident_text(tx, each)) for each in going_on[:_MOST]]
    return [divider(), section(f"*Open now: {len(going_on)}*"), *shown, *_more(len(going_on), _MOST)]


def _is_planned(listed: ListedIncident) -> bool:
    return listed.incident.status == IncidentStatus.SCHEDULED


def _list(tx: Transaction, heading: str, listed: Sequence[ListedIncident]) -> list[_Part]:
    if not listed:
        return []
    lines = [incident_blocks(tx, each, place="home.incident") for each in listed[:_MOST]]
    return [_Part(f"{heading}: {len(listed)}", len(listed), lines)]


def _drafts(tx: Transaction, drafts: OpenDrafts) -> list[_Part]:
    listed: list[ListedDraft] = [*drafts.waiting, *drafts.own]
    if not listed:
        return []
    counts = [(len(drafts.waiting), "for you to look at"), (len(drafts.own), "of your own")]
    heading = f"Drafts: {', '.join(f'{count} {whose}' for count, whose in counts if count)}"
    return [_Part(heading, len(listed), [[draft_block(tx, each)] for each in listed[:_MOST]])]


def _new_buttons(roles: EffectiveRoles) -> list[Block]:
    buttons = []
    if roles.has_anywhere(Role.MAINTENANCE_MANAGER):
        buttons.append(button("Schedule maintenance", ActionId.MAINTENANCE_NEW))
    buttons.append(button("All incidents", ActionId.INCIDENT_LIST, list_value(0, "all")))
    return [actions(*buttons, block_id="home.incidents")]


def _more(total: int, shown: int) -> list[Block]:
    return [context(f"…and {total - shown} more: `{slash('incident list')}`")] if total > shown else []
