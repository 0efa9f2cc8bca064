"""`keydesk incident snooze`, `edit`, `delete` and `retry`."""

from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.incident.options import OnPage, Which
from bot.commands.incident.writing import get_meant
from bot.commands.tables import moment
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text, require_sure
from desk.durations import parse_duration
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.incidents.drafts.publishing import require_alone
from desk.incidents.elsewhere.amending import Words, amend_and_retry, words_of
from desk.incidents.elsewhere.refused import Standing, list_progress, retry_changes
from desk.incidents.lookup import get_incident, get_incident_by_word
from desk.incidents.port import port_of
from desk.incidents.reminders import snooze_reminder
from desk.transaction import Transaction
from storage.models import Incident, IncidentUpdate

Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


def register(family: typer.Typer) -> None:
    """Add the commands."""

    @family.command()
    def snooze(
        context: typer.Context,
        span: Annotated[str, typer.Argument(help="For how long, up to a day, like 2h.")],
        incident: Which = None,
        page: OnPage = None,
    ) -> None:
        """Put the next reminder to say something off."""

        def work(tx: Transaction) -> Incident:
            return snooze_reminder(tx, get_meant(tx, incident, page).id, parse_duration(span))

        with console_of(context).desk() as desk:
            snoozed = desk.write_now(operator(), work)
        say(f"Nobody is reminded of “{snoozed.name}” before {moment(snoozed.update_due_at)}.")

    @family.command()
    def edit(
        context: typer.Context,
        update: Annotated[str, typer.Argument(help="The id of what was said: 'keydesk incident show' has it.")],
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
    ) -> None:
        """Correct the words of an update that is public. Nobody is notified, and what was read was read."""
        console = console_of(context)
        with console.desk() as desk:
            before = desk.read_now(operator(), lambda tx: _get_update(tx, update).body)
        text = read_text(body, body_file, text=before)
        if text.strip() == before.strip():
            raise InvalidInputError("That is what it says already.", "Give the new words with --body.")
        with kept_when_refused(text):
            require_sure("Replace what everybody can read?", yes=yes, done="Nothing was changed.")
            with console.desk() as desk:
                desk.write_now(operator(), lambda tx: _edit(tx, update, text))
        say("Corrected.")

    @family.command()
    def delete(
        context: typer.Context,
        incident: Annotated[str, typer.Argument(help="The one that is meant, by its name, id or link.")],
        yes: Yes = False,
    ) -> None:
        """Remove an incident or maintenance from the page, with all that was said of it."""
        console = console_of(context)
        with console.desk() as desk:
            found = desk.read_now(operator(), lambda tx: get_incident_by_word(tx.session, incident))
        question = f"Delete “{found.name}” ({found.status}, id {found.id}) for good?"
        require_sure(question, yes=yes, done="Nothing was deleted.")
        with console.desk() as desk:
            desk.write_now(operator(), lambda tx: port_of(tx, found.page_id).delete_incident(tx, found.id))
        say(f"“{found.name}” is deleted.")

    @family.command()
    def retry(
        context: typer.Context,
        incident: Annotated[str, typer.Argument(help="The one that is meant, by its name, id or link.")],
        name: Annotated[str | None, typer.Option(help="Another name than the one that was not taken.")] = None,
        body: Body = None,
    ) -> None:
        """Try again what the Statuspage that keeps its page did not take, as it is or in other words."""

        def work(tx: Transaction) -> str:
            found = get_incident_by_word(tx.session, incident)
            failed = [one for one in list_progress(tx, found.id) if one.standing is Standing.FAILED]
            if not failed:
                raise ConflictError(f"Nothing of “{found.name}” was given up.", "Nothing needs to be done.")
            first = failed[0].change
            if name is None and body is None:
                retry_changes(tx, first.id)
            else:
                before = words_of(first)
                words = Words(name if name is not None else before.name, body if body is not None else before.body)
                amend_and_retry(tx, first.id, words)
            return found.name

        with kept_when_refused(body or ""), console_of(context).desk() as desk:
            say(f"“{desk.write_now(operator(), work)}” is tried again now.")


def _get_update(tx: Transaction, update_id: str) -> IncidentUpdate:
    found = tx.session.get(IncidentUpdate, update_id)
    if found is None:
        raise NotFoundError(f"There is no update {update_id}.", "'keydesk incident show' has the id of each.")
    return found


def _edit(tx: Transaction, update_id: str, text: str) -> IncidentUpdate:
    incident = get_incident(tx.session, _get_update(tx, update_id).incident_id)
    require_alone(tx, incident)
    return port_of(tx, incident.page_id).edit_update(tx, update_id, body=text)
