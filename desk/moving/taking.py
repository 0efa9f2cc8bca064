"""Taking over a page from a Statuspage elsewhere under its ids: what is new comes, what changed there is changed.

What somebody changed here since is left alone, and told. Each function is one step: killed between two of them, a
later run does what is left, and what was done already changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from desk.audit import trail as audit
from desk.errors import ConflictError, NotFoundError
from desk.moving.incidents import mark_of_incident, write_incident
from desk.moving.records import Moved, MovedComponent, MovedIncident, MovedPage, MovedTemplate, digest_of
from desk.pages.addresses import Addresses
from desk.pages.pages import get_page, lock_organization
from desk.permissions import require_owner
from desk.transaction import Transaction, pages_changed
from storage.models import Backend, Base, Component, Incident, IncidentTemplate, MovedThing, Page, PageMove
from storage.organizations import OF_EVERY_ORGANIZATION


@dataclass(slots=True)
class Taken:
    """What a step did."""

    new: int = 0
    changed: int = 0
    same: int = 0
    left: list[str] = field(default_factory=list)
    """What was changed here since, and so is not what it is there, by name."""

    @property
    def is_news(self) -> bool:
        """Whether anything was written."""
        return bool(self.new or self.changed)

    def add(self, other: "Taken") -> None:
        """What another step did as well."""
        self.new, self.changed, self.same = self.new + other.new, self.changed + other.changed, self.same + other.same
        self.left += other.left


def begin_move(tx: Transaction, page_id: str, base_url: str) -> int:
    """From which part of the list of incidents on to go: 1, or where an earlier run was cut off. For owners and
    operators. Raises NotAllowedError, and ConflictError where the page came from elsewhere or is kept there."""
    require_owner(tx)
    lock_organization(tx.session)
    page = tx.session.get(Page, page_id, execution_options=OF_EVERY_ORGANIZATION)
    move = tx.session.get(PageMove, page_id)
    if page is not None and (page.organization_id != tx.organization or move is None):
        is_copy = page.organization_id == tx.organization and page.backend != Backend.LOCAL
        raise ConflictError(
            f"{page.name if is_copy else f'The page {page_id}'} is here already"
            f"{': it is kept by Statuspage, for which Keydesk is the gateway' if is_copy else ''}.",
            "Import it into a Keydesk that is not connected with Statuspage." if is_copy else "Ids are for ever.",
        )
    if move is None:
        tx.session.add(PageMove(page_id=page_id, base_url=base_url, begun_at=tx.now, next_part=1))
        return 1
    if move.base_url != base_url:
        raise ConflictError(f"This page was imported from {move.base_url}.", "Name that address.")
    if move.next_part is None:
        move.next_part, move.begun_at = 1, tx.now
    return move.next_part


def note_part(tx: Transaction, page_id: str, next_part: int | None) -> None:
    """Remember which part of the list of incidents comes next; None: it was read to its end. For
    owners and operators. Raises NotAllowedError, and NotFoundError."""
    require_owner(tx)
    lock_organization(tx.session)
    move = tx.session.get(PageMove, page_id)
    if move is None:
        raise NotFoundError("This page was not taken over from anywhere.")
    move.next_part = next_part


def take_page(tx: Transaction, there: MovedPage) -> Taken:
    """Take over a page with its components and groups; what is gone there stays. Raises as `begin_move`."""
    require_owner(tx)
    lock_organization(tx.session)
    done = Taken()
    page = tx.session.get(Page, there.id)
    alone = MovedPage(id=there.id, name=there.name, columns=there.columns)
    if page is None:
        page = Page(id=there.id, **_with_free_addresses(tx, there.columns))
        tx.session.add(page)
        tx.session.flush()
        _remember(tx, page.id, alone, str(page.version or 1))
        done.new += 1
    else:
        _take(tx, page, alone, there.columns, str(page.version), done)
    for one in there.components:
        _take_component(tx, there.id, one, done)
    _tell(tx, there.id, done, what="components")
    return done


def take_templates(tx: Transaction, page_id: str, there: Sequence[MovedTemplate]) -> Taken:
    """Take over templates."""
    require_owner(tx)
    # Who takes the same over at this moment waits, and finds it here then.
    lock_organization(tx.session)
    get_page(tx.session, page_id)
    done = Taken()
    # The oldest first, so that their numbers grow as they do where they are opened.
    for one in reversed(there):
        row = tx.session.get(IncidentTemplate, one.id, execution_options=OF_EVERY_ORGANIZATION)
        _require_own(tx, row, one.id, page_id)
        if row is None:
            row = IncidentTemplate(id=one.id, page_id=page_id, created_at=tx.now, updated_at=tx.now, **one.columns)
            tx.session.add(row)
            tx.session.flush()
            _remember(tx, page_id, one, row.updated_at.isoformat())
            done.new += 1
        else:
            _take(tx, row, one, {**one.columns}, row.updated_at.isoformat(), done)
    _tell(tx, page_id, done, what="templates")
    return done


def take_incidents(tx: Transaction, page_id: str, there: Sequence[MovedIncident]) -> Taken:
    """Take over incidents and maintenances, each with all that was said. Nobody is told of what is past."""
    require_owner(tx)
    # Who takes the same over at this moment waits, and finds it here then.
    lock_organization(tx.session)
    get_page(tx.session, page_id)
    done = Taken()
    for one in there:
        row = tx.session.get(Incident, one.id, execution_options=OF_EVERY_ORGANIZATION)
        _require_own(tx, row, one.id, page_id)
        known = tx.session.get(MovedThing, one.id)
        if known is not None and known.digest == digest_of(one):
            done.same += 1
        elif row is None and known is not None:
            # Somebody deleted it here.
            done.left.append(str(one.columns["name"]))
        elif row is not None and (known is None or known.mark != mark_of_incident(row)):
            done.left.append(row.name)
        else:
            done.changed += row is not None
            done.new += row is None
            written = write_incident(tx, page_id, one, row)
            _remember(tx, page_id, one, mark_of_incident(written))
    _tell(tx, page_id, done, what="incidents")
    return done


def _take_component(tx: Transaction, page_id: str, one: MovedComponent, done: Taken) -> None:
    row = tx.session.get(Component, one.id, execution_options=OF_EVERY_ORGANIZATION)
    _require_own(tx, row, one.id, page_id)
    if row is None:
        row = Component(id=one.id, page_id=page_id, **one.columns)
        tx.session.add(row)
        tx.session.flush()
        _remember(tx, page_id, one, f"{row.version} {row.status}")
        done.new += 1
        return
    _take(tx, row, one, one.columns, f"{row.version} {row.status}", done)


def _take(
    tx: Transaction,
    row: Page | Component | IncidentTemplate,
    there: Moved,
    columns: Mapping[str, Any],
    mark: str,
    done: Taken,
) -> None:
    known = tx.session.get(MovedThing, there.id)
    if known is not None and known.digest == digest_of(there):
        done.same += 1
        return
    if known is None or known.mark != mark:
        done.left.append(row.name)
        return
    for name, value in columns.items():
        if name not in ("subdomain", "domain"):
            setattr(row, name, value)
    tx.session.flush()
    after = f"{row.version} {row.status}" if isinstance(row, Component) else mark
    _remember(tx, known.page_id, there, after)
    done.changed += 1


def _require_own(tx: Transaction, row: Base | None, id: str, page_id: str) -> None:
    if row is None:
        return
    if getattr(row, "organization_id", None) != tx.organization or getattr(row, "page_id", None) != page_id:
        raise ConflictError(f"The id {id} belongs to something else here.", "Ids are for ever: import elsewhere.")


def _with_free_addresses(tx: Transaction, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns without a subdomain or domain that another page has, or had."""
    found, addresses = dict(columns), Addresses(tx.session)
    try:
        addresses.refuse_taken(Page.subdomain, found.get("subdomain"))
        addresses.refuse_former(found.get("subdomain"), None)
    except ConflictError:
        found["subdomain"] = None
    try:
        addresses.refuse_domain(None, found.get("domain"))
    except ConflictError:
        found["domain"] = None
    return found


def _remember(tx: Transaction, page_id: str, there: Moved, mark: str) -> None:
    known = tx.session.get(MovedThing, there.id)
    if known is None:
        tx.session.add(MovedThing(id=there.id, page_id=page_id, digest=digest_of(there), mark=mark))
    else:
        known.digest, known.mark = digest_of(there), mark
    tx.session.flush()


def _tell(tx: Transaction, page_id: str, done: Taken, *, what: str) -> None:
    if not done.is_news:
        return
    pages_changed(tx)
    audit.record(
        tx, audit.Action.PAGE_IMPORTED, "page", page_id, what=what, new=done.new, changed=done.changed, left=done.left
    )
