"""Locks that queue writers whose rules look at more than one row, and what is read again where there was no lock."""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

T = TypeVar("T")
_PEOPLE = 7_036_922
_ORGANIZATIONS = 7_036_923
_RELIED_ON = "relied_on"
_PEOPLE_STAY = "people_stay"
ONLY_READS = "only_reads"
"""Of a session: nothing that is changed in it is kept."""


def lock_people(session: Session) -> None:
    """Let one transaction at a time change people, groups and grants; the lock ends with the transaction.

    Two owners who revoke each other at once would otherwise both see the other one still there. SQLite's writers
    queue anyway; on PostgreSQL this is an advisory lock. Take it before reading anything that the rule looks at.
    """
    _lock(session, _PEOPLE)
    session.info[_PEOPLE_STAY] = True


def rely_on(session: Session, what: Hashable, read: Callable[[], T]) -> T:
    """What `read` gives, and `still_holds` reads again. It must ask the database, not the session's memory.

    One that only reads asks once: it shows what somebody might see at one instant.
    """
    relied_on = session.info.setdefault(_RELIED_ON, {})
    if what in relied_on and session.info.get(ONLY_READS):
        return cast(T, relied_on[what][1])
    found = read()
    relied_on.setdefault(what, (read, found))
    return found


def stop_relying(session: Session, what: Hashable) -> None:
    """What is relied on so far is not read again: this transaction has it locked, and changes it itself."""
    session.info.get(_RELIED_ON, {}).pop(what, None)


def still_holds(session: Session) -> bool:
    """Whether what this transaction relied on is so still, now that it has waited for whatever it had to wait for.

    On PostgreSQL somebody may have taken a role away meanwhile. On SQLite writers queue before they read anything,
    and whoever holds the lock on people read after it.
    """
    if session.info.get(_PEOPLE_STAY) or session.get_bind().dialect.name != "postgresql":
        return True
    return all(read() == found for read, found in session.info.get(_RELIED_ON, {}).values())


_COLLISIONS = frozenset({"40001", "40P01"})
"""`serialization_failure` and `deadlock_detected`."""


def is_collision(error: DBAPIError) -> bool:
    """Whether PostgreSQL ended a transaction because it and another one waited for each other."""
    return getattr(error.orig, "sqlstate", None) in _COLLISIONS


def lock_organizations(session: Session) -> None:
    """Let one transaction at a time begin an organization: replicas that start together begin one, not two."""
    _lock(session, _ORGANIZATIONS)


def _lock(session: Session, key: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
