"""`keydesk keys`: API keys, looked at and changed by an operator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, TypeVar

import typer

from bot.commands import key_importing, key_making, key_questions
from bot.commands.console import complain, console_of, operator, say
from bot.commands.people import get_user_id
from bot.commands.tables import AsJson, Day, moment, print_facts, print_list
from desk.durations import in_words, parse_duration
from desk.keys.changes import rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.details import show_key
from desk.keys.lookup import KeyFilter, KeyView, get_key_by_word, list_keys
from desk.keys.refusals import RecentlyUsedError
from desk.keys.restrictions import list_restrictions
from desk.keys.rotation import begin_rotation
from desk.keys.rules import is_retiring, state_of
from desk.keys.spans import extend_as_said
from desk.people import member_name
from desk.transaction import Transaction
from storage.models import ApiKey, KeyUse, Page

T = TypeVar("T")

Key = Annotated[str, typer.Argument(help="The key's id, its name, or the first characters of its secret.")]
Reason = Annotated[str, typer.Option(help="Why; it is shown to people and kept in the audit trail.")]


@dataclass(frozen=True, slots=True)
class _Shown:
    key: ApiKey
    state: str
    holder: str
    pages: str
    restrictions: Sequence[tuple[str, str]]
    use: KeyUse | None


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Look at API keys and change them. Keys are asked for and collected in Slack: no secret is shown "
        "here but that of a key which an operator makes, once.",
        no_args_is_help=True,
    )
    cli.add_typer(family, name="keys")
    _register_looks(family)
    key_making.register(family)
    key_importing.register(family)
    _register_changes(family)
    _register_ends(family)
    key_questions.register(family)


def _write(context: typer.Context, word: str, change: Callable[[Transaction, str], T]) -> T:
    """`change(tx, key id)` on the key that `word` means."""

    def work(tx: Transaction) -> T:
        return change(tx, get_key_by_word(tx, word).id)

    with console_of(context).desk() as desk:
        return desk.write_now(operator(), work)


def _register_looks(family: typer.Typer) -> None:
    @family.command("list")
    def list_(
        context: typer.Context,
        view: Annotated[KeyView, typer.Option(help="Which keys; live is all but the revoked ones.")] = KeyView.LIVE,
        holder: Annotated[str | None, typer.Option(help="Only keys that this person answers for.")] = None,
        text: Annotated[str, typer.Option(help="Only keys with this in name, purpose or start.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """List API keys by name."""

        def work(tx: Transaction) -> list[_Shown]:
            holder_id = get_user_id(tx.session, holder) if holder else None
            wanted = KeyFilter(view=view, holder_id=holder_id, text=text)
            return [_shown(tx, listed.key, listed.use) for listed in list_keys(tx, wanted)]

        with console_of(context).desk() as desk:
            found = desk.read_now(operator(), work)
        rows = [
            (shown.key.id, shown.key.name, shown.state, shown.holder, shown.key.scopes, *_days(shown))
            for shown in found
        ]
        headings = ("id", "name", "state", "answers", "scopes", "expires", "last used")
        print_list(headings, rows, nothing="No keys.", as_json=as_json)

    @family.command()
    def show(context: typer.Context, key: Key, as_json: AsJson = False) -> None:
        """Show everything about one key, but its secret, which nobody has."""

        def work(tx: Transaction) -> _Shown:
            found = get_key_by_word(tx, key)
            return _shown(tx, found, show_key(tx, found.id).use)

        with console_of(context).desk() as desk:
            _print_key(desk.read_now(operator(), work), as_json=as_json)


def _register_changes(family: typer.Typer) -> None:
    @family.command()
    def rename(context: typer.Context, key: Key, name: Annotated[str, typer.Argument(help="The new name.")]) -> None:
        """Call a key something else."""
        changed = _write(context, key, partial(_rename, name=name))
        say(f"The key {changed.id} is now called “{changed.name}”.")

    @family.command()
    def extend(
        context: typer.Context,
        key: Key,
        until: Annotated[
            str,
            typer.Argument(help="How much longer, like 90d, counted from when it expires; or a date, like Dec 31."),
        ],
    ) -> None:
        """Let a key live longer, also one that has expired; a span counts from now then."""
        changed = _write(context, key, lambda tx, key_id: extend_as_said(tx, key_id, until))
        say(f"“{changed.name}” now expires on {moment(changed.expires_at)}.")

    @family.command()
    def transfer(
        context: typer.Context,
        key: Key,
        to: Annotated[str, typer.Argument(help="A Slack user id, or the name or handle of a person.")],
    ) -> None:
        """Make somebody else answer for a key. Both are told in Slack."""

        def change(tx: Transaction, key_id: str) -> tuple[ApiKey, str]:
            user_id = get_user_id(tx.session, to)
            return transfer_key(tx, key_id, user_id), member_name(tx.session, user_id)

        changed, name = _write(context, key, change)
        say(f"{name} now answers for “{changed.name}”.")

    @family.command()
    def rotate(
        context: typer.Context,
        key: Key,
        grace: Annotated[
            str | None, typer.Option(help="How long the old key works on once the new one is collected, like 48h.")
        ] = None,
    ) -> None:
        """Have a key replaced: whoever answers for it collects the new one in Slack."""

        def change(tx: Transaction, key_id: str) -> tuple[str, str, int]:
            ticket = begin_rotation(tx, key_id, parse_duration(grace) if grace else None)
            name = show_key(tx, key_id).key.name
            return name, member_name(tx.session, ticket.collector_id), ticket.grace_seconds or 0

        name, collector, seconds = _write(context, key, change)
        end = f"for {in_words(timedelta(seconds=seconds))} after that" if seconds else "until then"
        say(f"{collector} can collect the new key for “{name}” in Slack. The old one works {end}.")


def _register_ends(family: typer.Typer) -> None:
    @family.command()
    def suspend(context: typer.Context, key: Key, reason: Reason) -> None:
        """Stop a key from working until it is restored."""
        changed = _write(context, key, lambda tx, key_id: suspend_key(tx, key_id, reason=reason))
        say(f"“{changed.name}” is suspended. 'keydesk keys restore {changed.id}' lets it work again.")

    @family.command()
    def restore(context: typer.Context, key: Key) -> None:
        """Let a suspended key work again."""
        changed = _write(context, key, lambda tx, key_id: restore_key(tx, key_id))
        say(f"“{changed.name}” works again.")

    @family.command()
    def revoke(
        context: typer.Context,
        key: Key,
        reason: Reason,
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask, even if the key was used lately.")] = False,
    ) -> None:
        """End a key for good. Asks first if something used it lately."""
        try:
            changed = _write(context, key, partial(_revoke, reason=reason, warn=not yes))
        except RecentlyUsedError as warning:
            complain(f"{warning.sentence} Last time: {moment(warning.use.at)}{_from(warning)}.")
            typer.confirm("Revoke it all the same?", abort=True, err=True)
            changed = _write(context, key, partial(_revoke, reason=reason, warn=False))
        say(f"“{changed.name}” is revoked.")


def _rename(tx: Transaction, key_id: str, *, name: str) -> ApiKey:
    return rename_key(tx, key_id, name)


def _revoke(tx: Transaction, key_id: str, *, reason: str, warn: bool) -> ApiKey:
    return revoke_key(tx, key_id, reason=reason, warn=warn)


def _from(warning: RecentlyUsedError) -> str:
    return f", from {warning.use.address}" if warning.use.address else ""


def _shown(tx: Transaction, key: ApiKey, use: KeyUse | None) -> _Shown:
    holder = member_name(tx.session, key.holder_id) if key.holder_id else "nobody"
    state = "retiring" if is_retiring(key, tx.now) else str(state_of(key, tx.now))
    restrictions = list_restrictions(tx.session, key.components, key.networks)
    return _Shown(key, state, holder, _page_names(tx, key), restrictions, use)


def _page_names(tx: Transaction, key: ApiKey) -> str:
    if key.pages is None:
        return "all pages"
    pages = [tx.session.get(Page, page_id) for page_id in key.pages]
    return ", ".join(page.name for page in pages if page is not None)


def _days(shown: _Shown) -> tuple[Day, Day]:
    return Day(shown.key.expires_at), Day(shown.use.last_used_at if shown.use else None)


def _print_key(shown: _Shown, *, as_json: bool) -> None:
    key, use = shown.key, shown.use
    print_facts(
        (
            ("id", key.id),
            ("name", key.name),
            ("begins with", key.start),
            ("purpose", key.purpose),
            ("state", shown.state),
            ("answers for it", shown.holder),
            ("scopes", key.scopes),
            ("pages", shown.pages),
            *((label.lower(), words) for label, words in shown.restrictions),
            ("made", key.created_at),
            ("expires", key.expires_at),
            ("works until", key.retires_at),
            ("suspended", _because(moment(key.suspended_at), key.suspend_reason)),
            ("revoked", _because(moment(key.revoked_at), key.revoke_reason)),
            ("kept until", _because(moment(key.kept_until), key.keep_reason)),
            ("last used", moment(use.last_used_at) if use and use.last_used_at else "never"),
            ("from", (use.last_address or "") if use else ""),
            ("with", (use.last_user_agent or "") if use else ""),
            (
                "calls",
                f"{use.reads} reads, {use.writes} writes, {use.failed} answered with an error, {use.refused} refused"
                if use
                else "",
            ),
        ),
        as_json=as_json,
    )


def _because(when: str, reason: str | None) -> str:
    return f"{when} ({reason})" if when and reason else when
