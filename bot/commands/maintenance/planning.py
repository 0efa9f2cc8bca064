"""`keydesk maintenance schedule`, `reschedule`, `extend` and `cancel`: what is to come."""

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.drafts.publishing import AsDraft, Quietly, Wish, Yes, new_draft, settle
from bot.commands.incident.options import For, From, OnPage, Template, Until, Values, Which, read_values
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text
from desk.errors import InvalidInputError
from desk.incidents.authority import list_meant
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.drafts.composing import Said, compose_maintenance
from desk.incidents.inputs import RUNNING, IncidentChange
from desk.incidents.maintenances.plans import complete_by_itself, plan_cancellation
from desk.incidents.maintenances.windows import as_schedule, plan_move_as_said, read_moments
from desk.moments.window_instants import read_window
from desk.people import zone_of
from desk.transaction import Transaction
from storage.models import DraftKind, Incident, IncidentDraft, IncidentStatus

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
        auto_start: Annotated[bool, typer.Option(help="Begin by itself when it is time.")] = True,
        auto_complete: Annotated[bool, typer.Option(help="End by itself when its time is over.")] = True,
        to_maintenance: Annotated[bool, typer.Option(help="Components go under maintenance when it begins.")] = True,
        to_operational: Annotated[bool, typer.Option(help="Components are operational again when it ends.")] = True,
        notify_start: Annotated[bool, typer.Option(help="Tell people that it begins.")] = True,
        notify_end: Annotated[bool, typer.Option(help="Tell people that it ends.")] = True,
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
            planned = replace(
                as_schedule(window, remind=remind),
                auto_in_progress=auto_start,
                auto_completed=auto_complete,
                to_maintenance_state=to_maintenance,
                to_operational_state=to_operational,
                notify_at_start=notify_start,
                notify_at_end=notify_end,
            )
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
        auto_complete: Annotated[
            bool | None,
            typer.Option(
                "--auto-complete/--no-auto-complete",
                help="Whether it ends by itself when its time is over; alone, that is changed at once, and nobody is "
                "told.",
            ),
        ] = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Move a maintenance to another time; of one that goes on, its end."""
        if auto_complete is not None and not (start or until or length):
            _let_complete(context, maintenance, page, does=auto_complete)
            return
        # What is not understood is said before words are asked for.
        read_moments(start, until, length)
        text = read_text(body, body_file)

        def write(tx: Transaction) -> IncidentDraft:
            found = get_planned(tx, maintenance, page, _MOVABLE)
            content = plan_move_as_said(
                tx,
                found.id,
                starts=start,
                ends=until,
                lasts=length,
                body=text,
                adds=False,
                auto_completed=auto_complete,
            )
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


def _let_complete(context: typer.Context, word: str | None, page: str | None, *, does: bool) -> None:
    def work(tx: Transaction) -> Incident:
        return complete_by_itself(tx, get_planned(tx, word, page, _MOVABLE).id, does=does)

    with console_of(context).desk() as desk:
        changed = desk.write_now(operator(), work)
    ends = "ends by itself when its time is over" if does else "does not end by itself: somebody must complete it"
    say(f"“{changed.name}” {ends}.")
