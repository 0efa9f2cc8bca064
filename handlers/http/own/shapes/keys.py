"""API keys, requests for them, and the digest."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from desk.keys.details import KeyDetails, ShownKey
from desk.keys.lookup import KeyView
from handlers.http.own.shapes.base import Given, Instant, Paged, Shape, Versioned, Words
from storage.models import AuditEvent, KeyUse, Ticket


class Use(Shape):
    """When, from where and how a key was used."""

    first_used_at: Instant | None
    last_used_at: Instant | None
    last_read_at: Instant | None
    last_write_at: Instant | None
    last_refused_at: Instant | None
    last_address: str | None
    last_user_agent: str | None
    reads: int
    writes: int
    failed: int = Field(description="Calls that the resource answered with an error.")
    refused: int = Field(description="Calls that Keydesk itself refused, which are no use.")


class Key(Shape):
    """An API key. Its secret is nowhere."""

    id: str
    version: int
    name: str
    purpose: str
    start: str = Field(description="The first characters of its secret.")
    state: str = Field(description="`active`, `suspended`, `expired` or `revoked`.")
    retiring: bool = Field(description="It was replaced, and works on for its grace period.")
    scopes: Sequence[str]
    pages: Sequence[str] | None = Field(description="Page ids; null: all pages, those to come included.")
    components: Sequence[str] | None = Field(description="Ids of those that it may change; null: any on its pages.")
    networks: Sequence[str] | None = Field(description="Where it is called from, as CIDR; null: anywhere.")
    holder_id: str | None = Field(description="The Slack id of whoever answers for it.")
    holder_has_left: bool
    created_at: Instant
    expires_at: Instant
    retires_at: Instant | None
    suspended_at: Instant | None
    suspended_by: str | None
    suspend_reason: str | None
    revoked_at: Instant | None
    revoked_by: str | None
    revoke_reason: str | None
    kept_until: Instant | None
    kept_by: str | None
    keep_reason: str | None
    request_id: str | None
    predecessor_id: str | None
    use: Use | None = Field(description="null: nothing ever called with it.")
    may: Sequence[str] = Field(description="What the key that asks may do to it now.")


class Event(Shape):
    """Something that the audit trail has recorded."""

    seq: int
    at: Instant
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    data: Mapping[str, Any]
    hash: str = Field(description="Over the event and the hash before it.")


class Rotation(Shape):
    """A new key waits to be collected in Slack, in the place of one that there is."""

    id: str
    collector_id: str = Field(description="The Slack id of the one person who can collect it.")
    expires_at: Instant
    grace_seconds: int | None = Field(description="How long the old key works on, once the new one was collected.")


class KeyInDetail(Key):
    """Everything about one key."""

    daily: Sequence[int] = Field(description="Uses a day (UTC) over the last 30 days, the newest last.")
    approvers: Sequence[str]
    successor_id: str | None
    rotation: Rotation | None
    history: Sequence[Event] = Field(description="The last ten things that happened to it, the newest first.")


class KeysAsked(Paged):
    """Which keys."""

    view: KeyView = Field(KeyView.LIVE, description="`live` is everything but the revoked.")
    holder_id: str | None = Field(None, max_length=32, description="Only those that this person answers for.")
    page_id: str | None = Field(None, max_length=12, description="Only those for this page.")
    q: str = Field("", max_length=200, description="Only those with this in name, purpose or start.")


class Named(Versioned):
    """A new name."""

    name: Words


class Reasoned(Versioned):
    """A reason, which people are shown and the audit trail keeps."""

    reason: Words


class Revoked(Reasoned):
    """A reason, and whether it is meant of a key that is in use."""

    confirmed: bool = Field(False, description="Also if something used the key lately.")


class Extended(Versioned):
    """An end."""

    until: Words = Field(description="A span from when it expires, as `90d`, or a date, as `2026-12-31`.")


class Kept(Reasoned):
    """Until when, and why."""

    until: Words = Field(description="A span from now, as `90d`, or a date, as `2026-12-31`.")


class MoreTime(Given):
    """Until when a key should live, and why."""

    until: Words = Field(description="A span from when it expires, as `90d`, or a date, as `2026-12-31`.")
    reason: Words


class Rotated(Versioned):
    """How long the old key works on."""

    grace: Words | None = Field(None, description="As `48h` or `7d`; null: as policy says.")


class Transferred(Versioned):
    """To whom."""

    to: Words = Field(description="The Slack id, name or handle of a full member.")


class Me(Shape):
    """The key that asks."""

    id: str
    name: str
    scopes: Sequence[str]
    pages: Sequence[str] | None
    components: Sequence[str] | None = Field(description="Ids of those that it may change; null: any on its pages.")
    networks: Sequence[str] | None = Field(description="Where it is called from, as CIDR; null: anywhere.")
    holder_id: str | None
    expires_at: Instant


class Info(Shape):
    """What one has to know to ask for a key and to use it."""

    organization_id: str
    organization: str
    base_url: str
    pages: Mapping[str, str] = Field(description="Names by id.")
    owners: Sequence[str]
    scopes: Sequence[str] = Field(description="What can be asked for.")
    approvals_needed: int
    default_lifetime_days: int
    maximum_lifetime_days: int


def key_of(shown: ShownKey) -> Key:
    """A key as its reader may see it."""
    return Key(**_key_fields(shown))


def _key_fields(shown: ShownKey) -> dict[str, Any]:
    key = shown.key
    own = {name: getattr(key, name) for name in Key.model_fields if hasattr(key, name)}
    return own | {
        "state": str(shown.state),
        "retiring": shown.retiring,
        "holder_has_left": shown.holder_has_left,
        "use": use_of(shown.use),
        "may": sorted(str(change) for change in shown.allowed),
    }


def use_of(use: KeyUse | None) -> Use | None:
    """The marks of a key's use."""
    return None if use is None else Use(**{name: getattr(use, name) for name in Use.model_fields})


def details_of(details: KeyDetails) -> KeyInDetail:
    """Everything about one key."""
    return KeyInDetail(
        **_key_fields(details.shown),
        daily=details.daily,
        approvers=details.approvers,
        successor_id=details.successor.id if details.successor else None,
        rotation=rotation_of(details.waiting) if details.waiting else None,
        history=[event_of(event) for event in details.history],
    )


def rotation_of(ticket: Ticket) -> Rotation:
    """A rotation that was begun."""
    return Rotation(**{name: getattr(ticket, name) for name in Rotation.model_fields})


def event_of(event: AuditEvent) -> Event:
    """An audit event."""
    return Event(**{name: getattr(event, name) for name in Event.model_fields})
