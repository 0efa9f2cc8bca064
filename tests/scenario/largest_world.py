"""The largest world that limits and policy allow, in which every name and reason tries to be markup."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from desk.policy import Policy
from desk.reasons import MAXIMUM_KEY_NAME, MAXIMUM_REASON
from desk.requests.terms import MAX_PURPOSE
from storage.models import (
    ApiKey,
    Approval,
    Grant,
    KeyRequest,
    KeyStatus,
    KeyUseDay,
    Page,
    RequestStatus,
    Role,
    Scope,
    SubjectKind,
    Ticket,
    TicketStatus,
    UserGroup,
    UserGroupMember,
)
from tests.factories import MIA, OLIVIA, add_grant, add_key, add_member, add_page, add_request, add_ticket, add_use
from tests.policies import policy_of
from tests.scenario.slack_checks import STRANGER

LEAVER = "U1LEAVER001"
OWNERS = [f"U1OWNER{number:04}" for number in range(12)]
MEMBERS = [f"U1MEMBER{number:04}" for number in range(120)]
GROUPS = [f"S1GROUP{number:04}" for number in range(12)]
SCOPES = [str(scope) for scope in Scope]
CHANNEL = "C0OWNERS01"
NAME = 255
"""Characters of what is named in Slack or in a seed file: people, groups, pages."""

_SEEDS = (
    f"<!channel> <!here> <@U0{STRANGER}0001> <#C0{STRANGER}0001> <!subteam^S0{STRANGER}01> *b* _i_ ~s~ `c` @here "
    f"&lt; <https://{STRANGER}.example|click> https://{STRANGER}.example & ```d``` ",
    "&",
    "<>",
    "*`",
)


def longest(limit: int, flavour: int, *, lines: bool = False) -> str:
    """A text of exactly so many characters: full of markup, or of the signs that grow most when they are escaped."""
    seed = _SEEDS[flavour % len(_SEEDS)]
    if lines and flavour % 2:
        seed += "\n"
    return (seed * (limit // len(seed) + 1))[: limit - 1] + "x"


def largest_policy() -> Policy:
    """Ten approvals, every automatism, and a long address."""
    return policy_of(
        owners_channel=CHANNEL,
        base_url=f"https://{'keydesk-' * 25}.example",
        approvals_needed=10,
        default_lifetime=timedelta(days=30),
        never_used_after=timedelta(),
        suspend_unused_after=timedelta(days=60),
        revoke_suspended_after=timedelta(days=30),
    )


_STATUSES = [
    *[RequestStatus.PENDING] * 30,
    RequestStatus.DENIED,
    RequestStatus.WITHDRAWN,
    RequestStatus.EXPIRED,
    *[RequestStatus.APPROVED] * 9,
]
"""Of the requests; the tickets of the approved ones are of every status."""


class World:
    """What there is in it, by id, in the order in which it was made."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self.now = now
        self.pages = self._pages(32)
        self._people()
        self._groups()
        self.requests = self._requests()
        self.keys = self._keys()
        self.tickets = self._tickets()
        self.grants = self._grants()
        spare = add_key(session, now, name=longest(MAXIMUM_KEY_NAME, 0), scopes=SCOPES, pages=self.pages)
        self.spare_key = spare.id
        """A key that works and that nobody has touched."""

    def add_pages(self, session: Session, count: int) -> None:
        """More pages, to choose from."""
        self._session = session
        self.pages += self._pages(count)

    def _pages(self, count: int) -> list[str]:
        pages: list[Page] = []
        for number in range(count):
            subdomain = f"page-{count}-{number:03}-".ljust(60, "x")
            pages.append(add_page(self._session, self.now, name=longest(NAME, number), subdomain=subdomain))
        return [page.id for page in pages]

    def _people(self) -> None:
        for number, user_id in enumerate([*OWNERS, *MEMBERS, LEAVER]):
            add_member(self._session, user_id, self.now, name=longest(NAME, number), is_deleted=user_id == LEAVER)
        for owner in OWNERS:
            add_grant(self._session, owner, Role.OWNER, self.now)

    def _groups(self) -> None:
        for number, group_id in enumerate(GROUPS):
            handle = longest(NAME, number)
            self._session.add(UserGroup(group_id=group_id, handle=handle, name=handle, synced_at=self.now))
            self._session.flush()
            for user_id in [*MEMBERS, MIA, OLIVIA]:
                self._session.add(UserGroupMember(group_id=group_id, user_id=user_id))

    def _requests(self) -> list[str]:
        requests = []
        for number, status in enumerate(_STATUSES):
            values: dict[str, Any] = {
                "name": longest(MAXIMUM_KEY_NAME, number),
                "purpose": longest(MAX_PURPOSE, number, lines=number % 8 > 3),
                "requester_id": MIA if number % 3 else MEMBERS[number],
                "holder_id": MEMBERS[number],
                "scopes": SCOPES,
                "pages": None if number % 5 == 4 else self.pages,
                "lifetime_days": 365 if number % 2 else 364,
                "approvals_needed": 10,
            }
            if status is not RequestStatus.PENDING:
                values |= {"decided_at": self.now, "decided_by": f"member:{OLIVIA}", "status": status}
                values |= {"decision_reason": longest(MAXIMUM_REASON, number, lines=True)}
            request = add_request(self._session, self.now, **values)
            self._narrow_and_approve(request, number)
            requests.append(request.id)
        return requests

    def _narrow_and_approve(self, request: KeyRequest, number: int) -> None:
        if number % 4 < 3:
            request.granted_scopes, request.granted_lifetime_days = [SCOPES[-1]], 1
            request.granted_pages = self.pages[1:]
        request.reminders_sent = 99
        request.self_approved = number % 12 == 11
        for approver in OWNERS[:9] if request.status == RequestStatus.PENDING else OWNERS[:10]:
            self._session.add(Approval(request_id=request.id, approver_id=approver, created_at=self.now))

    def _keys(self) -> list[str]:
        holders = [*[LEAVER] * 300, *[MIA] * 40, *[OLIVIA] * 8, None, *MEMBERS[:60]]
        keys = []
        for number, holder_id in enumerate(holders):
            key = add_key(
                self._session,
                self.now - timedelta(days=120),
                name=longest(MAXIMUM_KEY_NAME, number),
                purpose=longest(MAX_PURPOSE, number, lines=True),
                scopes=SCOPES,
                pages=self.pages if number % 5 else None,
                holder_id=holder_id,
                request_id=self.requests[number % len(self.requests)],
                created_by=f"member:{OLIVIA}",
                expires_at=self.now + timedelta(days=1 + number % 30),
            )
            if number % 7:
                self._use(key, number)
            self._state(key, number)
            keys.append(key)
        for number in range(2, len(keys), 9):
            keys[number].predecessor_id = keys[number - 1].id
        return [key.id for key in keys]

    def _use(self, key: ApiKey, number: int) -> None:
        long_ago, address = self.now - timedelta(days=70 if number % 2 else 1), "2001:0db8:" * 6
        add_use(
            self._session,
            key,
            last_used_at=long_ago,
            last_read_at=long_ago,
            last_refused_at=self.now,
            last_address=address,
            last_user_agent=longest(255, number),
            reads=10**15,
            refused=10**15,
        )
        for day in range(30):
            self._session.add(KeyUseDay(key_id=key.id, day=self.now.date() - timedelta(days=day), reads=10**9 + day))

    def _state(self, key: ApiKey, number: int) -> None:
        reason, by = longest(MAXIMUM_REASON, number, lines=number % 8 > 3), f"operator:{longest(50, number)}"
        if number % 6 == 1:
            key.status, key.suspended_at, key.suspended_by = KeyStatus.SUSPENDED, self.now, by
            key.suspend_reason = reason
        elif number % 12 == 2:
            key.status, key.revoked_at, key.revoked_by, key.revoke_reason = KeyStatus.REVOKED, self.now, by, reason
        elif number % 12 == 8:
            key.retires_at = self.now + timedelta(days=1)
        elif number % 12 == 3:
            key.expires_at = self.now
        if number % 4:
            key.kept_until, key.kept_by, key.keep_reason = self.now + timedelta(days=90), by, reason

    def _tickets(self) -> list[str]:
        tickets: list[Ticket] = []
        states = [TicketStatus.WAITING, TicketStatus.COLLECTED, TicketStatus.LAPSED, TicketStatus.WITHDRAWN]
        for number, request_id in enumerate(self.requests[33:]):
            tickets.append(self._ticket(number, states[number % 4], request_id=request_id))
        for number, key_id in enumerate(self.keys[300:324]):
            tickets.append(self._ticket(number, states[number % 4], predecessor_id=key_id, grace_seconds=2_592_000))
        return [ticket.id for ticket in tickets]

    def _ticket(self, number: int, status: TicketStatus, **of: str | int) -> Ticket:
        ticket = add_ticket(self._session, self.now, status=status, **of)
        if status is TicketStatus.COLLECTED:
            ticket.collected_at, ticket.key_id = self.now, self.keys[number]
        elif status is TicketStatus.WITHDRAWN:
            ticket.end_reason = longest(MAXIMUM_REASON, number, lines=True)
        return ticket

    def _grants(self) -> list[str]:
        grants: list[Grant] = []
        roles = [role for role in Role if role is not Role.OWNER]
        for number in range(300):
            group = number % 3 == 0
            subject = GROUPS[number // 25] if group else [MIA, OLIVIA, *MEMBERS][number // 12]
            grants.append(
                add_grant(
                    self._session,
                    subject,
                    roles[number % 4],
                    self.now,
                    subject_kind=SubjectKind.GROUP if group else SubjectKind.USER,
                    page_id=self.pages[number % len(self.pages)],
                    reason=longest(MAXIMUM_REASON, number, lines=True),
                    created_by=f"operator:{longest(50, number)}",
                    expires_at=self.now + timedelta(days=number) if number % 5 else None,
                )
            )
        return [grant.id for grant in grants]
