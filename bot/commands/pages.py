"""`keydesk pages`: status pages, their texts, look and policy."""

import json
from typing import Annotated, Any

import typer

from bot.commands.components import OfPage
from bot.commands.console import console_of, operator, say
from bot.commands.tables import print_facts, print_table
from desk.configuration.lookup import get_configurable_page_by_word, list_configurable_pages
from desk.configuration.page_fields import FLAGS, PAGE_SETTINGS, is_policy
from desk.configuration.pages import edit_page, read_setting
from desk.errors import InvalidInputError
from desk.transaction import Transaction
from storage.models import Page

_FLAGS = {"true": True, "false": False, "": None}
_MOST = 80
"""Characters of a value: pictures are long."""


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="See status pages, their texts, look and policy, and change them.", no_args_is_help=True
    )
    cli.add_typer(family, name="pages")

    @family.command("list")
    def list_(context: typer.Context) -> None:
        """List the pages that Keydesk itself keeps, by name."""
        with console_of(context).desk() as desk:
            pages = desk.read_now(operator(), list_configurable_pages)
        if not pages:
            say("No pages of its own.")
            return
        rows = [(page.id, page.name, page.subdomain or "", page.domain or "", page.time_zone) for page in pages]
        print_table(("id", "name", "subdomain", "domain", "zone"), rows)

    @family.command()
    def show(
        context: typer.Context,
        name: Annotated[str | None, typer.Argument(metavar="PAGE", help="Its id, subdomain or name.")] = None,
        page: OfPage = None,
        as_json: Annotated[bool, typer.Option("--json", help="As JSON, also what is not set.")] = False,
    ) -> None:
        """Show all that is set of a page."""
        with console_of(context).desk() as desk:
            found = desk.read_now(
                operator(), lambda tx: get_configurable_page_by_word(tx, name or page, policy_only=True)
            )
        facts = {"id": found.id, **{name: read_setting(found, name) for name in PAGE_SETTINGS}}
        if as_json:
            say(json.dumps(facts, indent=2, ensure_ascii=False))
        else:
            print_facts([(name, _words(value)) for name, value in facts.items()])

    @family.command("set")
    def set_(
        context: typer.Context,
        setting: Annotated[
            list[str], typer.Argument(help="As in 'time_zone=Europe/Zurich'; an empty value takes it back.")
        ],
        page: OfPage = None,
    ) -> None:
        """Change settings of a page: name, addresses, texts, look and policy, under the names that 'show' gives."""
        if "=" not in setting[0] and page is None:
            # As `show` takes it.
            page, *setting = setting
        wanted = dict(map(_read, setting))

        def work(tx: Transaction) -> Page:
            meant = get_configurable_page_by_word(tx, page, policy_only=is_policy(wanted))
            return edit_page(tx, meant.id, wanted)

        with console_of(context).desk() as desk:
            changed = desk.write_now(operator(), work)
        for name in wanted:
            say(f"{name} is {_words(read_setting(changed, name)) or 'not set'}.")


def _read(word: str) -> tuple[str, Any]:
    name, sign, value = word.partition("=")
    if not sign or name not in PAGE_SETTINGS:
        raise InvalidInputError(f"“{word}” is no setting.", f"Settings are: {', '.join(PAGE_SETTINGS)}.")
    if name not in FLAGS:
        return name, value
    if value not in _FLAGS:
        raise InvalidInputError(f"{name} is either true or false.", f"Type {name}=true or {name}=false.")
    return name, _FLAGS[value]


def _words(value: Any) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
