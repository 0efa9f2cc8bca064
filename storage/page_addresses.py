"""Which page an address was given to first. It stays that page's: readers, feeds and calendars know it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.models import Page, PageAddress
from storage.once import insert_once


def read_addresses(session: Session) -> Mapping[str, str]:
    """Every path below which a page is or was, with the page's id; the empty path is the root's."""
    return {row.path: row.page_id for row in session.scalars(select(PageAddress))}


def list_gone(session: Session) -> frozenset[str]:
    """The paths whose page was removed."""
    without_page = select(PageAddress.path).outerjoin(Page, Page.id == PageAddress.page_id).where(Page.id.is_(None))
    return frozenset(session.scalars(without_page))


def claim_addresses(session: Session, addresses: Mapping[str, str], *, now: datetime) -> None:
    """Give paths to pages. One that was given already stays as it is."""
    pages = session.scalars(select(Page).where(Page.id.in_(addresses.values())))
    organizations = {page.id: page.organization_id for page in pages}
    known = read_addresses(session)
    for path, page_id in addresses.items():
        if path not in known and page_id in organizations:
            values = {"page_id": page_id, "organization_id": organizations[page_id], "since": now}
            insert_once(session, PageAddress, path=path, **values)


def settle_entries(session: Session, addresses: Mapping[str, str]) -> None:
    """Say after which address entries of pages, by their ids, are named for good. Where one was said it stays."""
    for page_id, address in addresses.items():
        session.execute(
            update(Page).where(Page.id == page_id, Page.entries_address.is_(None)).values(entries_address=address)
        )
