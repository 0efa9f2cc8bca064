"""`keydesk roles`: who may do what, looked at and changed by an operator."""

from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.people import subject_word
from bot.commands.tables import moment, print_table
from desk.directory.sync_steps import request_sync
from desk.roles.lists import ListedGrant, get_role
from desk.roles.orders import GrantOrder, RevokeOrder, grant_as_said, list_as_said, revoke_as_said, who_as_said
from desk.roles.roles import AnyPage, Granted, GrantOutcome, PageChoice
from storage.models import Grant

Subject = Annotated[str, typer.Argument(help="A Slack user or group id, or the name or handle of one.")]
Role = Annotated[
    str,
    typer.Argument(help="owner, page_configuration, incident_manager, maintenance_manager or integrator."),
]
Page = Annotated[str | None, typer.Option(help="A page's id, subdomain or name; without it, all pages.")]


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(help="See who may do what on which page, and change it.", no_args_is_help=True)
    cli.add_typer(family, name="roles")
    _register_looks(family)
    _register_changes(family)


def _register_looks(family: typer.Typer) -> None:
    @family.command("list")
    def list_(
        context: typer.Context,
        of: Annotated[str | None, typer.Option(help="Only grants that reach this person or group.")] = None,
        page: Annotated[str | None, typer.Option(help="Only grants that hold on this page.")] = None,
    ) -> None:
        """List grants: whom, which role, where and until when."""
        with console_of(context).desk() as desk:
            listing = desk.read_now(operator(), lambda tx: list_as_said(tx, subject_word(of) if of else None, page))
        if not listing.grants:
            say("No grants.")
            return
        rows = [
            (item.subject.name, str(item.grant.role), _where(item), _until(item.grant), item.grant.reason or "")
            for item in listing.grants
        ]
        print_table(("whom", "role", "page", "until", "reason"), rows)

    @family.command()
    def who(context: typer.Context, role: Role, page: Page = None) -> None:
        """List the people who have a role, on any page or on one, and by which grant."""
        wanted = get_role(role)
        with console_of(context).desk() as desk:
            found = desk.read_now(operator(), lambda tx: who_as_said(tx, wanted, page))
        if not found.holders:
            say("Nobody.")
            return
        rows = [
            (holder.user_id, holder.name, "; ".join(_source(item) for item in holder.sources))
            for holder in found.holders
        ]
        print_table(("id", "name", "by"), rows)

    @family.command()
    def sync(context: typer.Context) -> None:
        """Have people and groups read from Slack again, by the Keydesk that runs, within a minute."""
        with console_of(context).desk() as desk:
            desk.write_now(operator(), request_sync)
        say("Asked for. A running Keydesk reads Slack within a minute.")


def _register_changes(family: typer.Typer) -> None:
    @family.command()
    def grant(
        context: typer.Context,
        subject: Subject,
        role: Role,
        page: Page = None,
        until: Annotated[
            str | None,
            typer.Option(help="A span from now, like 8h, or a date, like 2026-12-31; without it, for good."),
        ] = None,
        reason: Annotated[str, typer.Option(help="Why; it is shown in lists.")] = "",
    ) -> None:
        """Give a person or a group a role. People are told in Slack."""
        order = GrantOrder(
            subject=subject_word(subject), role=get_role(role), page=page, ends=until, reason=reason, sure=True
        )
        with console_of(context).desk() as desk:
            whom, granted = desk.write_now(operator(), lambda tx: grant_as_said(tx, order))
        say(f"{whom.name} {_outcome(granted)} {granted.grant.role} {_span(granted.grant)}.")

    @family.command()
    def revoke(
        context: typer.Context,
        subject: Subject,
        role: Role,
        page: Annotated[
            str | None, typer.Option(help="The page of the grant, or 'all'; needed only if there are several.")
        ] = None,
    ) -> None:
        """Take a role away. The last owner stays."""
        place: PageChoice = AnyPage.ANY if page is None else None if page == "all" else page
        order = RevokeOrder(subject=subject_word(subject), role=get_role(role), page=place, sure=True)
        with console_of(context).desk() as desk:
            whom, ended, remaining = desk.write_now(operator(), lambda tx: revoke_as_said(tx, order))
        say(f"{whom.name} was {ended.role} by that grant and is not any more.")
        for item in remaining:
            say(f"They still are, by another one: {_source(item)}.")


def _outcome(granted: Granted) -> str:
    match granted.outcome:
        case GrantOutcome.GRANTED:
            return "is now"
        case GrantOutcome.CHANGED:
            return "was already, with another end, and is now"
        case GrantOutcome.UNCHANGED:
            return "was already"


def _span(grant: Grant) -> str:
    return f"until {moment(grant.expires_at)}" if grant.expires_at else "for good"


def _until(grant: Grant) -> str:
    return moment(grant.expires_at) or "for good"


def _where(item: ListedGrant) -> str:
    return item.page_name or "all pages"


def _source(item: ListedGrant) -> str:
    through = f" through {item.subject.name}" if item.subject.name.startswith("@") else ""
    return f"{_where(item)}, {_span(item.grant)}{through}"
