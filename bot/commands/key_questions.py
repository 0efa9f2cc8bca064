"""`keydesk keys keep`, `ask` and `decline`: whether a key is still needed, and for how long."""

from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.tables import moment
from desk.keys.lookup import get_key_by_word
from desk.keys.questions import ask_holder, decline_extension, keep_key
from desk.keys.spans import end_said
from desk.people import member_name
from desk.transaction import Transaction
from storage.models import ApiKey

Key = Annotated[str, typer.Argument(help="The key's id, its name, or the first characters of its secret.")]
Reason = Annotated[str, typer.Option(help="Why; it is shown to people and kept in the audit trail.")]


def register(family: typer.Typer) -> None:
    """Add the commands."""

    @family.command()
    def keep(
        context: typer.Context,
        key: Key,
        until: Annotated[str, typer.Argument(help="A date, like Dec 31, or a span from now, like 90d.")],
        reason: Reason,
    ) -> None:
        """Leave a key out of digests, and of the policy on unused keys, for a while."""

        def work(tx: Transaction) -> ApiKey:
            return keep_key(tx, get_key_by_word(tx, key).id, end_said(tx, until), reason)

        with console_of(context).desk() as desk:
            kept = desk.write_now(operator(), work)
        say(f"“{kept.name}” is kept until {moment(kept.kept_until)}; digests will say so.")

    @family.command()
    def ask(context: typer.Context, key: Key) -> None:
        """Ask whoever answers for a key, in Slack, whether it is still needed."""

        def work(tx: Transaction) -> tuple[ApiKey, str]:
            asked = ask_holder(tx, get_key_by_word(tx, key).id)
            return asked, member_name(tx.session, asked.holder_id or "")

        with console_of(context).desk() as desk:
            asked, name = desk.write_now(operator(), work)
        say(f"{name} is asked whether “{asked.name}” is still needed.")

    @family.command()
    def decline(context: typer.Context, key: Key, reason: Reason) -> None:
        """Say no to more time, for which whoever answers for a key has asked."""

        def work(tx: Transaction) -> ApiKey:
            return decline_extension(tx, get_key_by_word(tx, key).id, reason=reason)

        with console_of(context).desk() as desk:
            declined = desk.write_now(operator(), work)
        say(f"“{declined.name}” keeps its end, {moment(declined.expires_at)}. Whoever asked is told.")
