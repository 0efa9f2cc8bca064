"""What an organization has decided: the numbers and switches that rules read."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from desk.commands import UNPREFIXED, Naming
from storage.models import Scope


class Takeover(StrEnum):
    """What it takes to get the new secret of a key for which one was never approved."""

    REQUEST = "request"
    """A request, and the approvals that any key needs."""
    ANNOUNCE = "announce"
    """One owner's word; all owners are told at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An organization's decisions. `bot/settings.py` lists where each comes from, its default and its help."""

    owners: tuple[str, ...] = ()
    """Slack user ids that are made owners at the first start; empty: the workspace's own owners."""
    owners_channel: str | None = None
    """Slack channel id for requests and alerts; None: every owner by direct message."""
    match_emails: bool = False
    """Whether people are looked for at Slack by their e-mail addresses."""
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    base_url: str = "http://127.0.0.1:3000"
    """Where API clients reach Keydesk, without a trailing slash."""
    name_command: Naming = UNPREFIXED
    """What the commands are called where this desk's words are read."""
    named_upstream_keys: tuple[tuple[str, datetime | None], ...] = ()
    """The keys of a Statuspage elsewhere that settings name, with their ends."""
    own_secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """The SHA-256 of what the settings keep secret, as Slack's signing secret: nobody may write it anywhere."""
    default_role: str | None = "integrator"
    """What full members get without a grant; None: nothing."""

    offered_scopes: tuple[Scope, ...] = (
        Scope.READ,
        Scope.INCIDENTS_WRITE,
        Scope.MAINTENANCES_WRITE,
        Scope.COMPONENT_STATUS_WRITE,
        Scope.COMPONENTS_WRITE,
        Scope.PAGE_CONFIGURATION_WRITE,
        Scope.USERS_READ,
        Scope.USERS_WRITE,
        Scope.KEYS_READ,
        Scope.KEYS_WRITE,
        Scope.AUDIT_READ,
        Scope.DELIVERIES_WRITE,
    )
    """What can be asked for: the scopes behind which there is something. A program that serves another API says what
    that needs."""
    default_lifetime: timedelta = timedelta(days=90)
    maximum_lifetime: timedelta = timedelta(days=365)
    approvals_needed: int = 1
    sole_owner_may_approve_own: bool = False
    key_takeover: Takeover = Takeover.REQUEST
    request_expires_after: timedelta = timedelta(days=7)
    ticket_lapses_after: timedelta = timedelta(days=3)
    reminder_after: timedelta = timedelta(hours=4)
    """First reminder to owners; each further one waits twice as long."""
    working_hours: tuple[time, time] = (time(9), time(17))
    working_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    """Days of the week on which reminders go out, Monday is 0."""

    announcement_channel: str | None = None
    """Slack channel id in which incidents of pages have their threads that name no channel of their own."""
    update_due_after_critical: timedelta = timedelta(minutes=30)
    """An open incident of this impact without an update for so long: whoever spoke last is reminded."""
    update_due_after_major: timedelta = timedelta(hours=1)
    update_due_after_minor: timedelta = timedelta(hours=2)
    update_due_after_none: timedelta = timedelta(hours=4)
    keep_addresses: timedelta | None = timedelta(days=90)
    """How long it is kept from where a key was called last; None: for good."""
    forget_left_after: timedelta | None = None
    """How long after they left people are forgotten; None: when somebody says so."""
    keep_over: timedelta | None = timedelta(days=400)
    """How long is kept what is over: messages, decided drafts, digests, uses a day; None: for good."""
    draft_expires_after: timedelta = timedelta(days=7)
    """A draft that its author leaves as it is for so long is thrown away."""
    internal_hosts: tuple[str, ...] = ()
    """Patterns such as `*.corp.example` of hosts that no public text should name."""

    rotation_grace: timedelta = timedelta(hours=24)
    maximum_rotation_grace: timedelta = timedelta(days=30)
    recently_used: timedelta = timedelta(days=7)
    """Revoking a key that was used within this time is warned about."""

    group_sync_brake: float = 0.25
    """A reconcile that would take roles from more than this share of the people stops and asks an owner."""

    digest_channel: str | None = None
    """Slack channel id of the digest; None: where requests go."""
    digest_day: int = 0
    digest_time: time = time(9)
    never_used_after: timedelta = timedelta(days=1)
    """A key that was never used is listed once it is this old."""
    unused_after: timedelta = timedelta(days=30)
    in_use_within: timedelta = timedelta(days=182)
    """A key without a use for this long is out of use: the digest says to suspend it rather than to ask."""
    expiring_within: timedelta = timedelta(days=14)
    suspend_unused_after: timedelta | None = None
    """Unused for this long: suspend on an announced date; None: never."""
    revoke_suspended_after: timedelta | None = None
    """Suspended by policy for this long: revoke on a second announced date; None: never."""
