"""Grants and revocations as people say them, in Slack or on the command line: names looked up, times computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.key_powers import has_power
from desk.moments.instants import parse_end
from desk.pages.pages import get_page_by_word, has_several_pages, list_pages
from desk.people import Standing, Subject, SubjectWord, get_subject, standing_of, zone_of
from desk.permissions import ask_an_owner, is_insider, roles_of_actor
from desk.roles.lists import Holder, ListedGrant, list_grants, list_holders
from desk.roles.roles import AnyPage, Granted, GrantOutcome, PageChoice, grant_role, revoke_role
from desk.transaction import Transaction
from storage.models import Grant, Member, Page, Role, Scope, SubjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantOrder:
    """A wish to grant, as it was said."""

    subject: SubjectWord
    role: Role
    page: PageChoice = None
    """A page's id, short name or name; None: all pages. `AnyPage.ANY`: nobody said, and it is asked about."""
    ends: str | None = None
    """A span (`8h`) or a date (`2026-12-01`); None: for good."""
    reason: str = ""
    sure: bool = False
    """Whether whoever says it was asked already, where that is worth a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeOrder:
    """A wish to revoke, as it was said. The page is left open when only one grant can be meant."""

    subject: SubjectWord
    role: Role
    page: PageChoice = AnyPage.ANY
    sure: bool = False
    """Whether whoever says it was asked already, where that is worth a question."""


class UnsureError(ConflictError):
    """What was said can be done, and changes who the owners are: it is done when it is said to be meant."""


class WhichPageError(ConflictError):
    """What was said can be done, and nobody said on which of several pages: it is done when that is said."""

    def __init__(self, subject: Subject, pages: Sequence[Page]) -> None:
        super().__init__(f"On which page is {subject.name} to have it?", "On one of them, or on all.")
        self.subject = subject
        self.pages = tuple((page.id, page.name) for page in pages)
        """Their ids and names, by name."""


def grant_as_said(tx: Transaction, order: GrantOrder) -> tuple[Subject, Granted]:
    """Find whom, where and until when, and grant. Raises as `get_subject`, `parse_end` and `grant_role`,
    UnsureError before a whole group becomes owner, and WhichPageError where several pages may be meant."""
    subject = get_subject(tx.session, order.subject)
    granted = grant_role(
        tx,
        subject,
        order.role,
        page_id=None if isinstance(order.page, AnyPage) else _page_id(tx, order.page),
        expires_at=end_of(tx, order.ends) if order.ends else None,
        reason=order.reason,
    )
    # Asked when all else is right, and undone with what the question interrupts.
    is_open = isinstance(order.page, AnyPage) and order.role != Role.OWNER
    if is_open and granted.outcome is not GrantOutcome.UNCHANGED and has_several_pages(tx.session):
        raise WhichPageError(subject, list_pages(tx.session))
    is_worth_asking = order.role == Role.OWNER and subject.kind == SubjectKind.GROUP
    if is_worth_asking and granted.outcome is GrantOutcome.GRANTED and not order.sure:
        raise UnsureError(
            f"Everybody in {subject.name} becomes owner, and so does whoever joins it later.",
            "Owners decide requests, grant roles and may do everything else. All owners are told.",
        )
    return subject, granted


def revoke_as_said(tx: Transaction, order: RevokeOrder) -> tuple[Subject, Grant, list[ListedGrant]]:
    """Find whom and where, and revoke. Also gives the grants by which they still have the role.

    Raises as `revoke_role`, and UnsureError before an ownership ends and not one grant of it.
    """
    subject = get_subject(tx.session, order.subject)
    page = order.page if order.page is None or isinstance(order.page, AnyPage) else _page_id(tx, order.page)
    grant = revoke_role(tx, subject, order.role, page)
    remaining = list_remaining(tx, subject, order.role)
    if order.role == Role.OWNER and not order.sure and not remaining:
        own = subject.kind == SubjectKind.USER and subject.id == tx.actor.user_id
        ends = "This ends your own ownership." if own else f"This ends the ownership of {subject.name}."
        raise UnsureError(ends, "Only an owner can give it back. All owners are told.")
    return subject, grant, remaining


def list_remaining(tx: Transaction, subject: Subject, role: Role) -> list[ListedGrant]:
    """The open grants by which somebody has a role, their groups' included."""
    return [item for item in list_grants(tx, subject=subject) if item.grant.role == role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list of grants shows, and to whom."""

    subject: Subject | None
    """Whose grants; None: everybody's."""
    standing: Standing | None
    """What the person is; None for groups and for everybody."""
    page_id: str | None
    page_name: str | None
    grants: tuple[ListedGrant, ...]
    may_change: bool
    """Whether the reader is an owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who has a role, anywhere or on one page."""

    role: Role
    page_id: str | None
    page_name: str | None
    holders: tuple[Holder, ...]


def list_as_said(tx: Transaction, subject: SubjectWord | None, page: str | None) -> Listing:
    """Grants of everybody or of one person or group, on all pages or on one. Full members may look."""
    _require_member(tx)
    found = get_subject(tx.session, subject) if subject else None
    place = get_page(tx, page)
    member = tx.session.get(Member, found.id) if found else None
    return Listing(
        subject=found,
        standing=standing_of(member) if member else None,
        page_id=place.id if place else None,
        page_name=place.name if place else None,
        grants=tuple(list_grants(tx, subject=found, page_id=place.id if place else None)),
        may_change=roles_of_actor(tx).is_owner,
    )


def who_as_said(tx: Transaction, role: Role, page: str | None) -> Holders:
    """Who has a role, anywhere or on one page. Full members may look."""
    _require_member(tx)
    place = get_page(tx, page)
    page_id = place.id if place else None
    return Holders(
        role=role,
        page_id=page_id,
        page_name=place.name if place else None,
        holders=tuple(list_holders(tx, role, page_id)),
    )


def _require_member(tx: Transaction) -> None:
    if not is_insider(tx) and not has_power(tx, Scope.USERS_READ):
        raise NotAllowedError("Roles are for full members of the workspace.", ask_an_owner(tx))


def end_of(tx: Transaction, text: str) -> datetime:
    """The instant that somebody means, in their own time zone. Raises InvalidInputError (field `ends`)."""
    return parse_end(text, now=tx.now, zone=zone_of(tx))


def get_page(tx: Transaction, word: str | None) -> Page | None:
    """The page that somebody means; None for all. Raises InvalidInputError (field `page`)."""
    if word is None:
        return None
    try:
        return get_page_by_word(tx.session, word)
    except InvalidInputError as error:
        raise InvalidInputError(error.sentence, error.hint, field="page") from None


def _page_id(tx: Transaction, word: str | None) -> str | None:
    page = get_page(tx, word)
    return page.id if page else None
