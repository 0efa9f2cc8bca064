"""Owners give Keydesk its own keys of Statuspage, and take them away."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import structlog

from desk.errors import InvalidInputError, KeydeskError
from desk.permissions import require_owner
from desk.secret import Secret
from desk.transaction import Actor, JobName, Transaction
from desk.upstreams.connecting import check_base_url, connect_upstream, find_upstream
from desk.upstreams.copies import PageThere, copy_pages
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key, drop_upstream_key, replace_upstream_key
from handlers.slack.framework.blocks import Block, escape
from handlers.slack.framework.modals import open_modal, show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, SlashCommand, ViewSubmission
from handlers.slack.framework.retries import UNREACHABLE
from handlers.slack.upstreams.views import failed_view, key_form, keys_view, trying_view
from handlers.upstream.access import NO_SEAL, check_upstream_secret

_AT_ONCE = 1.2
"""Seconds within which most answers of Statuspage are there, and Slack still waits."""
_LONGEST = 30.0
_BEHIND = 1.0
"""So long after the window was answered for, it can be changed."""
_BROKEN = KeydeskError("Something went wrong on our side.", "An operator finds it in the log.")
_COPIES = Actor.job(JobName.COPIES)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Given:
    """What somebody filled in. The key is nowhere else."""

    actor: Actor
    replaces: str
    base_url: str
    is_first: bool
    secret: Secret
    name: str
    expires_at: datetime | None
    calls: int


async def open_keys_command(slack: SlackContext, command: SlashCommand, _rest: str) -> None:
    """`/keys statuspage`."""
    await open_modal(slack, command.trigger_id, await slack.desk.read(command.actor, keys_view))


async def open_keys(slack: SlackContext, action: BlockAction) -> None:
    """*Keys of Statuspage* on Home."""
    await show_modal(slack, action, await slack.desk.read(action.actor, keys_view))


async def open_form(slack: SlackContext, action: BlockAction) -> None:
    """*Give a key* and *Replace*."""
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: key_form(tx, action.subject)))


async def drop(slack: SlackContext, action: BlockAction) -> None:
    """*Drop*, confirmed."""

    def work(tx: Transaction) -> Block:
        dropped = drop_upstream_key(tx, action.subject)
        return keys_view(tx, f"Keydesk does not call with “{escape(dropped.name)}” any more. Delete it there too.")

    await show_modal(slack, action, await slack.desk.write(action.actor, work))


async def submit_key(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The key is tried, and kept if it is taken. What takes longer than Slack waits is shown in the window when it is
    known."""
    if slack.upstream is None or slack.upstream.seal is None:
        raise NO_SEAL
    given = await slack.desk.read(submission.actor, lambda tx: _read(tx, submission))
    trial = slack.afterwards.begin(_try(slack, given))
    done, _ = await asyncio.wait([trial], timeout=_AT_ONCE)
    if done:
        return Answer(view=trial.result())
    slack.afterwards.begin(_show(slack, submission.view_id, given.replaces, trial))
    return Answer(view=trying_view(given.base_url))


def _read(tx: Transaction, submission: ViewSubmission) -> _Given:
    require_owner(tx)
    upstream = find_upstream(tx.session)
    chosen, calls = submission.choice("expires_at"), submission.text("calls_a_minute")
    last = datetime.combine(date.fromisoformat(chosen), time.max, UTC) if chosen else None
    if last is not None and last <= tx.now:
        raise InvalidInputError("That day is over.", "Until when does Statuspage take it?", field="expires_at")
    if not (calls.isascii() and calls.isdigit() and len(calls) <= 6 and int(calls) > 0):
        raise InvalidInputError("That is no number of calls.", "Statuspage takes 60.", field="calls_a_minute")
    return _Given(
        submission.actor,
        submission.private_metadata,
        upstream.base_url if upstream is not None else check_base_url(submission.text("base_url")),
        upstream is None,
        check_upstream_secret(submission.text("key"), field="key"),
        submission.text("name"),
        last,
        int(calls),
    )


async def _try(slack: SlackContext, given: _Given) -> Block:
    assert slack.upstream is not None
    try:
        async with asyncio.timeout(_LONGEST):
            pages: Sequence[PageThere] = ()
            if given.is_first:
                pages = await slack.upstream.read(given.base_url, given.secret)
            else:
                await slack.upstream.check(given.base_url, given.secret)
        sealed = slack.upstream.close(given.secret)
        view = await slack.desk.write(given.actor, lambda tx: _keep(tx, given, sealed))
        if given.is_first:
            await slack.desk.write(_COPIES, lambda tx: copy_pages(tx, pages))
            view = await slack.desk.read(given.actor, lambda tx: keys_view(tx, _KEPT.format(escape(given.name))))
        return view
    except TimeoutError:
        late = KeydeskError(f"{given.base_url} did not answer in time.", "Is the address right?")
        return failed_view(late, given.replaces)
    except KeydeskError as error:
        return failed_view(error, given.replaces)


_KEPT = ":white_check_mark: Statuspage takes the key, and Keydesk calls with “{}” from now on."


def _keep(tx: Transaction, given: _Given, sealed: str) -> Block:
    new = NewUpstreamKey(name=given.name, sealed=sealed, expires_at=given.expires_at, calls_a_minute=given.calls)
    if given.is_first:
        connect_upstream(tx, given.base_url)
    if given.replaces:
        replace_upstream_key(tx, given.replaces, new)
    else:
        add_upstream_key(tx, new)
    return keys_view(tx, _KEPT.format(escape(given.name)))


async def _show(slack: SlackContext, view_id: str, replaces: str, trial: "asyncio.Task[Block]") -> None:
    """Show what came of it. Whoever has closed the window sees it when they open it again."""
    await asyncio.wait([trial])
    await asyncio.sleep(_BEHIND)
    # What nobody expected is in the log.
    view = failed_view(_BROKEN, replaces) if trial.exception() is not None else trial.result()
    try:
        await slack.client.views_update(view_id=view_id, view=view)
    except UNREACHABLE as error:
        _log.warning("upstream_key_not_shown", error=str(error))
