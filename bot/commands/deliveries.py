"""`keydesk deliveries`: messages that could not be delivered, tried again or dropped by an operator."""

from collections.abc import Sequence
from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.tables import AsJson, Cell, print_facts, print_list
from bot.commands.terminal import require_sure
from desk.errors import NotFoundError
from desk.messages.dead_letters import DeadLetter, drop_delivery, list_dead, retry_delivery
from desk.transaction import Transaction

Which = Annotated[str, typer.Argument(help="The message's id.")]
_MOST = 1000


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Look at messages that could not be delivered; try them again or drop them.", no_args_is_help=True
    )
    cli.add_typer(family, name="deliveries")
    _register_looks(family)
    _register_decisions(family)


def _register_looks(family: typer.Typer) -> None:
    @family.command("list")
    def list_(context: typer.Context, as_json: AsJson = False) -> None:
        """List what was given up, the oldest first."""
        with console_of(context).desk() as desk:
            rows = desk.read_now(operator(), lambda tx: [_row(tx, one) for one in list_dead(tx, limit=_MOST)])
        headings = ("id", "to", "what", "why", "since")
        print_list(headings, rows, nothing="Every message was delivered, or is on its way.", as_json=as_json)

    @family.command()
    def show(context: typer.Context, message: Which, as_json: AsJson = False) -> None:
        """Show a message that was given up, with the error that the other side gave."""

        def work(tx: Transaction) -> list[tuple[str, Cell]]:
            letter = _get(tx, message)
            _, to, what, why, since = _row(tx, letter)
            facts: list[tuple[str, Cell]] = [("id", letter.subject), ("channel", str(letter.channel)), ("to", to)]
            return [
                *facts,
                ("kind", letter.kind),
                ("what", what),
                ("why", why),
                ("error", letter.error),
                ("since", since),
            ]

        with console_of(context).desk() as desk:
            print_facts(desk.read_now(operator(), work), as_json=as_json)


def _register_decisions(family: typer.Typer) -> None:
    @family.command()
    def retry(context: typer.Context, message: Which) -> None:
        """Try a message again, from the first attempt."""
        with console_of(context).desk() as desk:
            desk.write_now(operator(), lambda tx: retry_delivery(tx, message))
        say("A running Keydesk tries it again.")

    @family.command()
    def drop(
        context: typer.Context,
        message: Which,
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    ) -> None:
        """Never send a message."""
        require_sure("Nobody will learn what it says. Drop it?", yes=yes, done="Nothing was dropped.")
        with console_of(context).desk() as desk:
            desk.write_now(operator(), lambda tx: drop_delivery(tx, message))
        say("Dropped.")


def _get(tx: Transaction, subject: str) -> DeadLetter:
    found = next((one for one in list_dead(tx, limit=_MOST) if one.subject == subject), None)
    if found is None:
        raise NotFoundError(f"No message {subject} was given up.", "'keydesk deliveries list' shows those that were.")
    return found


def _row(tx: Transaction, letter: DeadLetter) -> Sequence[Cell]:
    # Loaded here, so that other commands start without Slack's libraries.
    from bot.commands.wording import plain_words
    from handlers.slack.deliveries.messages import place_in_words, reason_in_words

    where = plain_words(tx, place_in_words(letter.channel, letter.lane))
    why = plain_words(tx, reason_in_words(letter.error, letter.channel))
    return letter.subject, where, " ".join(letter.what.split()), why, letter.since
