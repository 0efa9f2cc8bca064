"""Uses of keys: noted in memory as they happen, written down in batches.

A kill loses the marks since the last flush, about a second's worth by default. It never loses a key, a decision
or an audit event: those are committed before anybody sees them.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache, partial

import structlog

from desk.errors import UnknownOutcomeError
from desk.masking import mask
from desk.permissions import Duty, require_duty
from desk.transaction import Actor, Desk, Transaction
from storage.uses import UseMark, add_uses, added, in_chunks

_log = structlog.get_logger(__name__)

MAX_MARKS = 100_000
"""How many marks are kept while the database cannot be reached; later ones are counted as lost."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_MAX_USER_AGENT = 255
_MAX_PRESENTED = 4096
"""Bytes of a user agent that are kept until it is written down."""
_MAX_ADDRESS = 64


class UseKind(StrEnum):
    """What a call was for or, when Keydesk itself turned it away, that."""

    READ = "read"
    WRITE = "write"
    REFUSED = "refused"


_READ, _REFUSED = UseKind.READ, UseKind.REFUSED


@dataclass(frozen=True, slots=True)
class SuspendedUse:
    """A call with a suspended key."""

    key_id: str
    version: int
    """The key's version, as it was when the call was refused."""
    at: datetime
    address: str | None
    user_agent: str | None


class _Growing(UseMark):
    """A mark that calls are still added to."""

    __slots__ = ("user_agent",)
    user_agent: bytes | None
    """The last caller's, as it was sent: cleaned once, not for every call."""


class UseLog:
    """Uses that are not written down yet. `note` may be called from any thread and costs the same for any number."""

    def __init__(self, *, max_marks: int = MAX_MARKS) -> None:
        self._max_marks = max_marks
        self._growing: dict[tuple[str, date], _Growing] = {}
        self._waiting: dict[tuple[str, date], UseMark] = {}
        self._in_hand: tuple[Mapping[tuple[str, date], UseMark], ...] = ()
        self._lock = threading.Lock()
        self._lost = 0
        self._doubted: list[tuple[Sequence[UseMark], Callable[[], bool]]] = []

    def note(
        self,
        key_id: str,
        kind: UseKind,
        at: datetime,
        address: str | None,
        user_agent: bytes | None,
        *,
        failed: bool = False,
    ) -> None:
        """Remember one call; `failed`: it was answered with an error. The address and user agent are kept of uses,
        and so not of what was refused."""
        place = (key_id, at.date())
        with self._lock:
            counts = self._growing.get(place)
            if counts is None:
                if len(self._growing) + len(self._waiting) >= self._max_marks and place not in self._waiting:
                    self._lost += 1
                    return
                counts = self._growing[place] = _Growing(*place)
                counts.user_agent = None
            if kind is _REFUSED:
                counts.refused += 1
                counts.last_refused_at = at
                return
            if kind is _READ:
                counts.reads += not failed
                counts.last_read_at = at
            else:
                counts.writes += not failed
                counts.last_write_at = at
            if failed:
                counts.failed += 1
                counts.last_failed_at = at
            if counts.first_used_at is None:
                counts.first_used_at = at
            counts.last_used_at = at
            counts.last_address = address
            counts.user_agent = user_agent and user_agent[:_MAX_PRESENTED]

    def take(self) -> Sequence[UseMark]:
        """Everything noted so far, which the caller now answers for: write it down, or give it back; and `let_go`."""
        with self._lock:
            growing, self._growing = self._growing, {}
            waiting, self._waiting = self._waiting, {}
            self._in_hand = growing, waiting
        taken = {**waiting}
        for mark in growing.values():
            mark.last_address = clean_address(mark.last_address)
            mark.last_user_agent = clean_user_agent(mark.user_agent)
            _add(taken, mark)
        return list(taken.values())

    def count_kept(self) -> tuple[int, int]:
        """How many marks wait to be written, one for each key and day, and how many uses are lost so far."""
        with self._lock:
            doubted = sum(len(marks) for marks, _ in self._doubted)
            places = set[tuple[str, date]]().union(self._growing, self._waiting, *self._in_hand)
            return len(places) + doubted, self._lost

    def take_lost(self) -> int:
        """How many uses could not be kept since this was asked last."""
        with self._lock:
            lost, self._lost = self._lost, 0
        return lost

    def let_go(self) -> None:
        """What was taken last is written down, waits again or is in doubt."""
        with self._lock:
            self._in_hand = ()

    def give_back(self, marks: Sequence[UseMark]) -> None:
        """Keep marks that could not be written, for the next `take`."""
        with self._lock:
            newer, self._waiting = self._waiting, {(mark.key_id, mark.day): mark for mark in marks}
            for mark in newer.values():
                _add(self._waiting, mark)

    def doubt(self, marks: Sequence[UseMark], find_out: Callable[[], bool]) -> None:
        """Keep marks apart of which nobody knows whether they were written, until that is found out."""
        self._doubted.append((marks, find_out))

    def settle(self) -> None:
        """Find out what became of marks in doubt; what was not written waits again. Raises while nobody knows."""
        while self._doubted:
            marks, find_out = self._doubted[0]
            written = find_out()
            del self._doubted[0]
            if not written:
                self.give_back(marks)


def _add(marks: dict[tuple[str, date], UseMark], mark: UseMark) -> None:
    place = (mark.key_id, mark.day)
    before = marks.get(place)
    marks[place] = mark if before is None else added(before, mark)


# Thousands of calls come from a handful of clients.
@lru_cache(maxsize=1024)
def clean_user_agent(presented: bytes | None) -> str | None:
    """A user agent that can be stored and shown: up to 255 characters, none of them control characters or of a
    secret."""
    if presented is None:
        return None
    return mask(_CONTROL.sub("", presented.decode("utf-8", "replace")).strip())[:_MAX_USER_AGENT] or None


def clean_address(address: str | None) -> str | None:
    """An address as it is stored: up to 64 characters."""
    return address[:_MAX_ADDRESS] if address else None


def note_uses(tx: Transaction, marks: Sequence[UseMark]) -> None:
    """Add marks to what is written down. For who sees how keys are used. Raises NotAllowedError."""
    require_duty(tx, Duty.USES)
    add_uses(tx.session, marks)


def flush_uses(desk: Desk, actor: Actor, log: UseLog) -> int:
    """Write down what the log holds, in short transactions, and give the number of marks written.

    What cannot be written goes back into the log. Raises what `note_uses` or the database raised.
    """
    log.settle()
    marks = log.take()
    written = 0
    try:
        for chunk in in_chunks(marks):
            try:
                desk.write_now(actor, partial(note_uses, marks=chunk))
            except UnknownOutcomeError as error:
                written += len(chunk)
                log.doubt(chunk, error.find_out)
                raise
            written += len(chunk)
    finally:
        if written < len(marks):
            ordered = [mark for chunk in in_chunks(marks) for mark in chunk]
            log.give_back(ordered[written:])
        log.let_go()
    return written
