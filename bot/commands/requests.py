"""`keydesk requests`: what people ask for, decided by an operator as by an owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from bot.commands.console import complain, console_of, operator, say
from bot.commands.narrowing import Components, Networks, components_of, networks_of
from bot.commands.people import get_user_id
from bot.commands.tables import AsJson, Cell, print_facts, print_list
from desk.errors import InvalidInputError
from desk.keys.restrictions import list_restrictions
from desk.keys.scopes import parse_scopes
from desk.messages.reach import list_places_of_owners
from desk.pages.pages import get_page_by_word, page_names
from desk.people import member_name, name_of
from desk.requests.approvals import approve, deny
from desk.requests.lookup import (
    approvals_needed,
    extent_now,
    find_pending_called,
    list_counted_approvers,
    list_pending_requests,
)
from desk.requests.offers import policy_here
from desk.requests.requests import make_request
from desk.requests.risks import list_risk_notes
from desk.requests.terms import Extent, complete_asked
from desk.transaction import Transaction
from handlers.slack.framework.hearing import Hindrance, find_hindrance
from storage.models import KeyRequest, RequestStatus

Which = Annotated[str, typer.Argument(help="The request's id, or the name of the key that is asked for.")]


@dataclass(frozen=True, slots=True)
class _Narrower:
    scopes: Sequence[str]
    pages: Sequence[str]
    days: int | None
    components: Sequence[str]
    networks: Sequence[str]


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Ask for keys, look at what waits for a decision, approve or deny it. Your approval counts as an "
        "owner's does; who asked collects the key in Slack.",
        no_args_is_help=True,
    )
    cli.add_typer(family, name="requests")
    _register_looks(family)
    _register_ask(family)
    _register_decisions(family)


def _register_looks(family: typer.Typer) -> None:
    @family.command("list")
    def list_(context: typer.Context, as_json: AsJson = False) -> None:
        """List the requests that wait for a decision, the oldest first."""

        def work(tx: Transaction) -> list[Sequence[Cell]]:
            return [_row(tx, request) for request in list_pending_requests(tx)]

        with console_of(context).desk() as desk:
            rows = desk.read_now(operator(), work)
        headings = ("id", "name", "asked by", "scopes", "pages", "days", "asked", "expires")
        print_list(headings, rows, nothing="No request waits for a decision.", as_json=as_json)

    @family.command()
    def show(context: typer.Context, request: Which, as_json: AsJson = False) -> None:
        """Show everything that a decision needs: what is asked for, why, and what to notice."""
        with console_of(context).desk() as desk:
            facts = desk.read_now(operator(), lambda tx: _facts(tx, _get(tx, request)))
        print_facts(facts, as_json=as_json)


def _register_ask(family: typer.Typer) -> None:
    @family.command()
    def ask(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What will use the key, like 'terraform prod'.")],
        requester: Annotated[str, typer.Option("--for", help="Who collects it: a Slack user id, name or handle.")],
        purpose: Annotated[str, typer.Option(help="What it is for, in a sentence.")],
        scope: Annotated[list[str], typer.Option(help="What it may. Can be repeated.")],
        page: Annotated[
            list[str] | None,
            typer.Option(help="A page's id, subdomain or name. Can be repeated; never given, it is for all pages."),
        ] = None,
        days: Annotated[
            int | None, typer.Option(help="For how many days it lives; without it as policy says.")
        ] = None,
        holder: Annotated[str | None, typer.Option(help="Who answers for it, if not who collects it.")] = None,
        component: Components = None,
        from_: Networks = None,
    ) -> None:
        """Ask for a key in the name of somebody, who is told, and collects it in Slack once it is approved."""

        def work(tx: Transaction) -> tuple[KeyRequest, Hindrance | None]:
            user_id = get_user_id(tx.session, requester)
            pages = tuple(get_page_by_word(tx.session, word).id for word in page) if page else None
            asked = complete_asked(
                policy_here(tx),
                user_id,
                name=name,
                purpose=purpose,
                scopes=scope,
                pages=pages,
                components=components_of(tx, pages, component),
                networks=networks_of(from_),
                lifetime_days=days,
                holder_id=get_user_id(tx.session, holder) if holder else None,
            )
            made = make_request(tx, asked, requester_id=user_id)
            return made, find_hindrance(tx, list_places_of_owners(tx))

        with console_of(context).desk() as desk:
            made, hindrance = desk.write_now(operator(), work)
        say(f"Owners are asked for “{made.name}” (id {made.id}).")
        if hindrance is not None:
            complain(f"They may not hear of it: Slack takes no message in {hindrance.place} ({hindrance.error}).")


def _register_decisions(family: typer.Typer) -> None:
    @family.command("approve")
    def approve_(
        context: typer.Context,
        request: Which,
        scope: Annotated[
            list[str] | None, typer.Option(help="Only this scope of those asked for. Can be repeated.")
        ] = None,
        page: Annotated[
            list[str] | None, typer.Option(help="Only this page of those asked for. Can be repeated.")
        ] = None,
        days: Annotated[int | None, typer.Option(help="For so many days, and not for as many as asked for.")] = None,
        component: Components = None,
        from_: Networks = None,
    ) -> None:
        """Grant what somebody asked for, or less. Who asked collects the key in Slack."""
        wanted = _Narrower(scope or (), page or (), days, component or (), from_ or ())

        def work(tx: Transaction) -> str:
            found = _get(tx, request)
            approved = approve(tx, found.id, narrower=_narrow(tx, found, wanted)).request
            who = member_name(tx.session, approved.requester_id)
            if approved.status == RequestStatus.APPROVED:
                return f"Approved: {who} can collect “{approved.name}” in Slack."
            have = len(list_counted_approvers(tx, approved))
            return f"Your approval of “{approved.name}” counts: {have} of {approvals_needed(tx, approved)}."

        with console_of(context).desk() as desk:
            say(desk.write_now(operator(), work))

    @family.command("deny")
    def deny_(
        context: typer.Context,
        request: Which,
        reason: Annotated[str, typer.Option(help="Why. Who asked is told, and by whom.")],
    ) -> None:
        """Refuse what somebody asked for."""
        with console_of(context).desk() as desk:
            denied = desk.write_now(operator(), lambda tx: deny(tx, _get(tx, request).id, reason))
        say(f"The request for “{denied.name}” is denied.")


def _get(tx: Transaction, word: str) -> KeyRequest:
    found = find_pending_called(tx, word)
    if len(found) > 1:
        named = ", ".join(f"{one.id} by {member_name(tx.session, one.requester_id)}" for one in found[:5])
        raise InvalidInputError(f"{len(found)} requests are for “{found[0].name}”.", f"Say which by id: {named}.")
    return found[0]


def _narrow(tx: Transaction, request: KeyRequest, wanted: _Narrower) -> Extent | None:
    if wanted == _Narrower((), (), None, (), ()):
        return None
    now = extent_now(tx, request)
    pages = tuple(get_page_by_word(tx.session, word).id for word in wanted.pages) if wanted.pages else now.pages
    return Extent(
        scopes=tuple(map(str, parse_scopes(wanted.scopes))) if wanted.scopes else now.scopes,
        pages=pages,
        lifetime_days=now.lifetime_days if wanted.days is None else wanted.days,
        components=components_of(tx, pages, wanted.components) or now.components,
        networks=networks_of(wanted.networks) or now.networks,
    )


def _row(tx: Transaction, request: KeyRequest) -> Sequence[Cell]:
    extent = extent_now(tx, request)
    return (
        request.id,
        request.name,
        member_name(tx.session, request.requester_id),
        extent.scopes,
        page_names(tx.session, extent.pages),
        extent.lifetime_days,
        request.created_at,
        request.expires_at,
    )


def _facts(tx: Transaction, request: KeyRequest) -> list[tuple[str, Cell]]:
    # Loaded here, so that other commands start without Slack's libraries.
    from bot.commands.wording import plain_words
    from handlers.slack.requests.text import risk_in_words

    extent = extent_now(tx, request)
    notes = [
        plain_words(tx, risk_in_words(tx, note, holder_id=request.holder_id, days=extent.lifetime_days))
        for note in list_risk_notes(tx, request)
    ]
    approvers = [name_of(tx, who) for who in list_counted_approvers(tx, request)]
    restrictions = list_restrictions(tx.session, extent.components, extent.networks)
    return [
        ("id", request.id),
        ("name", request.name),
        ("asked by", member_name(tx.session, request.requester_id)),
        ("purpose", request.purpose),
        ("scopes", extent.scopes),
        ("pages", page_names(tx.session, extent.pages)),
        *((label.lower(), words) for label, words in restrictions),
        ("days", extent.lifetime_days),
        ("answers for it", member_name(tx.session, request.holder_id)),
        ("asked", request.created_at),
        ("expires", request.expires_at),
        ("approved by", approvers),
        ("approvals needed", approvals_needed(tx, request)),
        ("notice", notes),
    ]
