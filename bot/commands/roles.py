"""`keydesk roles`: who may do what, looked at and changed by an operator."""

from typing import Annotated

import typer

from bot.commands.console import complain, console_of, operator, say
from bot.commands.tables import AsJson, moment, print_list
from bot.commands.terminal import require_sure
from desk.directory.sync_steps import cancel_sync, confirm_sync, find_open_sync, request_sync
from desk.errors import InvalidInputError, NotFoundError
from desk.people import subject_word
from desk.roles.lists import ListedGrant, get_role, page_name
from desk.roles.orders import GrantOrder, RevokeOrder, grant_as_said, list_as_said, revoke_as_said, who_as_said
from desk.roles.roles import AnyPage, Granted, GrantOutcome, PageChoice
from desk.transaction import Transaction
from storage.models import DirectorySync, Grant
from storage.models import Role as RoleKind

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
        as_json: AsJson = False,
    ) -> None:
        """List grants: whom, which role, where and until when."""
        with console_of(context).desk() as desk:
            listing = desk.read_now(operator(), lambda tx: list_as_said(tx, subject_word(of) if of else None, page))
        rows = [
            (item.subject.name, str(item.grant.role), _where(item), _until(item.grant), item.grant.reason or "")
            for item in listing.grants
        ]
        print_list(("whom", "role", "page", "until", "reason"), rows, nothing="No grants.", as_json=as_json)

    @family.command()
    def who(context: typer.Context, role: Role, page: Page = None, as_json: AsJson = False) -> None:
        """List the people who have a role, on any page or on one, and by which grant."""
        wanted = get_role(role)
        with console_of(context).desk() as desk:
            found = desk.read_now(operator(), lambda tx: who_as_said(tx, wanted, page))
        rows = [
            (holder.user_id, holder.name, "; ".join(_source(item) for item in holder.sources))
            for holder in found.holders
        ]
        print_list(("id", "name", "by"), rows, nothing="Nobody.", as_json=as_json)

    @family.command()
    def sync(
        context: typer.Context,
        apply: Annotated[
            bool, typer.Option("--apply", help="Carry out a sync that stopped, since it would take many roles away.")
        ] = False,
        leave: Annotated[bool, typer.Option("--leave", help="Leave everybody as they are instead.")] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    ) -> None:
        """Have people and groups read from Slack again, by the Keydesk that runs, within a minute."""
        if apply and leave:
            raise InvalidInputError("Both --apply and --leave were given.", "Give one of them.")
        with console_of(context).desk() as desk:
            if not (apply or leave):
                desk.write_now(operator(), request_sync)
                say("Asked for. A running Keydesk reads Slack within a minute.")
                return
            stopped, lines = desk.read_now(operator(), _stopped)
            for line in lines:
                complain(line)
            if apply:
                require_sure("Apply it?", yes=yes, done="Nothing was decided.")
            decide = confirm_sync if apply else cancel_sync
            desk.write_now(operator(), lambda tx: decide(tx, stopped.id, stopped.version))
        done = "It is done in a minute if Slack still says so." if apply else "Everybody stays as they are."
        say(done)


def _stopped(tx: Transaction) -> tuple[DirectorySync, list[str]]:
    """The sync that waits for a decision, and what it would do."""
    # Loaded here, so that other commands start without Slack's libraries.
    from bot.commands.wording import lines_of
    from handlers.slack.roles.sync_card import sync_blocks

    found = find_open_sync(tx)
    if found is None:
        raise NotFoundError("No sync waits for a decision.", "'keydesk roles sync' asks for one.")
    return found, lines_of(tx, sync_blocks(tx, found))


def _register_changes(family: typer.Typer) -> None:
    @family.command()
    def grant(
        context: typer.Context,
        subject: Subject,
        role: Role,
        page: Page = None,
        until: Annotated[
            str | None,
            typer.Option(help="A span from now, like 8h, or a date, like Dec 31; without it, for good."),
        ] = None,
        reason: Annotated[str, typer.Option(help="Why; it is shown in lists.")] = "",
    ) -> None:
        """Give a person or a group a role. People are told in Slack."""
        order = GrantOrder(
            subject=subject_word(subject), role=get_role(role), page=page, ends=until, reason=reason, sure=True
        )
        with console_of(context).desk() as desk:
            whom, granted = desk.write_now(operator(), lambda tx: grant_as_said(tx, order))
            place = desk.read_now(operator(), lambda tx: page_name(tx, granted.grant)) or "all pages"
        where = "" if granted.grant.role == RoleKind.OWNER else f" on {place}"
        say(f"{whom.name} {_outcome(granted)} {granted.grant.role}{where} {_span(granted.grant)}.")

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
