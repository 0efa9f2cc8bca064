"""What `/incident` and `/maintenance` say by themselves: a menu, help, and the choice of what is open."""

from desk.incidents.lookup import list_open
from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId, value_of
from handlers.slack.blocks import Block, Message, actions, button, context, section
from handlers.slack.incidents.words import name_text, public_link, status_text
from handlers.slack.sub_commands import CommandFamily
from storage.models import Role

_CHOICES = 10


def menu_message(tx: Transaction) -> Message:
    """`/incident` alone: what one can do, as buttons."""
    roles = roles_of_actor(tx)
    buttons = []
    if roles.has_anywhere(Role.INCIDENT_MANAGER):
        buttons.append(button("New incident", str(ActionId.INCIDENT_NEW), style="primary"))
    if roles.has_anywhere(Role.MAINTENANCE_MANAGER):
        buttons.append(button("Schedule maintenance", str(ActionId.MAINTENANCE_NEW)))
    buttons.append(button("What is open", str(ActionId.INCIDENT_LIST)))
    hint = context("`/incident help` and `/maintenance help` list what can be typed.")
    return Message("Incidents", [section("*Incidents and maintenances*"), actions(*buttons), hint])


def help_message(family: CommandFamily) -> Message:
    """Every sub-command in a line."""
    named = "An incident is named by its name in quotation marks, its id or its link; alone, it can be left out."
    lines = "\n".join(family.help_lines(is_owner=True))
    return Message(f"Help for {family.command}", [section(f"*`{family.command}`*\n{lines}"), context(named)])


def choose_message(tx: Transaction, *, scheduled: bool) -> Message:
    """Several are open: each with its buttons."""
    found = list_open(tx.session, scheduled=scheduled)
    blocks: list[Block] = [section("*Which one?*")]
    for incident in found[:_CHOICES]:
        update = button("Update", str(ActionId.INCIDENT_UPDATE), value_of(incident.id, incident.version))
        text = f"{name_text(incident.name)}  {status_text(incident.status)}  {public_link(tx, incident)}"
        blocks.append(section(text, accessory=update))
    if len(found) > _CHOICES:
        blocks.append(context(f"…and {len(found) - _CHOICES} more: name the one that you mean."))
    return Message("Which incident?", blocks)
