"""`keydesk keys create`: a key that nobody asked for, as the first one of an organization must be."""

from typing import Annotated

import typer

from bot.commands.console import complain, console_of, operator, say
from bot.commands.narrowing import Components, Networks, components_of, networks_of
from bot.commands.people import get_user_id
from bot.commands.tables import moment
from desk.pages.pages import get_page_by_word
from desk.requests.making import make_key
from desk.requests.offers import policy_here
from desk.requests.terms import complete_asked
from desk.secret import Secret
from desk.transaction import Transaction
from storage.models import ApiKey


def register(family: typer.Typer) -> None:
    """Add the command."""

    @family.command()
    def create(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What will use it, like 'terraform prod'.")],
        holder: Annotated[str, typer.Option(help="Who answers for it: a Slack user id, name or handle.")],
        purpose: Annotated[str, typer.Option(help="What it is for, in a sentence.")],
        scope: Annotated[list[str], typer.Option(help="What it may; can be given several times.")],
        page: Annotated[
            list[str] | None,
            typer.Option(help="A page's id, subdomain or name; several times, or never for all pages."),
        ] = None,
        days: Annotated[
            int | None, typer.Option(help="For how many days it lives; without it as policy says.")
        ] = None,
        component: Components = None,
        from_: Networks = None,
    ) -> None:
        """Make a key at once, without a request: the first one, say. Owners are told in Slack.

        The secret alone goes to standard output, once, and is kept nowhere: 'keydesk keys create … > file' keeps it.
        """

        def work(tx: Transaction) -> tuple[ApiKey, Secret]:
            pages = tuple(get_page_by_word(tx.session, word).id for word in page) if page else None
            user_id = get_user_id(tx.session, holder)
            wanted = complete_asked(
                policy_here(tx),
                user_id,
                name=name,
                purpose=purpose,
                scopes=scope,
                pages=pages,
                components=components_of(tx, pages, component),
                networks=networks_of(from_),
                lifetime_days=days,
                holder_id=user_id,
            )
            return make_key(tx, wanted)

        with console_of(context).desk() as desk:
            key, secret = desk.write_now(operator(), work)
        complain(
            f"The key {key.id}, “{key.name}”, works until {moment(key.expires_at)}. Its secret is shown only now:"
        )
        say(secret.reveal())
