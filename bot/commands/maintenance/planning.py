"""`keydesk maintenance schedule`, `reschedule`, `extend` and `cancel`: what is to come."""

from collections.abc import Collection
from typing import Annotated

import typer

from bot.commands.console import console_of
from bot.commands.drafts.publishing import AsDraft, Quietly, Wish, Yes, new_draft, settle
from bot.commands.incident.options import OnPage, Template, Values, Which, read_values
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text
from desk.errors import InvalidInputError
from desk.incidents.authority import list_meant
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.drafts.composing import Said, compose_maintenance
from desk.incidents.inputs import RUNNING, IncidentChange
from desk.incidents.maintenances.plans import plan_cancellation
from desk.incidents.maintenances.windows import as_schedule, plan_move_as_said, read_moments
from desk.moments.windows import read_window
from desk.people import zone_of
from desk.transaction import Transaction
from storage.models import DraftKind, Incident, IncidentDraft, IncidentStatus

From = Annotated[str, typer.Option("--from", help="When it begins, like 'tomorrow 22:00' or '2026-12-01 22:00 UTC'.")]
Until = Annotated[str, typer.Option(help="When it ends, like 23:30 or '2026-12-02 01:00 UTC'.")]
For = Annotated[str, typer.Option("--for", help="How long it takes, like 3h.")]
_PLANNED = frozenset({IncidentStatus.SCHEDULED})
_MOVABLE = RUNNING | _PLANNED


def register(family: typer.Typer) -> None:
    """Add the commands."""
    _register_schedule(family)
    _register_moves(family)
    _register_cancel(family)


def _register_schedule(family: typer.Typer) -> None:
    @family.command()
    def schedule(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What is worked at; a template has a name of its own.")] = "",
        start: From = "",
        until: Until = "",
        length: For = "",
        page: OnPage = None,
        component: Annotated[
            list[str] | None, typer.Option("--component", "-c", help="What it is about. Can be repeated.")
        ] = None,
        body: Body = None,
        body_file: BodyFile = None,
        template: Template = "",
        values: Values = None,
        by_itself: Annotated[
            bool,
            typer.Option("--by-itself/--by-hand", help="Whether it begins and ends by itself when it is time."),
        ] = True,
        remind: Annotated[bool, typer.Option(help="Remind people an hour before.")] = True,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Announce a maintenance. Shows what will be public, and asks."""
        text = read_text(body, body_file, left_empty="" if template else FIRST_WORDS[IncidentStatus.SCHEDULED])
        said = Said(
            name=name,
            body=text,
            page=page,
            components=component or (),
            template=template,
            values=read_values(values),
        )
        begins, ends = read_moments(start, until, length)

        def write(tx: Transaction) -> IncidentDraft:
            window = read_window(begins, ends, now=tx.now, zone=zone_of(tx))
            planned = as_schedule(window, by_itself=by_itself, remind=remind)
            meant, content = compose_maintenance(tx, said, planned)
            return new_draft(tx, meant.id, DraftKind.MAINTENANCE, content)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, quietly=quietly, as_draft=draft))


def _register_moves(family: typer.Typer) -> None:
    @family.command()
    def reschedule(
        context: typer.Context,
        maintenance: Which = None,
        start: From = "",
        until: Until = "",
        length: For = "",
        page: OnPage = None,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Move a maintenance to another time; of one that goes on, its end."""
        # What is not understood is said before words are asked for.
        read_moments(start, until, length)
        text = read_text(body, body_file)

        def write(tx: Transaction) -> IncidentDraft:
            found = get_planned(tx, maintenance, page, _MOVABLE)
            content = plan_move_as_said(tx, found.id, starts=start, ends=until, lasts=length, body=text, adds=False)
            return _draft_move(tx, found, content)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, quietly=quietly, as_draft=draft))

    @family.command()
    def extend(
        context: typer.Context,
        maintenance: Which = None,
        until: Until = "",
        length: Annotated[str, typer.Option("--for", help="How much longer, like 2h.")] = "",
        page: OnPage = None,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Say that a maintenance takes longer. Unnamed, the one that goes on."""
        read_moments("", until, length)
        text = read_text(body, body_file)

        def write(tx: Transaction) -> IncidentDraft:
            found = get_planned(tx, maintenance, page, RUNNING)
            content = plan_move_as_said(tx, found.id, starts=None, ends=until, lasts=length, body=text, adds=True)
            return _draft_move(tx, found, content)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, quietly=quietly, as_draft=draft))


def _register_cancel(family: typer.Typer) -> None:
    @family.command()
    def cancel(
        context: typer.Context,
        maintenance: Which = None,
        page: OnPage = None,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Call off a maintenance that has not begun."""
        text = read_text(body, body_file)

        def write(tx: Transaction) -> IncidentDraft:
            found = get_planned(tx, maintenance, page, _PLANNED)
            content = plan_cancellation(tx, found.id, reason=text)
            return new_draft(tx, found.page_id, DraftKind.UPDATE, content, incident_id=found.id)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, quietly=quietly, as_draft=draft))


def get_planned(
    tx: Transaction, word: str | None, page: str | None, statuses: Collection[IncidentStatus]
) -> Incident:
    """The maintenance that is named, or the only one in one of these states. Raises InvalidInputError."""
    meant = list_meant(tx, incident_id=None, called=word, page=page, scheduled=True, statuses=statuses)
    if len(meant) > 1:
        named = ", ".join(f"“{one.name}” ({one.id})" for one in meant[:5])
        raise InvalidInputError("Several are meant: say which.", f"{named}{' and more' if len(meant) > 5 else ''}.")
    return meant[0]


def _draft_move(tx: Transaction, incident: Incident, content: IncidentChange) -> IncidentDraft:
    return new_draft(tx, incident.page_id, DraftKind.UPDATE, content, incident_id=incident.id)
