"""Locks that queue writers whose rules look at more than one row."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_PEOPLE = 7_036_922
_ORGANIZATIONS = 7_036_923


def lock_people(session: Session) -> None:
    """Let one transaction at a time change people, groups and grants; the lock ends with the transaction.

    Two owners who revoke each other at once would otherwise both see the other one still there. SQLite's writers
    queue anyway; on PostgreSQL this is an advisory lock. Take it before reading anything that the rule looks at.
    """
    _lock(session, _PEOPLE)


def lock_organizations(session: Session) -> None:
    """Let one transaction at a time begin an organization: replicas that start together begin one, not two."""
    _lock(session, _ORGANIZATIONS)


def _lock(session: Session, key: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
