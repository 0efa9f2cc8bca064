"""Copies in memory of what the database says, each of which knows how old it is."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database import Database
from storage.models import Revision
from storage.signals import Topic

T = TypeVar("T")

_log = structlog.get_logger(__name__)


def read_revisions(session: Session) -> Mapping[str, int]:
    """How often each topic has changed so far."""
    return dict(session.execute(select(Revision.topic, Revision.value)).all())


class Mirror(Generic[T]):
    """What `load` reads from the database, kept in memory and read again after every change of a topic.

    A change that is committed in this process shows before the commit's caller goes on. Changes by other processes
    show when `check_mirrors` finds them. `monotonic` tells seconds and never goes back.
    """

    def __init__(
        self,
        database: Database,
        topic: Topic,
        load: Callable[[Session], T],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.topic = topic
        self._database = database
        self._load = load
        self._monotonic = monotonic
        self._held: tuple[T, int] | None = None
        self._confirmed_at = float("-inf")
        self._lock = threading.Lock()
        self._stale = True
        database.listen(self._on_commit)

    @property
    def value(self) -> T:
        """The copy. Raises RuntimeError before the first `reload()`."""
        if self._held is None:
            raise RuntimeError(f"the {self.topic} mirror was not loaded yet")
        return self._held[0]

    def age(self) -> float:
        """For how many seconds nobody has been able to say that the copy is up to date; infinite before the first."""
        return self._monotonic() - self._confirmed_at

    def reload(self) -> None:
        """Read it again. Callers that come while another one reads share the next reading."""
        self._stale = True
        with self._lock:
            if not self._stale:
                return
            self._stale = False
            try:
                self._read()
            except BaseException:
                self._stale = True
                raise

    def _read(self) -> None:
        asked_at = self._monotonic()
        with self._database.read() as session:
            # The revision first: when a commit comes in between, the copy looks older than it is, never newer.
            revision = read_revisions(session)[self.topic]
            self._held = (self._load(session), revision)
        self._confirmed_at = max(self._confirmed_at, asked_at)

    def confirm(self, revision: int, asked_at: float) -> bool:
        """Told what the topic's revision was at `asked_at` or later: True when that is the copy's own."""
        if self._held is None or self._held[1] != revision:
            return False
        self._confirmed_at = max(self._confirmed_at, asked_at)
        return True

    def _on_commit(self, topics: frozenset[Topic]) -> None:
        if self.topic not in topics or self._held is None:
            return
        try:
            self.reload()
        except Exception as error:
            # The commit stands all the same; the next check finds the copy out of date and reads again.
            _log.warning("mirror_not_reloaded", topic=str(self.topic), error=str(error))


def check_mirrors(
    database: Database, mirrors: Iterable[Mirror[Any]], *, monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Ask the database whether the mirrors are up to date, and reload those that are not."""
    asked_at = monotonic()
    with database.read() as session:
        revisions = read_revisions(session)
    for mirror in mirrors:
        if not mirror.confirm(revisions[mirror.topic], asked_at):
            mirror.reload()
