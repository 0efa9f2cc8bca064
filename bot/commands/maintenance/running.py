"""`keydesk maintenance start`, `update`, `complete` and `reopen`: while it goes on."""

from collections.abc import Callable, Collection
from typing import Annotated

import typer

from bot.commands.console import console_of
from bot.commands.drafts.publishing import AsDraft, Quietly, Wish, Yes, settle
from bot.commands.incident.options import Components, OnPage, Which
from bot.commands.incident.writing import draft_reopening, draft_update, get_meant
from bot.commands.maintenance.planning import get_planned
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.drafts.composing import Said
from desk.incidents.inputs import RUNNING, IncidentChange
from desk.incidents.maintenances.plans import plan_completion, plan_start
from desk.transaction import Transaction
from storage.models import IncidentDraft, IncidentStatus


def register(family: typer.Typer) -> None:
    """Add the commands."""
    _register_steps(family)
    _register_updates(family)


def _register_steps(family: typer.Typer) -> None:
    @family.command()
    def start(
        context: typer.Context,
        maintenance: Which = None,
        page: OnPage = None,
        component: Components = None,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Begin a maintenance now, before its time or where it does not begin by itself."""
        text = read_text(body, body_file, left_empty=FIRST_WORDS[IncidentStatus.IN_PROGRESS])
        said = Said(body=text, components=component or ())
        step = _step(maintenance, page, said, {IncidentStatus.SCHEDULED}, IncidentStatus.IN_PROGRESS, plan_start)
        with kept_when_refused(text):
            settle(console_of(context), step, Wish(yes=yes, quietly=quietly, as_draft=draft))

    @family.command()
    def complete(
        context: typer.Context,
        maintenance: Which = None,
        page: OnPage = None,
        component: Components = None,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """End a maintenance, and bring its components back."""
        text = read_text(body, body_file, left_empty=FIRST_WORDS[IncidentStatus.COMPLETED])
        said = Said(body=text, components=component or ())
        step = _step(maintenance, page, said, RUNNING, IncidentStatus.COMPLETED, plan_completion)
        with kept_when_refused(text):
            settle(console_of(context), step, Wish(yes=yes, quietly=quietly, as_draft=draft))


def _step(
    word: str | None,
    page: str | None,
    said: Said,
    before: Collection[IncidentStatus],
    after: IncidentStatus,
    plan: Callable[[Transaction, str], IncidentChange],
) -> Callable[[Transaction], IncidentDraft]:
    """What writes the draft of a step; `plan` says whether it can be taken now."""

    def write(tx: Transaction) -> IncidentDraft:
        found = get_planned(tx, word, page, before)
        plan(tx, found.id)
        return draft_update(tx, found, said, status=after)

    return write


def _register_updates(family: typer.Typer) -> None:
    @family.command()
    def update(
        context: typer.Context,
        maintenance: Which = None,
        page: OnPage = None,
        component: Components = None,
        status: Annotated[str, typer.Option(help="in_progress or verifying.")] = "",
        body: Body = None,
        body_file: BodyFile = None,
        rename: Annotated[str, typer.Option(help="Call it something else.")] = "",
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Say more about a maintenance."""
        text = read_text(body, body_file)
        said = Said(name=rename, body=text, components=component or (), status=status)

        def write(tx: Transaction) -> IncidentDraft:
            return draft_update(tx, get_meant(tx, maintenance, page, scheduled=True), said)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, quietly=quietly, as_draft=draft))

    @family.command()
    def reopen(
        context: typer.Context,
        maintenance: Annotated[str, typer.Argument(help="The one that is over, by its name, id or link.")],
        component: Components = None,
        body: Body = None,
        body_file: BodyFile = None,
        yes: Yes = False,
        quietly: Quietly = False,
        draft: AsDraft = False,
    ) -> None:
        """Go on with a maintenance that was completed too early."""
        text = read_text(body, body_file, left_empty=FIRST_WORDS[IncidentStatus.IN_PROGRESS])
        said = Said(body=text, components=component or ())

        def write(tx: Transaction) -> IncidentDraft:
            return draft_reopening(tx, maintenance, said, status=IncidentStatus.IN_PROGRESS)

        with kept_when_refused(text):
            settle(console_of(context), write, Wish(yes=yes, quietly=quietly, as_draft=draft))
