"""Addresses of pages are for ever: what another page has, or had, cannot be had."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from desk.errors import ConflictError
from storage.models import Page, PageAddress
from storage.organizations import OF_EVERY_ORGANIZATION


@dataclass(frozen=True, slots=True)
class Addresses:
    """What pages of all organizations have, or had. Everything raises ConflictError where somebody cannot have it."""

    session: Session

    def refuse_taken(self, column: InstrumentedAttribute[Any], value: str | None) -> None:
        """An id, a subdomain or a domain that some row has."""
        taken = select(column).where(column == value)
        if value is not None and self.session.scalar(taken, execution_options=OF_EVERY_ORGANIZATION) is not None:
            raise ConflictError(f"“{value}” is taken already.", "Choose another, or leave it out.")

    def refuse_subdomain(self, page: Page, subdomain: str | None) -> None:
        """A subdomain that another page has, or had once."""
        taken = select(Page.name).where(Page.subdomain == subdomain, Page.id != page.id)
        if subdomain is not None and (other := self.session.scalar(taken)) is not None:
            raise ConflictError(f"The subdomain {subdomain} is that of the page “{other}”.", "Choose another.")
        if subdomain != page.subdomain:
            self.refuse_taken(Page.subdomain, subdomain)
        self.refuse_former(subdomain, page.id)

    def refuse_domain(self, page: Page | None, domain: str | None) -> None:
        """A domain that another page has."""
        if page is None or page.domain != domain:
            self.refuse_taken(Page.domain, domain)

    def refuse_former(self, subdomain: str | None, page_id: str | None) -> None:
        """What was once another page's address: it still leads to that one, or says that it is gone."""
        if subdomain is None:
            return
        former = select(PageAddress.page_id).where(PageAddress.path == f"/{subdomain}")
        owner = self.session.scalar(former, execution_options=OF_EVERY_ORGANIZATION)
        if owner is not None and owner != page_id:
            raise ConflictError(
                f"The subdomain {subdomain} was the address of another page, whose readers still come there.",
                "Choose another.",
            )
