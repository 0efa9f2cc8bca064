"""The organization, its pages and components: looked up."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from desk.errors import ConflictError, InvalidInputError, NotFoundError
from storage.folding import is_called
from storage.models import Backend, Organization, Page
from storage.organizations import organization_of


def lock_organization(session: Session) -> Organization:
    """The session's organization, named or not. Nobody else names it or sets up pages before the commit."""
    return session.get_one(
        Organization, organization_of(session), with_for_update={"key_share": True}, populate_existing=True
    )


def name_organization(session: Session, name: str) -> Organization:
    """Give the session's organization, which is locked, its name, by which it counts as set up."""
    organization = session.get_one(Organization, organization_of(session))
    organization.name = name[:255]
    session.flush()
    return organization


_NAMED = select(Organization).where(Organization.name != "").limit(1)


def find_organization(session: Session) -> Organization | None:
    """The organization, or None before a seed or Slack has named it."""
    return session.scalars(_NAMED).first()


def get_organization(session: Session) -> Organization:
    """The organization. Raises NotFoundError before it has a name."""
    organization = find_organization(session)
    if organization is None:
        raise NotFoundError("There is no page yet.", "An operator can make one with: keydesk seed pages.yml")
    return organization


def list_pages(session: Session) -> Sequence[Page]:
    """All pages by name."""
    return session.scalars(select(Page).order_by(Page.name, Page.id)).all()


def has_several_pages(session: Session) -> bool:
    """Whether there is more than one page, so that it matters to say which one is meant."""
    return len(session.scalars(select(Page.id).limit(2)).all()) > 1


def get_page(session: Session, page_id: str) -> Page:
    """The page. Raises NotFoundError."""
    page = session.get(Page, page_id)
    if page is None:
        raise NotFoundError("There is no such page.")
    return page


def require_own(page: Page) -> None:
    """Raises ConflictError where a Statuspage elsewhere has the page's record: what is here of it is a copy."""
    if page.backend != Backend.LOCAL:
        raise ConflictError(
            f"{page.name} is kept by Statuspage, and what Keydesk has of it is a copy.",
            "Change it there: in its own pages, or by its API with a key of Keydesk.",
        )


def get_page_by_word(session: Session, word: str) -> Page:
    """The page that a person means by its id, short name or name, in any case. Raises InvalidInputError."""
    wanted = word.strip()
    found = session.scalars(
        select(Page).where(
            or_(Page.id == wanted.lower(), is_called(Page.subdomain, wanted), is_called(Page.name, wanted))
        )
    ).all()
    if len(found) == 1:
        return found[0]
    known = ", ".join(page.subdomain or page.name for page in list_pages(session)) or "none yet"
    problem = "means more than one page" if found else "is no page"
    raise InvalidInputError(f"“{word}” {problem}.", f"Pages are: {known}.", field="pages")


def page_names(session: Session, page_ids: Sequence[str] | None) -> str:
    """Pages as people read them: names with commas between, or “all pages” for None."""
    if page_ids is None:
        return "all pages"
    names = dict(session.execute(select(Page.id, Page.name).where(Page.id.in_(page_ids))).all())
    return ", ".join(names.get(page_id, page_id) for page_id in page_ids)
