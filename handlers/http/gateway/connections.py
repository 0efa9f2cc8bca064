"""The organizations' Statuspages as calls need them: address, keys, turns and fuse, in memory."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.secret import Secret
from handlers.upstream.budget import Budget
from handlers.upstream.fuse import Fuses
from storage.database import AWAY
from storage.mirror import Mirror
from storage.models import Upstream, UpstreamKey, UpstreamKeyStatus
from storage.sealing import Seal, SealError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A key of an upstream, ready to be called with."""

    id: str
    secret: Secret
    calls_a_minute: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the database says of one organization's upstream."""

    upstream_id: str
    base_url: str
    keys: Mapping[str, OpenKey]
    hook_sha256: str | None = None


Connections = Mapping[str, Known]
"""By organization."""


def read_connections(session: Session, seal: Seal | None, settings: Sequence[OpenKey]) -> Connections:
    """Every organization's. `settings` names keys that have no row; what cannot be opened is left out, and said."""
    opened: dict[str, dict[str, OpenKey]] = {}
    rows = select(UpstreamKey).where(UpstreamKey.status == UpstreamKeyStatus.ACTIVE).order_by(UpstreamKey.created_at)
    for row in session.scalars(rows):
        try:
            if seal is None:
                raise SealError("no encryption key is set")
            secret = Secret(seal.open(row.sealed or ""))
        except SealError as error:
            _log.error("upstream_key_not_opened", key=row.name, reason=str(error))
            continue
        opened.setdefault(row.upstream_id, {})[row.id] = OpenKey(row.id, secret, row.calls_a_minute, row.expires_at)
    named = {key.id: key for key in settings}
    return {
        row.organization_id: Known(row.id, row.base_url, opened.get(row.id, {}) | named, row.hook_sha256)
        for row in session.scalars(select(Upstream))
    }


class Connection:
    """One upstream as calls meet it. Turns and fuse outlast changes of its keys."""

    def __init__(self, known: Known, budget: Budget, fuse: Fuses) -> None:
        self.use(known)
        self.budget = budget
        self.fuse = fuse
        self.under_way: Counter[str] = Counter()
        """How many of the connections are whose."""

    @property
    def base_url(self) -> str:
        """Where it is."""
        return self.known.base_url

    def use(self, known: Known) -> None:
        """It is so from now on."""
        self.known = known
        self.secrets = tuple(key.secret.reveal().encode() for key in known.keys.values())
        """What no answer may tell."""

    def secret_of(self, key_id: str) -> Secret | None:
        """The key's value; None once it was dropped."""
        key = self.known.keys.get(key_id)
        return key.secret if key is not None else None


class ConnectionBook:
    """Finds an organization's connection. `monotonic` tells seconds and never goes back."""

    def __init__(self, mirror: Mirror[Connections], *, wait_seconds: float, monotonic: Callable[[], float]) -> None:
        self._mirror = mirror
        self._wait_seconds = wait_seconds
        self._monotonic = monotonic
        self._open: dict[str, Connection] = {}

    def list_open(self) -> Sequence[Connection]:
        """Those that were called so far."""
        return [*self._open.values()]

    def find(self, organization_id: str) -> Connection | None:
        """As the database has it by now; None where the organization has no Statuspage."""
        known = self._mirror.value.get(organization_id)
        if known is None:
            return None
        connection = self._open.get(organization_id)
        if connection is not None and connection.known is known:
            return connection
        limits = {key.id: key.calls_a_minute for key in known.keys.values()}
        if connection is None or connection.known.upstream_id != known.upstream_id:
            budget = Budget(limits, wait_seconds=self._wait_seconds, monotonic=self._monotonic)
            connection = self._open[organization_id] = Connection(known, budget, Fuses(self._monotonic))
        else:
            connection.use(known)
            connection.budget.use(limits)
        return connection

    def find_by_hook(self, sha256: str) -> str | None:
        """The organization whose Statuspage calls an address with such a secret."""
        found = (one for one, known in self._mirror.value.items() if known.hook_sha256 == sha256)
        return next(found, None)

    async def look_anew(self) -> None:
        """Read them again. Where the database does not answer, what is known stands."""
        try:
            await asyncio.to_thread(self._mirror.reload)
        except AWAY as error:
            _log.warning("upstreams_not_read", error=str(error))
        for organization_id in list(self._open):
            self.find(organization_id)
