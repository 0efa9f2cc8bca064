"""The gateway's parts, made together: what they know of upstreams, the client, and who hears of keys in trouble."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from desk.errors import KeydeskError
from desk.incidents.held import PostRule
from desk.transaction import Actor, Desk, JobName
from desk.upstreams.copies import note_change_there
from desk.upstreams.keys import note_refused
from handlers.http.gateway.connections import ConnectionBook, Connections, OpenKey, read_connections
from handlers.http.gateway.forwarding import Forwarder
from handlers.http.gateway.gateway import Gateway
from handlers.http.gateway.held import Held
from handlers.http.gateway.hooks import Hooks
from handlers.http.gateway.kinds import Kinds
from handlers.http.gateway.once import Once
from handlers.http.gateway.reads import Reads
from handlers.upstream.budget import OWN
from handlers.upstream.client import ReqwestClient, UpstreamClient
from handlers.upstream.reading import UpstreamReader
from storage.background import end_task
from storage.database import AWAY
from storage.mirror import Mirror
from storage.sealing import Seal
from storage.signals import Topic

_ACTOR = Actor.job(JobName.COPIES)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamOptions:
    """What settings say of Statuspages elsewhere."""

    seal: Seal | None = None
    keys: Sequence[OpenKey] = ()
    """Those that have no row."""
    wait_seconds: float = 10.0
    limit_code: int = 420
    keep_seconds: float = 0.0
    """How long an answer to one who reads is given again to others."""
    on_moment: Callable[[str], None] = lambda _: None
    """Hears of each step of a POST that is sent once."""
    client: UpstreamClient | None = None
    """What calls; None: one that is made here."""


class UpstreamParts:
    """What speaks to Statuspages elsewhere: `gateway` answers calls, `book` and `client` are for jobs."""

    def __init__(
        self,
        desk: Desk,
        options: UpstreamOptions,
        *,
        list_elsewhere: Callable[[], Mapping[str, PostRule]],
        monotonic: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._reports: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.mirror: Mirror[Connections] = Mirror(
            desk.database.everywhere,
            Topic.UPSTREAMS,
            partial(read_connections, seal=options.seal, settings=options.keys),
            monotonic=monotonic,
        )
        self.client: UpstreamClient = options.client or ReqwestClient()
        self.book = ConnectionBook(self.mirror, wait_seconds=options.wait_seconds, monotonic=monotonic)
        forwarder = Forwarder(
            self.client,
            limit_code=options.limit_code,
            on_refused=self.hear_refused,
            look_anew=self.book.look_anew,
        )
        reads = Reads(
            forwarder, keep_seconds=options.keep_seconds, monotonic=monotonic, tell_change=self._tell_change
        )
        self.changes: Mirror[None] = Mirror(
            desk.database.everywhere, Topic.ELSEWHERE, lambda _session: reads.forget(), monotonic=monotonic
        )
        self.hooks = Hooks(self.book, is_elsewhere=lambda page_id: page_id in list_elsewhere())
        self.gateway = Gateway(
            self.book,
            forwarder,
            Kinds(forwarder, monotonic),
            reads,
            Once(
                desk, forwarder, wait_seconds=options.wait_seconds, monotonic=monotonic, on_moment=options.on_moment
            ),
            Held(desk, list_elsewhere),
            list_elsewhere=list_elsewhere,
            name_command=desk.policy.name_command,
        )

    async def close(self) -> None:
        """Let go of connections, and of what is still being told."""
        await self.hooks.close()
        for task in list(self._reports.values()):
            await end_task(task)
        await self.client.close()

    def hear_refused(self, organization_id: str, key_id: str) -> None:
        """A key of ours was not taken: look whether it is the key, and tell, behind what goes on meanwhile."""
        # One report at a time: whoever calls meanwhile meets the same key.
        which = (organization_id, key_id)
        if which not in self._reports:
            self._reports[which] = asyncio.create_task(self._report(*which), name="upstream_key")

    async def _tell_change(self, organization_id: str) -> None:
        """Other processes keep what was read, too."""
        try:
            await self._desk.of(organization_id).write(_ACTOR, note_change_there)
        except (KeydeskError, *AWAY) as error:
            _log.warning("change_not_told", error=str(error))

    async def _is_refused(self, organization_id: str, key_id: str) -> bool:
        """Whether it is the key that is not taken, and not something in the call that was made with it."""
        connection = self.book.find(organization_id)
        secret = connection.secret_of(key_id) if connection is not None else None
        if connection is None or secret is None:
            return False
        connection.budget.charge(OWN, key_id)
        is_taken = await UpstreamReader(self.client, connection.base_url, secret.reveal()).is_taken()
        if is_taken:
            connection.budget.resume(key_id)
        return is_taken is False

    async def _report(self, organization_id: str, key_id: str) -> None:
        try:
            if not await self._is_refused(organization_id, key_id):
                return
            _log.error("upstream_key_refused", key_id=key_id)
            await self._desk.of(organization_id).write(_ACTOR, partial(note_refused, upstream_key_id=key_id))
        except Exception as error:
            # The next call that meets the key reports it again.
            _log.warning("upstream_key_not_reported", key_id=key_id, error=str(error))
        finally:
            del self._reports[organization_id, key_id]
