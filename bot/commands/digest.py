"""`keydesk digest`: the digest, sent or only printed."""

from functools import partial
from typing import Annotated

import typer

from bot.commands.console import console_of, operator, say
from bot.commands.tables import day
from desk.digest.findings import DigestView, Finding, Line
from desk.digest.sent import current_digest, period_of, send_digest
from desk.keys.lookup import daily_counts
from desk.keys.restrictions import restrictions_in_short
from desk.people import member_name
from desk.policy import Policy
from desk.transaction import Desk, Transaction
from handlers.slack.framework.sparkline import render_sparkline


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def digest(
        context: typer.Context,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Print it as it would be now; send and announce nothing.")
        ] = False,
    ) -> None:
        """Send the digest of unused keys now, as today's one. It goes out once a day at most."""
        with console_of(context).desk() as desk:
            if dry_run:
                for line in desk.read_now(operator(), _as_text):
                    say(line)
            else:
                say(_send(desk))


def _send(desk: Desk) -> str:
    now = desk.clock.now()
    period = period_of(now, desk.policy)
    sent = desk.write_now(operator(), partial(send_digest, period=period, scheduled_for=now))
    if sent:
        return f"The digest of {period} is on its way: a running Keydesk delivers it."
    return f"The digest of {period} went out before. 'keydesk digest --dry-run' prints the present one."


def _as_text(tx: Transaction) -> list[str]:
    view = current_digest(tx)
    if not (view.lines or view.kept or view.announced):
        if not view.live_keys:
            return ["There is no key yet, so none is unused."]
        if view.live_keys == 1:
            return ["The one key that works is in use and in good hands."]
        return [f"All {view.live_keys} working keys are in use and in good hands."]
    counts = daily_counts(tx.session, [line.key.id for line in view.lines if line.key], today=tx.now.date())
    text = [f"{view.listed_keys} of {view.live_keys} working keys want a look."]
    if uncollected := view.count(Finding.NEVER_COLLECTED):
        text.append(f"Approved and never collected: {uncollected}.")
    holder: str | None = ""
    for line in view.lines:
        if line.holder_id != holder:
            holder = line.holder_id
            text += ["", _holder(tx, line)]
        text += _describe(line, counts, tx.policy)
    if view.beyond.keys:
        text += ["", f"…and {view.beyond.keys} more."]
    return [*text, *_announced(view), *_kept(tx, view)]


def _holder(tx: Transaction, line: Line) -> str:
    name = member_name(tx.session, line.holder_id) if line.holder_id else "nobody"
    return f"{name} ({line.holder_id})" if line.holder_id else "Nobody answers for these"


def _describe(line: Line, counts: dict[str, tuple[int, ...]], policy: Policy) -> list[str]:
    words = ", ".join(_finding(finding, policy) for finding in line.findings)
    narrower = restrictions_in_short(line.key.components, line.key.networks) if line.key is not None else []
    facts = [" ".join(line.scopes), *narrower, f"made {day(line.created_at)}", f"expires {day(line.expires_at)}"]
    if line.key is not None:
        facts.append(f"last used {_last_used(line)}")
        facts.append(render_sparkline(counts.get(line.key.id, ())))
    return [f"  {line.name}: {words}", f"    {' · '.join(fact for fact in facts if fact)}"]


def _last_used(line: Line) -> str:
    if line.use is None or line.use.last_used_at is None:
        return "never"
    where = f" from {line.use.last_address}" if line.use.last_address else ""
    return f"{day(line.use.last_used_at)}{where}"


def _finding(finding: Finding, policy: Policy) -> str:
    match finding:
        case Finding.NOBODY:
            return "nobody answers for it"
        case Finding.NEVER_USED:
            return "never used"
        case Finding.UNUSED:
            return f"unused for {policy.unused_after.days} days"
        case Finding.NEVER_COLLECTED:
            return "approved but never collected"
        case Finding.EXPIRING:
            return f"expires within {policy.expiring_within.days} days"
        case Finding.WIDER:
            return "may write but only reads"


def _announced(view: DigestView) -> list[str]:
    lines = [f"  {item.key.name}: {item.act} on {day(item.act_on)}" for item in view.announced]
    return ["", "Announced by policy", *lines] if lines else []


def _kept(tx: Transaction, view: DigestView) -> list[str]:
    lines = [
        f"  {key.name}: until {day(key.kept_until)}, {key.keep_reason or 'no reason given'}" for key in view.kept
    ]
    return ["", "Kept", *lines] if lines else []
