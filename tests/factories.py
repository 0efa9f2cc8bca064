"""Rows for tests, each with believable defaults that a test overrides by name."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from desk.identifiers import new_id
from desk.pages.pages import find_organization, name_organization
from desk.secret import Secret
from storage.models import (
    ApiKey,
    Component,
    Grant,
    KeyRequest,
    KeyUse,
    Member,
    Page,
    Role,
    SubjectKind,
    Ticket,
)

OLIVIA, OMAR, MIA, MAX, INES, GUS = "U0OLIVIA01", "U0OMAR0001", "U0MIA00001", "U0MAX00001", "U0INES0001", "U0GUS00001"
"""People of the sandbox's workspace: two owners, three members, a guest."""
TEAM = "T0SANDBOX01"


def make_member(user_id: str, now: datetime, **values: Any) -> Member:
    """A full member, unless told otherwise, whom nobody has added yet."""
    name = values.pop("name", user_id)
    return Member(
        user_id=user_id, team_id=values.pop("team_id", TEAM), name=name, handle=name.lower(), synced_at=now, **values
    )


def add_member(session: Session, user_id: str, now: datetime, **values: Any) -> Member:
    """A full member, unless told otherwise."""
    member = make_member(user_id, now, **values)
    session.add(member)
    session.flush()
    return member


def add_owner(session: Session, user_id: str, now: datetime, **values: Any) -> Member:
    """A full member who is an owner."""
    member = add_member(session, user_id, now, **values)
    add_grant(session, user_id, Role.OWNER, now)
    return member


def add_grant(session: Session, subject_id: str, role: Role, now: datetime, **values: Any) -> Grant:
    """A grant to a user for good on all pages, unless told otherwise."""
    defaults = {"subject_kind": SubjectKind.USER, "created_by": "operator:test", "created_at": now}
    grant = Grant(id=new_id(), role=role, subject_id=subject_id, **(defaults | values))
    session.add(grant)
    session.flush()
    return grant


def add_page(session: Session, now: datetime, **values: Any) -> Page:
    """A page named Acme in an organization that is called the same, where it has no other name."""
    if find_organization(session) is None:
        name_organization(session, "Acme").slack_team_id = TEAM
    defaults = {"id": new_id(), "name": "Acme", "subdomain": "acme", "created_at": now, "updated_at": now}
    page = Page(**(defaults | values))
    session.add(page)
    session.flush()
    return page


def add_component(session: Session, page: Page, now: datetime, **values: Any) -> Component:
    """An operational component of the page, in no group."""
    defaults = {"name": "Website", "position": 1, "created_at": now, "updated_at": now}
    component = Component(id=new_id(), page_id=page.id, **(defaults | values))
    session.add(component)
    session.flush()
    return component


def add_key(session: Session, now: datetime, **values: Any) -> ApiKey:
    """An active key that reads all pages, made now for 90 days, held by Mia, its secret thrown away."""
    secret = Secret.generate()
    defaults = {
        "id": new_id(),
        "name": "terraform prod",
        "purpose": "Terraform",
        "sha256": secret.sha256,
        "start": secret.start,
        "scopes": ["read"],
        "pages": None,
        "holder_id": MIA,
        "created_at": now,
        "created_by": f"member:{MIA}",
        "revealed_at": now,
        "expires_at": now + timedelta(days=90),
    }
    key = ApiKey(**(defaults | values))
    session.add(key)
    session.flush()
    return key


def add_use(session: Session, key: ApiKey, **values: Any) -> KeyUse:
    """The marks of a key's use; without values, a key that was never used."""
    use = KeyUse(key_id=key.id, **values)
    session.add(use)
    session.flush()
    return use


def add_request(session: Session, now: datetime, **values: Any) -> KeyRequest:
    """A pending request of Mia's for a reading key."""
    defaults = {
        "requester_id": MIA,
        "holder_id": MIA,
        "name": "terraform prod",
        "purpose": "Terraform",
        "scopes": ["read"],
        "pages": None,
        "lifetime_days": 90,
        "created_at": now,
        "expires_at": now + timedelta(days=7),
    }
    request = KeyRequest(id=new_id(), **(defaults | values))
    session.add(request)
    session.flush()
    return request


def add_ticket(session: Session, now: datetime, **values: Any) -> Ticket:
    """A ticket of Mia's that waits for three days."""
    defaults = {
        "collector_id": MIA,
        "created_at": now,
        "created_by": f"member:{OLIVIA}",
        "expires_at": now + timedelta(days=3),
    }
    ticket = Ticket(id=new_id(), **(defaults | values))
    session.add(ticket)
    session.flush()
    return ticket
