"""`keydesk incident backfill` and `postmortem`: what is written down afterwards."""

from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.drafts.publishing import AsDraft, Quietly, Wish, Yes, new_draft, settle
from bot.commands.incident.options import ImpactWord, OnPage
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text, require_sure
from desk.errors import InvalidInputError
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.drafts.composing import Said, compose_past
from desk.incidents.inputs import check_backfill
from desk.incidents.lookup import get_incident_by_word
from desk.incidents.port import port_of
from desk.incidents.postmortems import check_postmortem, mark_of, postmortem_of
from desk.moments.instants import get_instant
from desk.moments.windows import parse_start
from desk.people import zone_of
from desk.transaction import Transaction
from storage.models import DraftKind, Incident, IncidentDraft, IncidentStatus

Ended = Annotated[str, typer.Argument(help="An incident that is over, by its name, id or link.")]


def register(family: typer.Typer) -> None:
    """Add the commands."""

    @family.command()
    def backfill(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What people noticed, in a few words.")],
        at: Annotated[str, typer.Option(help="When it began, like 'yesterday 14:00' or 'Mar 1 14:00 UTC'.")],
        page: OnPage = None,
        body: Body = None,
        body_file: BodyFile = None,
        impact: ImpactWord = "",
        yes: Yes = False,
        draft: AsDraft = False,
    ) -> None:
        """Write down an incident of the past. It is shown as resolved, and nobody is told."""
        text = read_text(body, body_file, left_empty=FIRST_WORDS[IncidentStatus.RESOLVED])
        said = Said(name=name, body=text, page=page, impact=impact)
        moment = parse_start(at)

        def write(tx: Transaction) -> IncidentDraft:
            began_at = get_instant(moment, now=tx.now, zone=zone_of(tx), is_past=True)
            check_backfill(began_at, tx.now)
            meant, content = compose_past(tx, said, began_at)
            return new_draft(tx, meant.id, DraftKind.BACKFILL, content)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, as_draft=draft))

    _register_postmortem(family)


def _register_postmortem(family: typer.Typer) -> None:
    @family.command()
    def postmortem(
        context: typer.Context,
        incident: Ended,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
        take_back: Annotated[
            bool, typer.Option("--take-back", help="Show the public one no more; its text is kept.")
        ] = False,
    ) -> None:
        """Write down what happened, whom it touched and what will change, and publish it."""
        console = console_of(context)
        if take_back:
            require_sure("Take the postmortem back?", yes=yes, done="Nothing was taken back.")
            with console.desk() as desk:
                taken = desk.write_now(operator(), lambda tx: _take_back(tx, incident))
            say(f"The page shows the postmortem of “{taken.name}” no more.")
            return
        with console.desk() as desk:
            there = desk.read_now(operator(), lambda tx: postmortem_of(_get_ended(tx, incident)))
        text = read_text(body, body_file, text=there)
        if not text.strip():
            raise InvalidInputError("A postmortem needs a text.", "Give it with --body-file.")

        def write(tx: Transaction) -> IncidentDraft:
            found = _get_ended(tx, incident)
            return new_draft(tx, found.page_id, DraftKind.POSTMORTEM, text, incident_id=found.id, seen=mark_of(there))

        with kept_when_refused(text):
            settle(console, write, Wish(yes=yes, quietly=quietly, as_draft=draft))


def _get_ended(tx: Transaction, word: str) -> Incident:
    return check_postmortem(tx, get_incident_by_word(tx.session, word).id)


def _take_back(tx: Transaction, word: str) -> Incident:
    incident = get_incident_by_word(tx.session, word)
    return port_of(tx, incident.page_id).revert_postmortem(tx, incident.id)
