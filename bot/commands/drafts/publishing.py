"""From a draft to the page: shown and asked about at a terminal, at once with `--yes`, and never by accident."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from bot.commands.console import Console, complain, operator, say
from bot.commands.drafts.preview import preview_lines, reviewers
from bot.commands.terminal import ask, has_terminal
from desk.incidents.drafts.composing import list_warnings
from desk.incidents.drafts.content import Content
from desk.incidents.drafts.drafts import get_reviewable, write_draft
from desk.incidents.drafts.duplicates import OpenDoublesError, accept_doubles, list_doubles
from desk.incidents.drafts.publishing import publish_draft
from desk.status_page.reading import is_public
from desk.transaction import Desk, Transaction
from storage.models import Backend, DraftKind, Incident, IncidentDraft, Page

Yes = Annotated[bool, typer.Option("--yes", help="Publish without asking.")]
Quietly = Annotated[bool, typer.Option("--quietly", help="Notify nobody: no message is posted about it.")]
Another = Annotated[
    bool, typer.Option("--another", help="It is something else than what is open on the same components.")
]
AsDraft = Annotated[bool, typer.Option("--draft", help="Only keep it as a draft; publish nothing.")]
Write = Callable[[Transaction], IncidentDraft]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to become of what was written."""

    yes: bool = False
    quietly: bool = False
    another: bool = False
    as_draft: bool = False


class _Undone(Exception):  # noqa: N818 - nothing went wrong
    """Takes back what a transaction wrote, with what there is to show of it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines


def new_draft(
    tx: Transaction,
    page_id: str,
    kind: DraftKind,
    content: Content,
    *,
    incident_id: str | None = None,
    seen: str | None = None,
) -> IncidentDraft:
    """Keep what was said as a draft, with what in its words somebody should look at; `seen` as in `write_draft`."""
    return write_draft(
        tx,
        page_id=page_id,
        kind=kind,
        content=content,
        incident_id=incident_id,
        warnings=list_warnings(tx, content),
        seen=seen,
    )


def settle(console: Console, write: Write, wish: Wish) -> None:
    """Publish what `write` writes, as it is wished, or keep it; says what became of it.

    Without a terminal, and without `--yes`, it is shown and not kept: nobody has said that they want it public.
    """
    with console.desk() as desk, _doubles_told():
        if wish.as_draft:
            _say_kept(desk.write_now(operator(), lambda tx: write(tx).id))
        elif wish.yes:
            for line in desk.write_now(operator(), lambda tx: _publish(tx, write(tx), wish)):
                say(line)
        elif has_terminal():
            _ask_and_publish(desk, write, wish)
        else:
            _show_and_undo(desk, write)


@contextmanager
def _doubles_told() -> Iterator[None]:
    """A refusal because something is open already names what can be typed here."""
    try:
        yield
    except OpenDoublesError as error:
        hint = "Say more about that one ('keydesk incident update'), or add --another if this is something else."
        raise OpenDoublesError(error.sentence, hint) from error


def publish_by_id(console: Console, draft_id: str, wish: Wish) -> None:
    """Publish a draft that there is. Raises as `get_reviewable` and `publish_draft` do."""
    if wish.yes or has_terminal():
        settle(console, lambda tx: get_reviewable(tx, draft_id), wish)
        return
    with console.desk() as desk:
        lines = desk.read_now(operator(), lambda tx: preview_lines(tx, get_reviewable(tx, draft_id)))
    _refuse_blind(lines)


def _ask_and_publish(desk: Desk, write: Write, wish: Wish) -> None:
    def begin(tx: Transaction) -> tuple[str, int, bool, list[str]]:
        draft = write(tx)
        if wish.another:
            accept_doubles(tx, draft.id)
        return draft.id, draft.version, bool(list_doubles(tx, draft)), preview_lines(tx, draft)

    draft_id, version, has_doubles, lines = desk.write_now(operator(), begin)
    _show(lines)
    try:
        is_sure = (not has_doubles or ask("Is it something else?")) and ask("Publish it?")
    except typer.Abort:
        # Whoever leaves finds again what they wrote.
        say()
        is_sure = False
    if not is_sure:
        _say_kept(draft_id)
        raise typer.Exit(1)

    def go_on(tx: Transaction) -> list[str]:
        draft, seen = get_reviewable(tx, draft_id), version
        if has_doubles:
            seen = accept_doubles(tx, draft_id).version
        return _published(tx, draft, quietly=wish.quietly, version=seen)

    for line in desk.write_now(operator(), go_on):
        say(line)


def _publish(tx: Transaction, draft: IncidentDraft, wish: Wish) -> list[str]:
    if wish.another:
        accept_doubles(tx, draft.id)
    return _published(tx, draft, quietly=wish.quietly, version=draft.version)


def _published(tx: Transaction, draft: IncidentDraft, *, quietly: bool, version: int) -> list[str]:
    _, incident = publish_draft(tx, draft.id, quietly=quietly, version=version)
    if incident is None:
        return [f"It waits for somebody else to publish it: {reviewers(tx, draft)}.", _how_to_publish(draft.id)]
    return _public(tx, incident, quietly=quietly)


def _public(tx: Transaction, incident: Incident, *, quietly: bool) -> list[str]:
    # Loaded here, so that other commands start without Slack's libraries.
    from bot.commands.wording import plain_words
    from handlers.slack.incidents.drafts.components import still_held_text

    page = tx.session.get_one(Page, incident.page_id)
    where = incident.shortlink if is_public(page) else f"on {page.name}"
    state = "is public:" if page.backend == Backend.LOCAL else "is queued for Statuspage,"
    held = plain_words(tx, still_held_text(tx, incident)).strip().splitlines()
    told = ["Nobody is notified: no message is posted about it."] if quietly else []
    return [f"“{incident.name}” {state} {where} (id {incident.id})", *told, *held]


def _show_and_undo(desk: Desk, write: Write) -> None:
    def work(tx: Transaction) -> None:
        raise _Undone(preview_lines(tx, write(tx)))

    try:
        desk.write_now(operator(), work)
    except _Undone as undone:
        _refuse_blind(undone.lines)


def _refuse_blind(lines: list[str]) -> None:
    _show(lines)
    complain("Nothing was published: there is no terminal to ask at.")
    complain("Add --yes to publish without a question, or --draft to keep a new one as a draft.")
    raise typer.Exit(1)


def _show(lines: list[str]) -> None:
    for line in lines:
        complain(line)


def _say_kept(draft_id: str) -> None:
    say(f"It is not public. It is kept as the draft {draft_id}.")
    say(_how_to_publish(draft_id))


def _how_to_publish(draft_id: str) -> str:
    return f"'keydesk drafts publish {draft_id}' publishes it, 'keydesk drafts discard {draft_id}' throws it away."
