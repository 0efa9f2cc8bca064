"""Which page or component is meant, and whether whoever asks may configure it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.incidents.components import full_name, list_components, list_retired
from desk.pages.pages import get_page, get_page_by_word, list_pages, require_own
from desk.permissions import may_write, require_role, require_write
from desk.transaction import Transaction
from storage.folding import fold
from storage.models import Backend, Component, Page, Role, Scope

_NAMED = 5


def list_configurable_pages(tx: Transaction, *, policy_only: bool = False) -> Sequence[Page]:
    """The pages that the actor configures, by name. Raises NotAllowedError, naming whom to ask, where it is none.

    `policy_only`: those as well that are kept elsewhere, of which Keydesk has the rules by which it posts there."""
    known = (page for page in list_pages(tx.session) if policy_only or page.backend == Backend.LOCAL)
    pages = [page for page in known if may_write(tx, Scope.PAGE_CONFIGURATION_WRITE, page.id)]
    if not pages:
        require_role(tx, Role.PAGE_CONFIGURATION)
    return pages


class SeveralPagesError(InvalidInputError):
    """Any of several pages may be meant."""


def get_configurable_page(tx: Transaction, page_id: str, *, policy_only: bool = False) -> Page:
    """The page. Raises NotFoundError, NotAllowedError unless the actor configures it, and ConflictError where it is
    kept elsewhere and more than its policy is meant."""
    page = get_page(tx.session, page_id)
    require_write(tx, Scope.PAGE_CONFIGURATION_WRITE, page.id)
    if not policy_only:
        require_own(page)
    return page


def get_configurable_page_by_word(
    tx: Transaction, word: str | None, *, component: str = "", policy_only: bool = False
) -> Page:
    """The page that a person means by its id, short name or name or, without one, the only one that they configure,
    or on which anything was ever called as the component is. `policy_only`: see `list_configurable_pages`.

    Raises NotAllowedError, ConflictError where all pages are kept elsewhere, and InvalidInputError where there is no
    such page, or several.
    """
    pages = list_configurable_pages(tx, policy_only=policy_only)
    if word:
        return get_configurable_page(tx, get_page_by_word(tx.session, word).id, policy_only=policy_only)
    if not pages:
        for copy in list_pages(tx.session):
            require_own(copy)  # says who keeps it
        raise NotFoundError("There is no page yet.", "An operator can make one with: keydesk seed pages.yml")
    if component and len(pages) > 1:
        pages = [page for page in pages if _has(tx, page.id, component)] or pages
    if len(pages) > 1:
        known = ", ".join(page.subdomain or page.name for page in pages)
        raise SeveralPagesError("There is more than one page: say which.", f"Pages are: {known}.", field="page")
    return pages[0]


def get_component(tx: Transaction, component_id: str, *, page_id: str | None = None) -> Component:
    """The component or group, retired or not (of that page). Raises NotFoundError, and NotAllowedError unless the
    actor configures its page."""
    row = tx.session.get(Component, component_id)
    if row is None or page_id not in (None, row.page_id):
        raise NotFoundError("There is no such component.", "Look at the page again for what there is.")
    require_write(tx, Scope.COMPONENTS_WRITE, row.page_id, of=[row.id])
    return row


def get_by_word(tx: Transaction, page_id: str, word: str, *, retired: bool = False) -> Component:
    """The component or group that a person means by its id, its name or its full name with its group's, in any case.

    Raises NotAllowedError, and InvalidInputError (field `component`) that names what there is.
    """
    require_write(tx, Scope.COMPONENTS_WRITE, page_id)
    known = list_components(tx.session, page_id)
    gone = list_retired(tx.session, page_id)
    groups = {row.id: row.name for row in (*gone, *known) if row.group}
    rows, others = (gone, known) if retired else (known, gone)
    found = _called(rows, groups, word)
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(f"“{full_name(row, groups)}” ({row.id})" for row in found[:_NAMED])
        raise InvalidInputError(f"“{word}” means more than one: {named}.", "Name it by its id.", field="component")
    if _called(others, groups, word):
        state = "is on the page" if retired else "was retired"
        raise ConflictError(f"“{word}” {state}.", "" if retired else "Bring it back first.")
    named = ", ".join(f"“{full_name(row, groups)}”" for row in rows[:_NAMED]) or "none"
    more = " and more" if len(rows) > _NAMED else ""
    raise InvalidInputError(f"“{word}” is no component of this page.", f"There is {named}{more}.", field="component")


def _called(rows: Sequence[Component], groups: Mapping[str, str], word: str) -> list[Component]:
    wanted = fold(" ".join(word.split()))
    return [row for row in rows if wanted in {row.id, fold(row.name), fold(full_name(row, groups))}]


def _has(tx: Transaction, page_id: str, word: str) -> bool:
    rows = (*list_components(tx.session, page_id), *list_retired(tx.session, page_id))
    return bool(_called(rows, {row.id: row.name for row in rows if row.group}, word))


def list_namesakes(session: Session, component: Component) -> Sequence[Component]:
    """What else on the page, in the same group, is called the same: allowed, and hard to tell apart."""
    beside = select(Component).where(
        Component.page_id == component.page_id,
        Component.group_id.is_(None) if component.group_id is None else Component.group_id == component.group_id,
        Component.retired_at.is_(None),
        Component.id != component.id,
    )
    return [row for row in session.scalars(beside) if fold(row.name) == fold(component.name)]
