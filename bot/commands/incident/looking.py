"""`keydesk incident list` and `show`: what is open, what is planned and what is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.incident.options import OnPage
from bot.commands.tables import AsJson, Cell, moment, print_facts, print_json, print_list
from desk.incidents.announcements import Delivery, DeliveryState, list_deliveries
from desk.incidents.components import list_incident_components
from desk.incidents.elsewhere.refused import Progress, Standing, list_progress
from desk.incidents.listing import IncidentFilter, IncidentListView, ListedIncident, list_incidents
from desk.incidents.lookup import get_incident_by_word, list_updates
from desk.pages.pages import get_page_by_word, page_names
from desk.people import name_of
from desk.transaction import Transaction
from storage.models import Component, Incident, IncidentUpdate

_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Shown:
    incident: Incident
    page: str
    components: Sequence[Component]
    updates: Sequence[tuple[IncidentUpdate, str]]
    deliveries: Sequence[Delivery]
    progress: Sequence[Progress]


def register(family: typer.Typer) -> None:
    """Add the commands."""

    @family.command("list")
    def list_(
        context: typer.Context,
        view: Annotated[
            IncidentListView, typer.Option(help="open is what is not over, planned maintenances included.")
        ] = IncidentListView.OPEN,
        page: OnPage = None,
        text: Annotated[str, typer.Option(help="Only those with this in the name.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """List incidents and maintenances: what is open first, then what is planned and what is over."""

        def work(tx: Transaction) -> list[Sequence[Cell]]:
            page_id = get_page_by_word(tx.session, page).id if page else None
            wanted = IncidentFilter(view=view, page_id=page_id, text=text)
            return [incident_row(tx, one) for one in list_incidents(tx, wanted, limit=_MOST).listed]

        with console_of(context).desk() as desk:
            rows = desk.read_now(operator(), work)
        print_list(HEADINGS, rows, nothing="Nothing.", as_json=as_json)

    @family.command()
    def show(
        context: typer.Context,
        incident: Annotated[str, typer.Argument(help="An incident or maintenance, by its name, id or link.")],
        as_json: AsJson = False,
    ) -> None:
        """Show everything about an incident: what it is about, what was said, and whether Slack has it."""
        show_incident(context, incident, as_json=as_json)


HEADINGS = ("id", "name", "page", "status", "impact", "begins", "ends", "last update")


def incident_row(tx: Transaction, listed: ListedIncident) -> Sequence[Cell]:
    """An incident or maintenance in a list."""
    row = listed.incident
    return (
        row.id,
        row.name,
        page_names(tx.session, [row.page_id]),
        str(row.status),
        row.shown_impact,
        row.scheduled_for or row.started_at,
        row.scheduled_until or row.resolved_at,
        listed.last.created_at if listed.last else None,
    )


def show_incident(context: typer.Context, word: str, *, as_json: bool) -> None:
    """Print everything about an incident or maintenance."""

    def work(tx: Transaction) -> _Shown:
        incident = get_incident_by_word(tx.session, word)
        said = [(each, name_of(tx, each.created_by)) for each in list_updates(tx.session, [incident.id])]
        components = list_incident_components(tx.session, incident.id)
        page = page_names(tx.session, [incident.page_id])
        progress = list_progress(tx, incident.id)
        return _Shown(incident, page, components, said, list_deliveries(tx, incident.id), progress)

    with console_of(context).desk() as desk:
        shown = desk.read_now(operator(), work)
    if as_json:
        print_json(_as_json(shown))
        return
    print_facts(_facts(shown))
    for update, who in shown.updates:
        quietly = "" if update.deliver_notifications else ", quietly"
        say(f"\n{update.status}, {moment(update.display_at)}, by {who}{quietly} (update {update.id})")
        for line in update.body.splitlines():
            say(f"  {line}".rstrip())


def _facts(shown: _Shown) -> list[tuple[str, Cell]]:
    row = shown.incident
    failed = [each.error for each in shown.deliveries if each.state is DeliveryState.FAILED]
    waiting = [each for each in shown.deliveries if each.state is DeliveryState.QUEUED]
    slack = f"not delivered: {failed[0]}" if failed else f"{len(waiting)} waiting" if waiting else ""
    return [
        ("id", row.id),
        ("name", row.name),
        ("page", shown.page),
        ("status", str(row.status)),
        ("impact", row.shown_impact),
        ("begins" if row.scheduled_for else "began", row.scheduled_for or row.started_at),
        ("ends" if row.scheduled_until else "over", row.scheduled_until or row.resolved_at),
        ("components", ", ".join(f"{each.name}: {each.status}" for each in shown.components)),
        ("postmortem", _postmortem(row)),
        ("reminder", row.update_due_at),
        ("slack", slack),
        ("statuspage", _statuspage(shown.progress)),
        ("link", row.shortlink),
    ]


def _statuspage(progress: Sequence[Progress]) -> str:
    failed = [one.error for one in progress if one.standing is Standing.FAILED]
    waiting = [one for one in progress if one.standing is Standing.QUEUED]
    if failed:
        return f"failed: {failed[0]}"
    return f"{len(waiting)} queued" if waiting else "there" if progress else ""


def _postmortem(row: Incident) -> str:
    if row.postmortem_published_at is not None:
        return f"public since {moment(row.postmortem_published_at)}"
    return "written, not public" if row.postmortem_body_draft else ""


def _as_json(shown: _Shown) -> dict[str, Any]:
    row = shown.incident
    return {
        "id": row.id,
        "name": row.name,
        "page": shown.page,
        "page_id": row.page_id,
        "status": str(row.status),
        "impact": row.shown_impact,
        "scheduled_for": row.scheduled_for,
        "scheduled_until": row.scheduled_until,
        "started_at": row.started_at,
        "resolved_at": row.resolved_at,
        "link": row.shortlink,
        "components": [{"id": each.id, "name": each.name, "status": str(each.status)} for each in shown.components],
        "postmortem": row.postmortem_body if row.postmortem_published_at else None,
        "updates": [
            {
                "id": update.id,
                "status": str(update.status),
                "body": update.body,
                "by": who,
                "at": update.display_at,
                "deliver_notifications": update.deliver_notifications,
            }
            for update, who in shown.updates
        ],
        "slack": [
            {"what": each.kind, "state": str(each.state), "error": each.error or None} for each in shown.deliveries
        ],
        "statuspage": [
            {"what": str(each.change.kind), "state": str(each.standing), "error": each.error or None}
            for each in shown.progress
        ],
    }
