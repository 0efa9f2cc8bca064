"""Roles: listed, granted and revoked in the words of Slack."""

from collections.abc import Mapping

from desk.directory.sync_steps import request_sync
from desk.people import subject_word
from desk.roles.lists import get_role, list_one
from desk.roles.orders import GrantOrder, RevokeOrder, grant_as_said, list_as_said, revoke_as_said, who_as_said
from desk.roles.roles import AnyPage, PageChoice
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Part, Shape, part_of
from handlers.http.own.shapes.people import Grant, RoleHolders, Sync, grant_of, made_of, role_holder_of


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of the grants."""
    wanted = asked.query
    listing = list_as_said(tx, subject_word(wanted.of) if wanted.of is not None else None, wanted.page_id)
    items = [grant_of(one) for one in part_of(listing.grants, wanted)]
    return Part[Grant](items=items, total=len(listing.grants), page=wanted.page, per_page=wanted.per_page)


def who(tx: Transaction, asked: Asked) -> Shape:
    """The people who were granted a role."""
    found = who_as_said(tx, get_role(asked.path["role"]), asked.query.page_id)
    return RoleHolders(items=[role_holder_of(one) for one in found.holders])


def grant(tx: Transaction, asked: Asked) -> Shape:
    """Give somebody a role."""
    body = asked.body
    order = GrantOrder(
        subject=subject_word(body.subject),
        role=body.role,
        page=body.page_id,
        ends=body.until,
        reason=body.reason,
        sure=True,
    )
    _, granted = grant_as_said(tx, order)
    return made_of(granted, list_one(tx, granted.grant))


def revoke(tx: Transaction, asked: Asked) -> Shape:
    """Take a role away."""
    body = asked.body
    page: PageChoice = None if body.everywhere else AnyPage.ANY if body.page_id is None else body.page_id
    order = RevokeOrder(subject=subject_word(body.subject), role=body.role, page=page, sure=True)
    _, ended, _ = revoke_as_said(tx, order)
    return grant_of(list_one(tx, ended))


def sync(tx: Transaction, _asked: Asked) -> Shape:
    """Have people and groups read from Slack again."""
    asked_for = request_sync(tx)
    return Sync(id=asked_for.id, status=str(asked_for.status))


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", "roles"): list_,
    ("GET", "roles/{role}/holders"): who,
    ("POST", "roles/grant"): grant,
    ("POST", "roles/revoke"): revoke,
    ("POST", "roles/sync"): sync,
}
