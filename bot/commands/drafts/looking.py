"""`keydesk drafts list` and `show`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.drafts.preview import preview_lines
from bot.commands.tables import AsJson, Cell, print_json, print_list
from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.drafts import get_reviewable
from desk.incidents.listing import ListedDraft, list_drafts
from desk.pages.pages import page_names
from desk.people import name_of
from desk.transaction import Transaction
from storage.models import IncidentDraft

Draft = Annotated[str, typer.Argument(help="The draft's id.")]


def register(family: typer.Typer) -> None:
    """Add the commands."""

    @family.command("list")
    def list_(context: typer.Context, as_json: AsJson = False) -> None:
        """List the drafts that wait for a second person, and your own."""

        def work(tx: Transaction) -> list[Sequence[Cell]]:
            found = list_drafts(tx)
            return [_row(tx, one) for one in (*found.waiting, *found.own)]

        with console_of(context).desk() as desk:
            rows = desk.read_now(operator(), work)
        headings = ("id", "what", "about", "page", "status", "author", "changed")
        print_list(headings, rows, nothing="No draft.", as_json=as_json)

    @family.command()
    def show(context: typer.Context, draft: Draft, as_json: AsJson = False) -> None:
        """Show a draft as the public would read it."""

        def work(tx: Transaction) -> tuple[list[str], dict[str, Any]]:
            found = get_reviewable(tx, draft)
            return preview_lines(tx, found), _as_json(tx, found)

        with console_of(context).desk() as desk:
            lines, plain = desk.read_now(operator(), work)
        if as_json:
            print_json(plain)
            return
        for line in lines:
            say(line)


def _row(tx: Transaction, listed: ListedDraft) -> Sequence[Cell]:
    draft = listed.draft
    content = content_of(draft)
    about = listed.incident.name if listed.incident else "" if isinstance(content, str) else content.name or ""
    author = "you" if listed.is_own else name_of(tx, draft.author_id)
    page = page_names(tx.session, [draft.page_id])
    return draft.id, str(draft.kind), about, page, str(draft.status), author, draft.updated_at


def _as_json(tx: Transaction, draft: IncidentDraft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "version": draft.version,
        "kind": str(draft.kind),
        "status": str(draft.status),
        "page_id": draft.page_id,
        "incident_id": draft.incident_id,
        "author": name_of(tx, draft.author_id),
        "content": draft.content,
        "warnings": draft.warnings,
        "reason": draft.decision_reason,
    }
