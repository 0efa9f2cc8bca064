"""Write transactions that somebody waits for: given up, or committing, and never both."""

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from functools import partial
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from storage.deadline import TooLateError, answer_within, find_seconds_left, until_the_answer
from storage.engine import has_changed

NOTIFY_CHANNEL = "keydesk"
_PATIENCE_SECONDS = 30.0
"""How long it is looked what became of a commit where nobody waits for the answer."""
_MOST_LOOK_SECONDS = 5.0
"""So long, at most, for one look: a server that is silent may be so for hours."""
_LOOK_SECONDS = 0.1
_NO_SUCH_NUMBER = "22023"

_NUMBER = "SELECT txid_current_if_assigned()"
_NOTIFY = f", pg_notify('{NOTIFY_CHANNEL}', :topic_"
_STATUS = text("SELECT txid_status(:number)")
# A session that the network cut off may have its commit still to read.
_END_SESSION = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_xid = CAST(CAST(:number % 4294967296 AS text) AS xid) AND pid <> pg_backend_pid()"
)


class UncertainError(SQLAlchemyError):
    """A commit was sent and not answered."""

    def __init__(self, find_out: Callable[[], bool], number: int | None) -> None:
        super().__init__("a commit was not answered")
        self.number = number
        """PostgreSQL's number for the transaction, by which another process can ask too; None where it has none."""
        self.find_out = find_out
        """Says whether it was carried out. Raises UncertainError while that cannot be told."""


class Attempt:
    """One write transaction, and whether it may still commit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given_up = False
        self._committing = False
        self.transaction_id: int | None = None
        """PostgreSQL's number for it, once it is about to commit; None where it changed nothing."""

    def give_up(self) -> bool:
        """Whether it is certain now that it never commits; else its commit has begun."""
        with self._lock:
            self._given_up = not self._committing
            return self._given_up

    def begin_commit(self) -> None:
        """Raises TooLateError when it was given up."""
        with self._lock:
            if self._given_up:
                raise TooLateError
            self._committing = True


def commit(session: Session, topics: Collection[str], attempt: Attempt) -> bool:
    """Commit, and let PostgreSQL tell other processes of the topics. Whether there was anything to keep.

    When the answer is lost, it is looked whether it was done. Raises UncertainError when that cannot be found out.
    """
    engine = session.get_bind().engine
    if engine.dialect.name == "postgresql":
        told = dict(enumerate(sorted(topics)))
        statement = text(_NUMBER + "".join(f"{_NOTIFY}{number})" for number in told))
        row = session.execute(statement, {f"topic_{number}": topic for number, topic in told.items()}).one()
        attempt.transaction_id = row[0]
        changed = row[0] is not None
    else:
        changed = has_changed(session.connection())
    attempt.begin_commit()
    with until_the_answer():
        try:
            session.commit()
        except DBAPIError as error:
            number = attempt.transaction_id
            # A server that still answers has said what it did.
            if number is None or not error.connection_invalidated:
                raise
            if not _find_out(engine, number, find_seconds_left(most=_PATIENCE_SECONDS)):
                raise
    return changed


def find_outcome(engine: Engine, attempt: Attempt, running: "Future[Any]") -> bool:
    """Whether an attempt that had begun to commit did. Raises UncertainError while that cannot be told."""
    if attempt.transaction_id is not None:
        return _find_out(engine, attempt.transaction_id, 0)
    if not running.done():
        raise UncertainError(partial(find_outcome, engine, attempt, running), None)
    return running.exception() is None


def find_outcome_of(engine: Engine, number: int) -> bool:
    """Whether the transaction of that number was committed. Raises UncertainError while that cannot be told."""
    return _find_out(engine, number, 0)


def _is_in_future(error: SQLAlchemyError) -> bool:
    """Whether the server has not come to that number yet: another one that took over before it was told of it."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _NO_SUCH_NUMBER


def _find_out(engine: Engine, number: int, seconds: float | None) -> bool:
    until = time.monotonic() + (seconds or 0)
    while True:
        try:
            with answer_within(_MOST_LOOK_SECONDS), engine.connect() as connection:
                status = connection.scalar(_STATUS, {"number": number})
                if status in ("committed", "aborted"):
                    return bool(status == "committed")
                connection.execute(_END_SESSION, {"number": number})
        except (DBAPIError, PoolTimeoutError) as error:
            if _is_in_future(error):
                return False
            # Otherwise it is away altogether.
        if time.monotonic() >= until:
            raise UncertainError(partial(_find_out, engine, number, 0), number)
        time.sleep(_LOOK_SECONDS)
