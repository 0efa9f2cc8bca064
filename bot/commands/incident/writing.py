"""`keydesk incident new`, `update`, `resolve`, `reopen` and `nothing-new`."""

from typing import Annotated

import typer

from bot.commands.console import console_of
from bot.commands.drafts.publishing import Another, AsDraft, Quietly, Wish, Yes, new_draft, settle
from bot.commands.incident.options import (
    Components,
    ImpactWord,
    OnPage,
    Remind,
    Template,
    Values,
    Which,
    read_values,
)
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text
from desk.errors import InvalidInputError
from desk.incidents.authority import list_meant
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.drafts.composing import Said, compose_incident, compose_update, draft_nothing_new
from desk.incidents.lookup import get_incident_by_word, require_over
from desk.incidents.words import find_status
from desk.transaction import Transaction
from storage.models import DraftKind, Incident, IncidentDraft, IncidentStatus

Status = Annotated[str, typer.Option(help="investigating, identified, monitoring or resolved.")]


def register(family: typer.Typer) -> None:
    """Add the commands."""
    _register_new(family)
    _register_update(family)
    _register_ends(family)


def _register_new(family: typer.Typer) -> None:
    @family.command()
    def new(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What people notice; a template has a name of its own.")] = "",
        page: OnPage = None,
        component: Components = None,
        status: Status = "",
        body: Body = None,
        body_file: BodyFile = None,
        impact: ImpactWord = "",
        template: Template = "",
        values: Values = None,
        remind: Remind = None,
        yes: Yes = False,
        quietly: Quietly = False,
        another: Another = False,
        draft: AsDraft = False,
    ) -> None:
        """Tell people that something is wrong. Shows what will be public, and asks."""
        empty = "" if template else FIRST_WORDS[find_status(status) or IncidentStatus.INVESTIGATING]
        text = read_text(body, body_file, left_empty=empty)
        said = Said(
            name=name,
            body=text,
            page=page,
            components=component or (),
            status=status,
            impact=impact,
            remind=remind,
            template=template,
            values=read_values(values),
        )

        def write(tx: Transaction) -> IncidentDraft:
            meant, content = compose_incident(tx, said)
            return new_draft(tx, meant.id, DraftKind.INCIDENT, content)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, quietly=quietly, another=another, as_draft=draft))


def _register_update(family: typer.Typer) -> None:
    @family.command()
    def update(
        context: typer.Context,
        incident: Which = None,
        page: OnPage = None,
        component: Components = None,
        status: Status = "",
        body: Body = None,
        body_file: BodyFile = None,
        impact: ImpactWord = "",
        rename: Annotated[str, typer.Option(help="Call it something else.")] = "",
        remind: Remind = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Say more about an incident. Shows what will be public, and asks."""
        text = read_text(body, body_file)
        said = Said(
            name=rename, body=text, page=page, components=component or (), status=status, impact=impact, remind=remind
        )
        wish = Wish(yes=yes, quietly=quietly, as_draft=draft)
        with kept_when_refused(text):
            settle(console_of(context), lambda tx: draft_update(tx, get_meant(tx, incident, page), said), wish)

    @family.command()
    def resolve(
        context: typer.Context,
        incident: Which = None,
        page: OnPage = None,
        component: Components = None,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """End an incident, and bring its components back."""
        text = read_text(body, body_file, left_empty=FIRST_WORDS[IncidentStatus.RESOLVED])
        said = Said(body=text, page=page, components=component or (), status=IncidentStatus.RESOLVED)
        wish = Wish(yes=yes, quietly=quietly, as_draft=draft)
        with kept_when_refused(text):
            settle(console_of(context), lambda tx: draft_update(tx, get_meant(tx, incident, page), said), wish)


def _register_ends(family: typer.Typer) -> None:
    @family.command()
    def reopen(
        context: typer.Context,
        incident: Annotated[str, typer.Argument(help="The one that is over, by its name, id or link.")],
        component: Components = None,
        status: Status = IncidentStatus.INVESTIGATING,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Go on with an incident that was resolved too early."""
        text = read_text(body, body_file, left_empty=FIRST_WORDS[IncidentStatus.INVESTIGATING])
        said = Said(body=text, components=component or (), status=status)
        wish = Wish(yes=yes, quietly=quietly, as_draft=draft)
        with kept_when_refused(text):
            settle(console_of(context), lambda tx: draft_reopening(tx, incident, said), wish)

    @family.command("nothing-new")
    def nothing_new(
        context: typer.Context,
        incident: Which = None,
        page: OnPage = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Say that work goes on, in the words that go with the incident's status."""
        wish = Wish(yes=yes, quietly=quietly, as_draft=draft)
        settle(console_of(context), lambda tx: draft_nothing_new(tx, get_meant(tx, incident, page).id), wish)


def draft_update(
    tx: Transaction, incident: Incident, said: Said, *, status: IncidentStatus | None = None
) -> IncidentDraft:
    """An update in these words, as a draft."""
    content = compose_update(tx, incident, said, status=status)
    return new_draft(tx, incident.page_id, DraftKind.UPDATE, content, incident_id=incident.id)


def draft_reopening(tx: Transaction, word: str, said: Said, *, status: IncidentStatus | None = None) -> IncidentDraft:
    """What opens something again, as a draft. Raises ConflictError while it is not over."""
    incident = get_incident_by_word(tx.session, word)
    require_over(tx.session, incident)
    return draft_update(tx, incident, said, status=status)


def get_meant(tx: Transaction, word: str | None, page: str | None, *, scheduled: bool = False) -> Incident:
    """The incident that is named, or the only one that is open. Raises InvalidInputError that names them."""
    meant = list_meant(tx, incident_id=None, called=word, page=page, scheduled=scheduled)
    if len(meant) > 1:
        named = ", ".join(f"“{one.name}” ({one.id})" for one in meant[:5])
        raise InvalidInputError("Several are open: say which.", f"{named}{' and more' if len(meant) > 5 else ''}.")
    return meant[0]
