"""Following what the Statuspage elsewhere has: its pages and components, copied within its budget."""

from datetime import datetime
from functools import partial

import structlog

from desk.errors import KeydeskError
from desk.transaction import Actor, Desk, JobName
from desk.upstreams.copies import copy_pages, note_copy_problem
from handlers.http.gateway.connections import Connection, ConnectionBook
from handlers.upstream.budget import OWN, NoTurnError
from handlers.upstream.client import UpstreamClient
from handlers.upstream.reading import UnreadableError, UpstreamReader
from storage.organizations import organization_of

_ACTOR = Actor.job(JobName.COPIES)

_log = structlog.get_logger(__name__)


async def follow_upstream(
    client: UpstreamClient, book: ConnectionBook, desk: Desk, _scheduled_at: datetime | None = None
) -> bool:
    """Copy what the organization's upstream has now; False where there is none, or it cannot be read. The job of
    every few minutes."""
    organization_id = await desk.read(_ACTOR, lambda tx: organization_of(tx.session))
    connection = book.find(organization_id)
    if connection is None:
        return False
    try:
        pages = await _reader(client, connection).read_pages()
        done = await desk.write(_ACTOR, partial(copy_pages, there=pages))
    except KeydeskError as error:
        _log.warning("upstream_not_copied", error=str(error))
        await desk.write(_ACTOR, partial(note_copy_problem, problem=str(error)))
        return False
    if done.new or done.changed or done.gone:
        _log.info("upstream_copied", new=done.new, changed=done.changed, gone=done.gone)
    return True


def _reader(client: UpstreamClient, connection: Connection) -> UpstreamReader:
    key = next(iter(connection.known.keys.values()), None)
    if key is None:
        raise UnreadableError("There is no key of Statuspage to ask with.", "Add one: keydesk upstream add-key")

    async def turn() -> None:
        try:
            await connection.budget.take(OWN)
        except NoTurnError as error:
            raise UnreadableError("Its calls for this minute are used up.") from error

    return UpstreamReader(client, connection.base_url, key.secret.reveal(), turn)
