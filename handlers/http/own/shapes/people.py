"""Roles: who has which, and who gives and takes them."""

from collections.abc import Sequence

from pydantic import Field

from desk.roles.lists import Holder, ListedGrant
from desk.roles.roles import Granted
from handlers.http.own.shapes.base import Given, Instant, Paged, Query, Shape, Words
from storage.models import Role


class Grant(Shape):
    """A role that somebody was given."""

    id: str
    role: str
    subject_kind: str = Field(description="`user` or `group`.")
    subject_id: str
    subject_name: str
    page_id: str | None = Field(description="null: on all pages.")
    created_at: Instant
    created_by: str
    expires_at: Instant | None = Field(description="null: for good.")
    reason: str | None


class GrantsAsked(Paged):
    """Whose grants, and where."""

    of: str | None = Field(
        None, max_length=255, description="Those that reach this person or group: an id or a name."
    )
    page_id: str | None = Field(None, max_length=255, description="Those that hold on this page.")


class HoldersAsked(Query):
    """Where."""

    page_id: str | None = Field(None, max_length=255, description="Those who have it on this page.")


class RoleHolder(Shape):
    """A person who has a role, and by which grants."""

    user_id: str
    name: str
    grants: Sequence[Grant]


class RoleHolders(Shape):
    """Everybody who was granted a role."""

    items: Sequence[RoleHolder]


class GrantWanted(Given):
    """Who is to have which role."""

    subject: Words = Field(description="A person or group: the Slack id, the name or the handle.")
    role: Role
    page_id: Words | None = Field(None, description="null: on all pages.")
    until: Words | None = Field(None, description="A span from now, as `8h`, or a date; null: for good.")
    reason: str = ""


class RevocationWanted(Given):
    """Who is to have which role no more."""

    subject: Words = Field(description="A person or group: the Slack id, the name or the handle.")
    role: Role
    page_id: str | None = Field(None, description="Of which page's grant; null: of the only one that there is.")
    everywhere: bool = Field(False, description="It is the grant on all pages that is meant.")


class GrantMade(Shape):
    """The grant that holds now."""

    outcome: str = Field(description="`granted`, `changed` (it has another end now) or `unchanged`.")
    grant: Grant


class Sync(Shape):
    """A reading of Slack's directory that was asked for."""

    id: str
    status: str


def grant_of(listed: ListedGrant) -> Grant:
    """A grant, with the name of whom it is for."""
    grant = listed.grant
    return Grant(
        id=grant.id,
        role=str(grant.role),
        subject_kind=str(grant.subject_kind),
        subject_id=grant.subject_id,
        subject_name=listed.subject.name,
        page_id=grant.page_id,
        created_at=grant.created_at,
        created_by=grant.created_by,
        expires_at=grant.expires_at,
        reason=grant.reason,
    )


def role_holder_of(holder: Holder) -> RoleHolder:
    """A person who has a role."""
    grants = [grant_of(source) for source in holder.sources]
    return RoleHolder(user_id=holder.user_id, name=holder.name, grants=grants)


def made_of(granted: Granted, listed: ListedGrant) -> GrantMade:
    """What became of a wish to grant."""
    return GrantMade(outcome=str(granted.outcome), grant=grant_of(listed))
