"""Grants and revocations as people say them, in Slack or on the command line: names looked up, times computed."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from desk.durations import parse_end
from desk.errors import InvalidInputError
from desk.pages import get_page_by_word
from desk.people import Subject, SubjectWord, get_subject
from desk.role_lists import Holder, ListedGrant, list_grants, list_holders
from desk.roles import AnyPage, Granted, PageChoice, grant_role, revoke_role
from desk.transaction import Transaction
from storage.models import Grant, Member, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantOrder:
    """A wish to grant, as it was said."""

    subject: SubjectWord
    role: Role
    page: str | None = None
    """A page's id, short name or name; None: all pages."""
    ends: str | None = None
    """A span (`8h`) or a date (`2026-12-01`); None: for good."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeOrder:
    """A wish to revoke, as it was said. The page is left open when only one grant can be meant."""

    subject: SubjectWord
    role: Role
    page: PageChoice = AnyPage.ANY


def grant_as_said(tx: Transaction, order: GrantOrder) -> tuple[Subject, Granted]:
    """Find whom, where and until when, and grant. Raises as `get_subject`, `parse_end` and `grant_role`."""
    subject = get_subject(tx.session, order.subject)
    granted = grant_role(
        tx,
        subject,
        order.role,
        page_id=_page_id(tx, order.page),
        expires_at=end_of(tx, order.ends) if order.ends else None,
        reason=order.reason,
    )
    return subject, granted


def revoke_as_said(tx: Transaction, order: RevokeOrder) -> tuple[Subject, Grant, list[ListedGrant]]:
    """Find whom and where, and revoke. Also gives the grants by which they still have the role."""
    subject = get_subject(tx.session, order.subject)
    page = order.page if order.page is None or isinstance(order.page, AnyPage) else _page_id(tx, order.page)
    grant = revoke_role(tx, subject, order.role, page)
    return subject, grant, list_remaining(tx, subject, order.role)


def list_remaining(tx: Transaction, subject: Subject, role: Role) -> list[ListedGrant]:
    """The open grants by which somebody has a role, their groups' included."""
    return [item for item in list_grants(tx, subject=subject) if item.grant.role == role]


def list_as_said(
    tx: Transaction, subject: SubjectWord | None, page: str | None
) -> tuple[Subject | None, list[ListedGrant]]:
    """Grants of everybody or of one person or group, on all pages or on one."""
    found = get_subject(tx.session, subject) if subject else None
    return found, list(list_grants(tx, subject=found, page_id=_page_id(tx, page)))


def who_as_said(tx: Transaction, role: Role, page: str | None) -> list[Holder]:
    """Who has a role, anywhere or on one page."""
    return list(list_holders(tx, role, _page_id(tx, page)))


def end_of(tx: Transaction, text: str) -> datetime:
    """The instant that somebody means, in their own time zone. Raises InvalidInputError (field `ends`)."""
    return parse_end(text, now=tx.now, zone=zone_of(tx))


def zone_of(tx: Transaction) -> ZoneInfo:
    """The acting member's time zone by Slack; the organization's for everybody else."""
    member = tx.session.get(Member, tx.actor.user_id) if tx.actor.user_id else None
    if member is None:
        return tx.policy.time_zone
    try:
        return ZoneInfo(member.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return tx.policy.time_zone


def _page_id(tx: Transaction, word: str | None) -> str | None:
    if word is None:
        return None
    try:
        return get_page_by_word(tx.session, word).id
    except InvalidInputError as error:
        raise InvalidInputError(error.sentence, error.hint, field="page") from None
