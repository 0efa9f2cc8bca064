"""`keydesk drafts publish`, `send-back`, `take-back`, `edit`, `keep` and `discard`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.drafts.looking import Draft
from bot.commands.drafts.publishing import Another, Quietly, Wish, Yes, publish_by_id
from bot.commands.incident.options import Components, For, From, Until
from bot.commands.tables import moment
from bot.commands.terminal import Body, BodyFile, kept_when_refused, read_text
from desk.errors import InvalidInputError
from desk.incidents.drafts.composing import list_warnings, read_components, read_status
from desk.incidents.drafts.content import Content, content_of, is_scheduled
from desk.incidents.drafts.drafts import discard_draft, revise_draft, send_back, take_back
from desk.incidents.drafts.forgotten import discard_all, keep_draft, thrown_away_at
from desk.incidents.drafts.steps import get_editable
from desk.incidents.maintenances.windows import as_schedule, read_moments
from desk.moments.typed import Moment
from desk.moments.window_instants import read_window
from desk.people import zone_of
from desk.transaction import Transaction
from storage.models import DraftKind, IncidentDraft


@dataclass(frozen=True, slots=True)
class _Changes:
    """What a draft is to say; what is empty stays, but for the words."""

    body: str
    name: str
    components: Sequence[str]
    status: str
    begins: Moment | None
    ends: Moment | None


def register(family: typer.Typer) -> None:
    """Add the commands."""
    _register_publish(family)
    _register_edit(family)
    _register_ends(family)


def _register_publish(family: typer.Typer) -> None:
    @family.command()
    def publish(
        context: typer.Context, draft: Draft, yes: Yes = False, quietly: Quietly = False, another: Another = False
    ) -> None:
        """Publish a draft: your own, or as the second person somebody else's."""
        publish_by_id(console_of(context), draft, Wish(yes=yes, quietly=quietly, another=another))

    @family.command("send-back")
    def send_back_(
        context: typer.Context,
        draft: Draft,
        reason: Annotated[str, typer.Option(help="What should change. The author is told this, and by whom.")],
    ) -> None:
        """Return a draft that waits to its author."""
        with console_of(context).desk() as desk:
            desk.write_now(operator(), lambda tx: send_back(tx, draft, reason=reason))
        say(f"The draft {draft} was sent back.")

    @family.command("take-back")
    def take_back_(context: typer.Context, draft: Draft) -> None:
        """Open a draft of yours again that waits for a second person."""
        with console_of(context).desk() as desk:
            desk.write_now(operator(), lambda tx: take_back(tx, draft))
        say(f"The draft {draft} waits for nobody any more: edit or publish it.")


def _register_edit(family: typer.Typer) -> None:
    @family.command()
    def edit(
        context: typer.Context,
        draft: Draft,
        body: Body = None,
        body_file: BodyFile = None,
        name: Annotated[str, typer.Option(help="What it is called.")] = "",
        component: Components = None,
        status: Annotated[str, typer.Option(help="The status that it brings.")] = "",
        start: From = "",
        until: Until = "",
        length: For = "",
    ) -> None:
        """Change what a draft of yours says; one that was sent back is open again."""
        console = console_of(context)
        with console.desk() as desk:
            before = desk.read_now(operator(), lambda tx: _words_of(content_of(get_editable(tx, draft))))
        begins, ends = read_moments(start, until, length)
        text = read_text(body, body_file, text=before)
        changes = _Changes(text, name, component or (), status, begins, ends)
        with kept_when_refused(text), console.desk() as desk:
            desk.write_now(operator(), lambda tx: _revise(tx, draft, changes))
        say(f"The draft {draft} is changed: 'keydesk drafts publish {draft}' publishes it.")

    @family.command()
    def keep(context: typer.Context, draft: Draft) -> None:
        """Have a draft of yours kept for longer before it is thrown away."""

        def work(tx: Transaction) -> str:
            return moment(thrown_away_at(tx, keep_draft(tx, draft)))

        with console_of(context).desk() as desk:
            until = desk.write_now(operator(), work)
        say(f"The draft {draft} is kept until {until}.")


def _register_ends(family: typer.Typer) -> None:
    @family.command()
    def discard(
        context: typer.Context,
        draft: Annotated[str, typer.Argument(help="The draft's id.")] = "",
        every: Annotated[bool, typer.Option("--all", help="All that you have in hand.")] = False,
    ) -> None:
        """Throw a draft away."""
        if every == bool(draft):
            raise InvalidInputError("Say which draft, or --all.", "'keydesk drafts list' shows them.")
        with console_of(context).desk() as desk:
            if every:
                say(f"{desk.write_now(operator(), discard_all)} thrown away.")
                return
            desk.write_now(operator(), lambda tx: discard_draft(tx, draft))
        say(f"The draft {draft} is thrown away.")


def _words_of(content: Content) -> str:
    return content if isinstance(content, str) else content.body or ""


def _revise(tx: Transaction, draft_id: str, changes: _Changes) -> IncidentDraft:
    draft = get_editable(tx, draft_id)
    content = _changed(tx, draft, content_of(draft), changes)
    return revise_draft(tx, draft_id, content, warnings=list_warnings(tx, content))


def _changed(tx: Transaction, draft: IncidentDraft, content: Content, changes: _Changes) -> Content:
    if isinstance(content, str):
        return changes.body
    status = read_status(changes.status, scheduled=is_scheduled(tx, draft)) or content.status
    states = {**content.components, **read_components(tx, draft.page_id, changes.components)}
    changed = replace(content, body=changes.body, status=status, components=states)
    if changes.name:
        changed = replace(changed, name=" ".join(changes.name.split()))
    if changes.begins is None and changes.ends is None:
        return changed
    if draft.kind != DraftKind.MAINTENANCE or content.schedule is None:
        raise InvalidInputError(
            "Only a maintenance that is not public yet has times to change in its draft.",
            "'keydesk maintenance reschedule' changes those of a public one.",
        )
    kept = (content.schedule.scheduled_for, content.schedule.scheduled_until)
    window = read_window(changes.begins, changes.ends, now=tx.now, zone=zone_of(tx), kept=kept)
    new = as_schedule(window)
    moved = replace(content.schedule, scheduled_for=new.scheduled_for, scheduled_until=new.scheduled_until)
    return replace(changed, schedule=moved)
