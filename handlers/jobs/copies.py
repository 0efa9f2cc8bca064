"""Following what the Statuspage elsewhere has: its pages and components, copied within its budget."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import structlog

from desk.errors import KeydeskError
from desk.incidents.elsewhere.following import follow_incidents, list_open_there, note_gone
from desk.transaction import Actor, Desk, JobName
from desk.upstreams.copies import copy_pages, copy_told_page, note_change_there, note_copy_problem
from desk.upstreams.troubles import list_expiring, warn_of_expiry
from handlers.http.gateway.connections import Connection, ConnectionBook
from handlers.upstream.budget import OWN, NoTurnError
from handlers.upstream.client import UpstreamClient
from handlers.upstream.incidents import find_incident, read_incidents
from handlers.upstream.reading import UnreadableError, UpstreamReader
from storage.organizations import organization_of

_ACTOR = Actor.job(JobName.COPIES)

T = TypeVar("T")


class Read(Protocol):
    """Reads with whatever keys have turns."""

    async def __call__(self, read: Callable[[UpstreamReader], Awaitable[T]]) -> T: ...


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
        read: Read = partial(_read_with_any, client, connection, partial(on_refused, organization_id))
        pages = await read(UpstreamReader.read_pages)
        done = await desk.write(_ACTOR, partial(copy_pages, there=pages, asked_at=asked_at))
        for page in pages:
            await _follow_page(desk, read, page.id)
    except KeydeskError as error:
        _log.warning("upstream_not_copied", error=str(error))
        await desk.write(_ACTOR, partial(note_copy_problem, problem=str(error)))
        return False
    if done.new or done.changed or done.gone:
        _log.info("upstream_copied", new=done.new, changed=done.changed, gone=done.gone)
    return True


async def follow_page(
    client: UpstreamClient,
    book: ConnectionBook,
    desk: Desk,
    on_refused: Callable[[str, str], None],
    organization_id: str,
    page_id: str,
) -> None:
    """Copy one page, of which its upstream has told."""
    connection, own = book.find(organization_id), desk.of(organization_id)
    if connection is None:
        return
    try:
        asked_at = desk.clock.now()
        read: Read = partial(_read_with_any, client, connection, partial(on_refused, organization_id))
        page = await read(partial(UpstreamReader.read_page, page_id=page_id))
        await own.write(_ACTOR, partial(copy_told_page, told=page, asked_at=asked_at))
        await _follow_incidents(own, read, page_id)
        await own.write(_ACTOR, note_change_there)
    except KeydeskError as error:
        # The look of every few minutes says so where it stays so.
        _log.warning("upstream_page_not_copied", page_id=page_id, error=str(error))


async def _warn(desk: Desk) -> None:
    if await desk.read(_ACTOR, list_expiring):
        await desk.write(_ACTOR, warn_of_expiry)


async def _follow_page(desk: Desk, read: Read, page_id: str) -> None:
    """As `_follow_incidents`; what cannot be read of one page holds up no other."""
    try:
        await _follow_incidents(desk, read, page_id)
    except UnreadableError as error:
        _log.warning("upstream_incidents_not_read", page=page_id, error=str(error))


async def _follow_incidents(desk: Desk, read: Read, page_id: str) -> None:
    """Follow the newest of a page's incidents, and those that are open as far as is known here."""
    asked_at = desk.clock.now()
    newest = await read(partial(read_incidents, page_id=page_id))
    changed = await desk.write(_ACTOR, partial(follow_incidents, page_id=page_id, there=newest, asked_at=asked_at))
    besides = [one.id for one in newest]
    for upstream_id in await desk.read(_ACTOR, partial(list_open_there, page_id=page_id, besides=besides)):
        asked_at = desk.clock.now()
        found = await read(partial(find_incident, page_id=page_id, incident_id=upstream_id))
        if found is None:
            gone = partial(note_gone, page_id=page_id, upstream_id=upstream_id, asked_at=asked_at)
            await desk.write(_ACTOR, gone)
        else:
            follow = partial(follow_incidents, page_id=page_id, there=[found], asked_at=asked_at)
            changed = [*changed, *await desk.write(_ACTOR, follow)]
    if changed:
        _log.info("upstream_incidents_followed", page=page_id, changed=changed)


async def _read_with_any(
    client: UpstreamClient,
    connection: Connection,
    on_refused: Callable[[str], None],
    read: Callable[[UpstreamReader], Awaitable[T]],
) -> T:
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
            return await read(UpstreamReader(client, connection.base_url, turn))
        except UnreadableError as error:
            if error.status != 401 or last in refused:
                raise
            refused.add(last)
            on_refused(last)
            if connection.known.keys.keys() <= refused:
                raise
