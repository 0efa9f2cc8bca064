"""Roles, scopes, jobs and audit events, in the order of the code."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import cast

from desk.audit.trail import Action
from desk.transaction import JobName
from docs.lists.marks import render_table, words_for
from storage.models import Role, Scope


def render_roles() -> str:
    """A table of roles."""
    return _table("roles", Role, ("role", "what it allows", "since"))


def render_scopes() -> str:
    """A table of scopes."""
    return _table("scopes", Scope, ("scope", "what it allows", "since"))


def render_jobs() -> str:
    """A table of jobs."""
    return _table("jobs", JobName, ("job", "what it does", "what it may", "since"))


def render_audit_events() -> str:
    """A table of audit events."""
    return _table("audit_events", Action, ("event", "subject", "what happened", "data", "since"))


def _table(about: str, names: type[StrEnum], head: Sequence[str]) -> str:
    cells = cast("Mapping[str, Sequence[str]]", words_for(map(str, names), about))
    return render_table(head, ((f"`{name}`", *cells[str(name)]) for name in names))
