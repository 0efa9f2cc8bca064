"""Components' states: changed together with their history."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.audit import trail as audit
from desk.errors import InvalidInputError
from desk.incidents.announcements import announce_beside
from desk.incidents.holding import NOTHING, decide_state, forget_answered, read_holding
from desk.pages.order import in_order
from desk.pages.pages import get_page, list_pages
from desk.permissions import require_components, require_write
from desk.transaction import Transaction, pages_changed
from storage.folding import fold
from storage.models import (
    Component,
    ComponentStatus,
    ComponentStatusChange,
    IncidentComponent,
    Scope,
)

_NAMED = 5


def list_components(session: Session, page_id: str) -> Sequence[Component]:
    """All components and groups that are on a page, in the order in which they are shown."""
    rows = session.scalars(select(Component).where(Component.page_id == page_id)).all()
    return [one for top in in_order(rows, None) for one in (top, *in_order(rows, top.id))]


def list_retired(session: Session, page_id: str) -> Sequence[Component]:
    """What is not on the page any more, the latest first: what is past names it still."""
    gone = select(Component).where(Component.page_id == page_id, Component.retired_at.is_not(None))
    return session.scalars(gone.order_by(Component.retired_at.desc(), Component.name, Component.id)).all()


def full_name(component: Component, groups: Mapping[str, str]) -> str:
    """A component's name with its group's before it, as in updates: “Europe - API”."""
    group = groups.get(component.group_id or "")
    return f"{group} - {component.name}" if group else component.name


def lock_components(session: Session, page_id: str, component_ids: Sequence[str]) -> Sequence[Component]:
    """Those of the components that there are: as they are, and ours until the commit."""
    wanted = select(Component).where(Component.page_id == page_id, Component.id.in_(component_ids))
    locked = wanted.order_by(Component.id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).all()


def get_components(
    session: Session, page_id: str, component_ids: Sequence[str], *, lock: bool = True
) -> Sequence[Component]:
    """These components, locked unless they are only looked at: of several, all by one call, or two who name them in
    another order wait for each other. Raises InvalidInputError (field `components`) on one that is none of it."""
    named = select(Component).where(Component.page_id == page_id, Component.id.in_(component_ids))
    rows = lock_components(session, page_id, component_ids) if lock else session.scalars(named)
    found = {row.id: row for row in rows}
    for component_id in component_ids:
        row = found.get(component_id)
        if row is None:
            raise InvalidInputError(f"There is no component {component_id} on this page.", field="components")
        if row.group:
            raise InvalidInputError(
                f"“{row.name}” is a group; its state follows from its components.", field="components"
            )
        if row.retired_at is not None:
            raise _is_retired(row)
    return [found[component_id] for component_id in dict.fromkeys(component_ids)]


def bring_statuses(
    tx: Transaction,
    page_id: str,
    wanted: Mapping[str, ComponentStatus | None],
    *,
    incident_id: str | None = None,
) -> list[dict[str, Any]]:
    """Bring components into the wanted states (None: leave it), keep the history, and give what updates record:
    `{code, name, old_status, new_status}` of each. Raises InvalidInputError (field `components`), and NotAllowedError
    for a key that is for other components.

    Hand what it gives to `record_statuses` when nothing more is to be locked, and call `pages_changed`.
    """
    if not wanted:
        return []
    session = tx.session
    groups = dict(
        session.execute(
            select(Component.id, Component.name).where(Component.page_id == page_id, Component.group.is_(True))
        ).all()
    )
    affected = []
    components = get_components(session, page_id, list(wanted))
    require_components(tx, {row.id for row in components if wanted[row.id] not in (None, row.status)})
    for component in components:
        old = ComponentStatus(component.status)
        new = wanted[component.id] or old
        affected.append(
            {
                "code": component.id,
                "name": full_name(component, groups),
                "old_status": str(old),
                "new_status": str(new),
            }
        )
        if new != old:
            _change(tx, component, new, incident_id)
    return affected


def record_statuses(
    tx: Transaction, affected: Sequence[Mapping[str, Any]], *, incident_id: str | None = None
) -> None:
    """Write into the audit trail what `bring_statuses` changed."""
    changed = [one for one in affected if one["old_status"] != one["new_status"]]
    if not changed:
        return
    names = dict(
        tx.session.execute(
            select(Component.id, Component.name).where(Component.id.in_([one["code"] for one in changed]))
        ).all()
    )
    for one in changed:
        audit.record(
            tx,
            audit.Action.COMPONENT_CHANGED,
            "component",
            one["code"],
            name=names[one["code"]],
            old_status=one["old_status"],
            new_status=one["new_status"],
            incident_id=incident_id,
        )


def set_statuses(tx: Transaction, page_id: str, wanted: Mapping[str, ComponentStatus | None]) -> list[dict[str, Any]]:
    """As `bring_statuses`, seen through to the public page and the audit trail: for who configures the page, and for
    keys that write components or their states. What is open holds its components: none becomes better than what that
    says of it.

    Raises NotFoundError for the page, NotAllowedError.
    """
    page = get_page(tx.session, page_id)
    components = get_components(tx.session, page_id, list(wanted))
    require_write(tx, Scope.COMPONENT_STATUS_WRITE, page_id, of=wanted.keys())
    affected = bring_statuses(tx, page_id, _held(tx, components, wanted))
    if affected:
        page.updated_at = tx.now
        tx.session.flush()
        announce_beside(tx, affected)
        pages_changed(tx)
        record_statuses(tx, affected)
    return affected


def _held(
    tx: Transaction, components: Sequence[Component], wanted: Mapping[str, ComponentStatus | None]
) -> Mapping[str, ComponentStatus | None]:
    """The states that follow, with what is open on these components, which are ours until the commit."""
    held: dict[str, ComponentStatus | None] = {}
    holding = read_holding(tx.session, list(wanted))
    for component in components:
        spoken, others = wanted[component.id], holding.get(component.id, NOTHING)
        if spoken is not None:
            forget_answered(tx.session, component, spoken, others)
            spoken = decide_state(spoken, spoken, others.after(spoken))
        held[component.id] = spoken
    return held


def _change(tx: Transaction, component: Component, new: ComponentStatus, incident_id: str | None) -> None:
    # Who waited for the component, or has a slow clock, comes with an earlier instant than the change before. The
    # history must end with the state that the component has.
    instant = ComponentStatusChange.at
    before = select(instant).where(ComponentStatusChange.component_id == component.id).order_by(instant.desc())
    at = max(tx.now, tx.session.scalar(before.limit(1)) or tx.now)
    component.status = new
    component.updated_at = at
    tx.session.add(
        ComponentStatusChange(
            component_id=component.id, at=at, status=new, incident_id=incident_id, actor=str(tx.actor)
        )
    )
    tx.session.flush()


def list_incident_components(
    session: Session, incident_id: str, *, with_retired: bool = False
) -> Sequence[Component]:
    """The components that an incident is about, in order of position: those that are on the page, or all."""
    about = (
        select(Component)
        .join(IncidentComponent, IncidentComponent.component_id == Component.id)
        .where(IncidentComponent.incident_id == incident_id)
        .order_by(Component.position, Component.name)
    )
    return session.scalars(about if with_retired else about.where(Component.retired_at.is_(None))).all()


def get_component_by_word(session: Session, page_id: str, word: str) -> Component:
    """The component that a person means by its id, its name (with its group's before it, if need be) or the only
    beginning that fits, in any case. Raises InvalidInputError (field `components`) that names what there is."""
    rows = list_components(session, page_id)
    groups = {row.id: row.name for row in rows if row.group}
    leaves = [row for row in rows if not row.group]
    wanted = fold(" ".join(word.split()))
    named = {name: row for row in rows if row.group for name in (row.id, fold(row.name))}

    def is_it(row: Component) -> bool:
        return wanted in {row.id, fold(row.name), fold(full_name(row, groups))}

    def begins(row: Component) -> bool:
        # Whoever names a group in full does not mean another component that happens to begin so.
        return bool(wanted) and wanted not in named and fold(row.name).startswith(wanted)

    for fits in (is_it, begins):
        found = [row for row in leaves if fits(row)]
        if len(found) == 1:
            return found[0]
        if found:
            known = ", ".join(f"“{full_name(row, groups)}”" for row in found[:_NAMED])
            raise InvalidInputError(f"“{word}” means more than one component: {known}.", field="components")
    if wanted in named:
        inside = [full_name(row, groups) for row in leaves if row.group_id == named[wanted].id]
        known = ", ".join(f"“{name}”" for name in inside[:_NAMED]) or "nothing as yet"
        raise InvalidInputError(
            f"“{named[wanted].name}” is a group; its state follows from its components.",
            f"In it there is {known}{' and more' if len(inside) > _NAMED else ''}.",
            field="components",
        )
    close = difflib.get_close_matches(wanted, [fold(row.name) for row in leaves], n=_NAMED)
    near = [row for row in leaves if fold(row.name) in close] or leaves
    known = ", ".join(f"“{full_name(row, groups)}”" for row in near[:_NAMED]) or "none as yet"
    gone = next((row for row in list_retired(session, page_id) if wanted in {row.id, fold(row.name)}), None)
    if gone is not None:
        raise _is_retired(gone)
    raise InvalidInputError(
        f"“{word}” is no component of this page.",
        f"There is {known}{' and more' if len(near) > _NAMED else ''}.",
        field="components",
    )


def _is_retired(row: Component) -> InvalidInputError:
    return InvalidInputError(
        f"“{row.name}” was retired: it is not on the page any more.",
        "Leave it out, or bring it back first.",
        field="components",
    )


def get_components_by_words(
    session: Session, page_ids: Sequence[str] | None, words: Sequence[str]
) -> tuple[str, ...]:
    """Ids of the components that are meant, each by its id or name, on these pages (None: on any).

    Raises InvalidInputError (field `components`) that says what there is.
    """
    pages = [page.id for page in list_pages(session)] if page_ids is None else page_ids
    return tuple(dict.fromkeys(_find_on_pages(session, pages, word) for word in words))


def _find_on_pages(session: Session, page_ids: Sequence[str], word: str) -> str:
    found: list[str] = []
    problem = InvalidInputError(f"“{word}” is on none of these pages.", "Choose its page first.", field="components")
    for page_id in page_ids:
        try:
            found.append(get_component_by_word(session, page_id, word).id)
        except InvalidInputError as error:
            problem = error if len(page_ids) == 1 else problem
    if not found:
        raise problem
    if len(found) > 1:
        ids = ", ".join(f"`{one}`" for one in found)
        raise InvalidInputError(
            f"“{word}” is on more than one of these pages.", f"Name it by its id: {ids}.", field="components"
        )
    return found[0]
