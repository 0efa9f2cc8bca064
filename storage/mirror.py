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

_REVISIONS = select(Revision.topic, Revision.value)


def read_revisions(session: Session) -> Mapping[str, int]:
    """How often each topic has changed so far."""
    return dict(session.execute(_REVISIONS).all())


class Mirror(Generic[T]):
    """What `load` reads from the database, kept in memory and brought up to date after every change of a topic.

    `follow`, where there is one, is given the copy and its revision and reads what has changed since, no matter how
    much there is; without it, everything is read again. A change that is committed in this process shows before the
    commit's caller goes on. Changes by other processes show when `check_mirrors` finds them. `monotonic` tells
    seconds and never goes back.
    """

    def __init__(
        self,
        database: Database,
        topic: Topic,
        load: Callable[[Session], T],
        *,
        follow: Callable[[Session, T, int], T] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.topic = topic
        self._database = database
        self._load = load
        self._follow = follow
        self._monotonic = monotonic
        self._held: tuple[T, int] | None = None
        self._read_at = self._confirmed_at = float("-inf")
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
        """Bring it up to date. Callers that come while another one reads share the next reading."""
        self._stale = True
        with self._lock:
            if self._stale:
                self._read()

    def confirm(self, revision: int, asked_at: float) -> None:
        """Told what the topic's revision was at `asked_at` or later: bring the copy there, if it is not there yet."""
        if not self._is_at(revision, asked_at):
            # Whoever committed it here reads it as well: then it is there once they have let go.
            with self._lock:
                if not self._is_at(revision, asked_at):
                    self._read()
                    return
        self._confirmed_at = max(self._confirmed_at, asked_at)

    def _is_at(self, revision: int, asked_at: float) -> bool:
        if self._held is None:
            return False
        return self._held[1] == revision or (self._held[1] > revision and asked_at <= self._read_at)

    def _read(self) -> None:
        asked_at = self._monotonic()
        self._stale = False
        try:
            with self._database.read() as session:
                # The revision first: when a commit comes in between, the copy looks older than it is, never newer.
                revision = read_revisions(session)[self.topic]
                self._held = (self._value_at(session, revision), revision)
                self._read_at = asked_at
        except BaseException:
            self._stale = True
            raise
        self._confirmed_at = max(self._confirmed_at, asked_at)

    def _value_at(self, session: Session, revision: int) -> T:
        # A counter that went back is another database's, as when a backup was put in its place.
        if self._follow is None or self._held is None or revision < self._held[1]:
            return self._load(session)
        return self._follow(session, *self._held)

    def _on_commit(self, topics: frozenset[Topic]) -> None:
        if self.topic not in topics or self._held is None:
            return
        try:
            self.reload()
        except Exception as error:
            # The commit stands all the same; the next check finds the copy out of date and reads again.
            _log.warning("mirror_not_reloaded", topic=str(self.topic), error=error)


def check_mirrors(
    database: Database, mirrors: Iterable[Mirror[Any]], *, monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Ask the database whether the mirrors are up to date, and bring those there that are not."""
    asked_at = monotonic()
    with database.read() as session:
        revisions = read_revisions(session)
    for mirror in mirrors:
        mirror.confirm(revisions[mirror.topic], asked_at)
