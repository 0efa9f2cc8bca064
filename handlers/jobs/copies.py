"""Following what the Statuspage elsewhere has: its pages and components, copied within its budget."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog

from desk.errors import KeydeskError
from desk.transaction import Actor, Desk, JobName
from desk.upstreams.copies import PageThere, copy_pages, note_copy_problem
from desk.upstreams.troubles import list_expiring, warn_of_expiry
from handlers.http.gateway.connections import Connection, ConnectionBook
from handlers.upstream.budget import OWN, NoTurnError
from handlers.upstream.client import UpstreamClient
from handlers.upstream.reading import UnreadableError, UpstreamReader
from storage.organizations import organization_of

_ACTOR = Actor.job(JobName.COPIES)

_log = structlog.get_logger(__name__)


async def follow_upstream(
    client: UpstreamClient,
    book: ConnectionBook,
    desk: Desk,
    on_refused: Callable[[str, str], None],
    _scheduled_at: datetime | None = None,
) -> bool:
    """Copy what the organization's upstream has now; False where there is none, or it cannot be read. The job of
    every few minutes. `on_refused` is told of an organization's key that its upstream does not take."""
    organization_id = await desk.read(_ACTOR, lambda tx: organization_of(tx.session))
    connection = book.find(organization_id)
    if connection is None:
        return False
    await _warn(desk)
    try:
        asked_at = desk.clock.now()
        pages = await _read_with_any(client, connection, partial(on_refused, organization_id))
        done = await desk.write(_ACTOR, partial(copy_pages, there=pages, asked_at=asked_at))
    except KeydeskError as error:
        _log.warning("upstream_not_copied", error=str(error))
        await desk.write(_ACTOR, partial(note_copy_problem, problem=str(error)))
        return False
    if done.new or done.changed or done.gone:
        _log.info("upstream_copied", new=done.new, changed=done.changed, gone=done.gone)
    return True


async def _warn(desk: Desk) -> None:
    if await desk.read(_ACTOR, list_expiring):
        await desk.write(_ACTOR, warn_of_expiry)


async def _read_with_any(
    client: UpstreamClient, connection: Connection, on_refused: Callable[[str], None]
) -> Sequence[PageThere]:
    """Read with whatever keys have turns, and with the others where one is not taken."""
    refused: set[str] = set()
    last = ""

    async def turn() -> str:
        nonlocal last
        if connection.known.keys.keys() <= refused:
            raise UnreadableError("There is no key of Statuspage to ask with.", "Add one: keydesk upstream add-key")
        while True:
            try:
                last = await connection.budget.take(OWN, besides=frozenset(refused))
            except NoTurnError as error:
                raise UnreadableError("Its calls for this minute are used up.") from error
            secret = connection.secret_of(last)
            if secret is not None:
                return secret.reveal()

    while True:
        try:
            return await UpstreamReader(client, connection.base_url, turn).read_pages()
        except UnreadableError as error:
            if error.status != 401 or last in refused:
                raise
            refused.add(last)
            on_refused(last)
            if connection.known.keys.keys() <= refused:
                raise
