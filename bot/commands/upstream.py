"""`keydesk upstream`: the Statuspage elsewhere that keeps pages of the organization."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Annotated

import typer

from bot.commands.console import Console, console_of, operator, say
from bot.commands.tables import AsJson, Day, print_facts, print_json, print_table
from bot.upstream import can_open, find_seal, get_seal, list_setting_keys, make_upstream_client
from desk.errors import InvalidInputError, KeydeskError, NotFoundError
from desk.transaction import Desk, Transaction
from desk.upstreams.connecting import STATUSPAGE, check_base_url, connect_upstream, get_upstream
from desk.upstreams.copies import Copied, PageThere, copy_pages
from desk.upstreams.hooks import drop_hook, make_hook
from desk.upstreams.keys import (
    CALLS_A_MINUTE,
    NewUpstreamKey,
    add_upstream_key,
    drop_upstream_key,
    list_upstream_keys,
    replace_upstream_key,
    reseal_upstream_keys,
)
from handlers.http.gateway.hooks import PATH
from handlers.upstream.access import check_upstream_secret
from handlers.upstream.client import UpstreamClient
from handlers.upstream.reading import UpstreamReader
from storage.models import UpstreamKey, UpstreamKeyStatus
from storage.sealing import Seal

_HEADINGS = ("name", "kept in", "state", "expires")

Name = Annotated[str, typer.Option(help="What the key is called at Statuspage.")]
Expires = Annotated[str | None, typer.Option(help="The last day on which Statuspage takes it, like 2027-01-31.")]
Calls = Annotated[int, typer.Option(help="How many calls a minute Statuspage takes from it.")]


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Connect the organization with its Statuspage elsewhere, for which Keydesk is the gateway.",
        no_args_is_help=True,
    )
    cli.add_typer(family, name="upstream")
    _register_connecting(family)
    _register_keys(family)


@dataclass(frozen=True, slots=True)
class _Shown:
    base_url: str
    copied_at: datetime | None
    problem: str | None
    keys: Sequence[tuple[str, str, str, datetime | None]]


def _register_connecting(family: typer.Typer) -> None:
    @family.command()
    def connect(
        context: typer.Context,
        url: Annotated[str, typer.Argument(help="Where its API is.")] = STATUSPAGE,
        name: Name = "Keydesk",
        expires: Expires = None,
        calls: Calls = CALLS_A_MINUTE,
    ) -> None:
        """Try a key of Statuspage, keep it sealed, and copy its pages and components. The key is read from the
        terminal without showing it, or from standard input."""
        console = console_of(context)
        seal, base_url = get_seal(console.settings()), check_base_url(url)
        secret = read_key()
        pages = _read(console, base_url, secret)
        new = _new_key(seal, secret, name, expires, calls)

        def work(tx: Transaction) -> Copied:
            connect_upstream(tx, base_url)
            add_upstream_key(tx, new)
            return copy_pages(tx, pages)

        with console.desk() as desk:
            _say_copied(desk.write_now(operator(), work))

    @family.command()
    def refresh(context: typer.Context) -> None:
        """Copy its pages and components now; Keydesk does so by itself while it runs."""
        console = console_of(context)
        with console.desk() as desk:
            base_url, secret = _any_key(console, desk)
            pages = _read(console, base_url, secret)
            _say_copied(desk.write_now(operator(), lambda tx: copy_pages(tx, pages)))

    @family.command()
    def webhook(
        context: typer.Context,
        off: Annotated[bool, typer.Option("--off", help="Listen to no address any more.")] = False,
    ) -> None:
        """Make the address that Statuspage calls when something changes, in the place of an earlier one."""
        with console_of(context).desk() as desk:
            if off:
                desk.write_now(operator(), drop_hook)
                say("Keydesk listens to no address of Statuspage's any more.")
                return
            secret = desk.write_now(operator(), make_hook)
        say(f"{console_of(context).settings().base_url}{PATH}{secret.reveal()}")
        say("Give it to Statuspage as a webhook subscriber of each page. It is shown this once.")

    @family.command()
    def show(context: typer.Context, as_json: AsJson = False) -> None:
        """Show where it is, how old the copies are, and which keys Keydesk has."""

        def work(tx: Transaction) -> _Shown:
            upstream = get_upstream(tx.session)
            keys = [
                (key.name, "database", _state_of(key, seal), key.expires_at) for key in list_upstream_keys(tx.session)
            ]
            return _Shown(upstream.base_url, upstream.copied_at, upstream.problem, keys)

        console = console_of(context)
        seal = find_seal(console.settings())
        with console.desk() as desk:
            shown = desk.read_now(operator(), work)
        named = [(key.id, "settings", "active", key.expires_at) for key in list_setting_keys(console.settings())]
        facts = (("address", shown.base_url), ("copied", shown.copied_at), ("problem", shown.problem))
        if as_json:
            keys = [dict(zip(_HEADINGS, key, strict=True)) for key in (*shown.keys, *named)]
            print_json({**dict(facts), "keys": keys})
            return
        print_facts(facts)
        say()
        print_table(_HEADINGS, [(*key[:3], Day(key[3]) if key[3] else "unknown") for key in (*shown.keys, *named)])
        if any(key[2] == _SEALED for key in shown.keys):
            say()
            say(
                "What is sealed cannot be opened with the encryption keys that are set, so Keydesk does not call with"
                " it: set KEYDESK_ENCRYPTION_KEYS to what it was sealed with, or replace the key."
            )


def _register_keys(family: typer.Typer) -> None:
    @family.command("encryption-key")
    def encryption_key() -> None:
        """Make a key for KEYDESK_ENCRYPTION_KEYS. It is printed and kept nowhere."""
        say(Seal.make_key())

    @family.command("add-key")
    def add_key(context: typer.Context, name: Name, expires: Expires = None, calls: Calls = CALLS_A_MINUTE) -> None:
        """Try one more key of Statuspage, and keep it sealed: the calls that several are good for add up."""
        _keep(console_of(context), name, expires, calls, add_upstream_key)

    @family.command("replace-key")
    def replace_key(
        context: typer.Context,
        key: Annotated[str, typer.Argument(help="The name of the key that goes.")],
        name: Name,
        expires: Expires = None,
        calls: Calls = CALLS_A_MINUTE,
    ) -> None:
        """Try a new key, and call with it instead of another one from now on. No call that is under way fails."""

        def replace(tx: Transaction, new: NewUpstreamKey) -> UpstreamKey:
            return replace_upstream_key(tx, _called(tx, key).id, new)

        _keep(console_of(context), name, expires, calls, replace)

    @family.command("drop-key")
    def drop_key(
        context: typer.Context, key: Annotated[str, typer.Argument(help="The name of the key that goes.")]
    ) -> None:
        """Call with a key no more, and forget its value."""
        with console_of(context).desk() as desk:
            dropped = desk.write_now(operator(), lambda tx: drop_upstream_key(tx, _called(tx, key).id))
        say(f"Keydesk does not call with “{dropped.name}” any more. Delete it at Statuspage too.")

    @family.command()
    def reseal(context: typer.Context) -> None:
        """Seal the keys that the database keeps with the first of KEYDESK_ENCRYPTION_KEYS."""
        console = console_of(context)
        seal = get_seal(console.settings())
        with console.desk() as desk:
            count = desk.write_now(operator(), lambda tx: reseal_upstream_keys(tx, seal.renew))
        say(f"{count} sealed anew.")


_SEALED = "sealed"


def _state_of(key: UpstreamKey, seal: Seal | None) -> str:
    is_open = key.sealed is None or can_open(seal, key.sealed)
    return str(key.status) if is_open or key.status != UpstreamKeyStatus.ACTIVE else _SEALED


def _keep(
    console: Console,
    name: str,
    expires: str | None,
    calls: int,
    keep: Callable[[Transaction, NewUpstreamKey], UpstreamKey],
) -> None:
    seal = get_seal(console.settings())
    with console.desk() as desk:
        base_url = desk.read_now(operator(), lambda tx: get_upstream(tx.session).base_url)
        secret = read_key()
        # It is tried before anything is given up.
        _read(console, base_url, secret)
        new = _new_key(seal, secret, name, expires, calls)
        kept = desk.write_now(operator(), lambda tx: keep(tx, new))
    say(f"Keydesk calls {base_url} with “{kept.name}” from now on.")


def read_key() -> str:
    """A key of Statuspage, from the terminal without showing it or from standard input."""
    if sys.stdin.isatty():
        text: str = typer.prompt("Key", hide_input=True)
    else:
        text = sys.stdin.readline()
    return check_upstream_secret(text).reveal()


def _read(console: Console, base_url: str, secret: str) -> Sequence[PageThere]:
    async def read() -> Sequence[PageThere]:
        client: UpstreamClient = make_upstream_client(console.settings())
        try:
            return await UpstreamReader(client, base_url, secret).read_pages()
        finally:
            await client.close()

    return asyncio.run(read())


def _new_key(seal: Seal, secret: str, name: str, expires: str | None, calls: int) -> NewUpstreamKey:
    try:
        last = datetime.combine(datetime.fromisoformat(expires), time.max, UTC) if expires else None
    except ValueError:
        raise InvalidInputError(f"“{expires}” is no day.", "Write it like 2027-01-31.") from None
    return NewUpstreamKey(name=name, sealed=seal.close(secret), expires_at=last, calls_a_minute=calls)


def _any_key(console: Console, desk: Desk) -> tuple[str, str]:
    settings = console.settings()
    base_url, kept = desk.read_now(
        operator(), lambda tx: (get_upstream(tx.session).base_url, list_upstream_keys(tx.session))
    )
    seal = find_seal(settings)
    opened = [seal.open(key.sealed) for key in kept if seal is not None and key.sealed and can_open(seal, key.sealed)]
    secrets = [*opened, *(key.secret.reveal() for key in list_setting_keys(settings))]
    if not secrets:
        raise KeydeskError("There is no key of Statuspage to ask with.", "Add one: keydesk upstream add-key")
    return base_url, secrets[0]


def _called(tx: Transaction, name: str) -> UpstreamKey:
    found = [key for key in list_upstream_keys(tx.session) if key.name == name.strip()]
    if not found:
        known = ", ".join(f"“{key.name}”" for key in list_upstream_keys(tx.session)) or "none"
        raise NotFoundError(f"No key of Statuspage is called “{name}”.", f"There is: {known}.")
    return found[0]


def _say_copied(done: Copied) -> None:
    for word, names in (("new", done.new), ("changed", done.changed), ("gone", done.gone)):
        for name in names:
            say(f"{word:8} {name}")
    say(f"{len(done.new)} new, {len(done.changed)} changed, {len(done.gone)} gone.")
