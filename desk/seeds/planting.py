"""A seed put into the database: what is missing is made, what differs is changed, nothing is removed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from desk.audit.trail import Action, record
from desk.errors import ConflictError
from desk.identifiers import new_id
from desk.pages.pages import find_organization, name_organization
from desk.permissions import require_owner
from desk.seeds.shape import ComponentSeed, PageSeed, Seed
from desk.transaction import Transaction, pages_changed
from storage.models import Component, Page
from storage.organizations import OF_EVERY_ORGANIZATION


@dataclass(slots=True)
class Planted:
    """What a planting did: names, as people read them."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: int = 0
    """How many things were as the seed says already."""


def plant_seed(tx: Transaction, seed: Seed) -> Planted:
    """Make the organization, pages and components of a seed; once they are there, bring them up to date.

    A page is known by its id, else its subdomain, else its name; a component by its id, else its name within its
    group. What the seed does not mention stays, and so does the status of a component that is there. Raises
    ConflictError when an id belongs to another thing.
    """
    require_owner(tx)
    done = Planted()
    _plant_organization(tx, seed, done)
    for page in seed.pages:
        _plant_page(tx, page, done)
    if done.made or done.changed:
        pages_changed(tx)
    return done


def _plant_organization(tx: Transaction, seed: Seed, done: Planted) -> None:
    if seed.organization_id not in (None, tx.organization):
        raise ConflictError(
            f"The organization here has the id {tx.organization}, not {seed.organization_id}.",
            "One Keydesk serves one organization: use another database, or leave the id out.",
        )
    organization = find_organization(tx.session)
    if organization is None:
        organization = name_organization(tx.session, seed.organization)
        done.made.append(f"organization {organization.name}")
    elif organization.name != seed.organization:
        organization.name = seed.organization
        done.changed.append(f"organization {organization.name}")
    else:
        done.left += 1
        return
    record(tx, Action.ORGANIZATION_SEEDED, "organization", organization.id, name=organization.name)


def _plant_page(tx: Transaction, seed: PageSeed, done: Planted) -> None:
    before = len(done.made), len(done.changed)
    page = _find_page(tx, seed)
    values: dict[str, Any] = {
        "name": seed.name,
        "subdomain": seed.subdomain,
        "domain": seed.domain,
        "url": seed.url,
        "page_description": seed.page_description,
        "time_zone": seed.time_zone,
        "announcement_channel": seed.announcement_channel,
        "second_person": seed.second_person,
        "second_person_skipped_by": seed.second_person_skipped_by,
        "configuration": (page.configuration if page is not None else {}) | seed.configuration,
    }
    if page is None:
        _refuse_taken(tx, Page.id, seed.id)
        _refuse_taken(tx, Page.subdomain, seed.subdomain)
        page = Page(
            id=seed.id or new_id(),
            created_at=tx.now,
            updated_at=tx.now,
            **_said(values),
        )
        tx.session.add(page)
        tx.session.flush()
        done.made.append(f"page {page.name}")
    else:
        _change(tx, page, values, f"page {seed.name}", done)
    _plant_components(tx, page, seed.components, done)
    made, changed = done.made[before[0] :], done.changed[before[1] :]
    if made or changed:
        record(tx, Action.PAGE_SEEDED, "page", page.id, name=page.name, made=made, changed=changed)


def _find_page(tx: Transaction, seed: PageSeed) -> Page | None:
    if seed.id is not None:
        page = tx.session.get(Page, seed.id)
        if page is not None:
            _refuse_taken_subdomain(tx, page, seed)
            return page
    known = Page.subdomain == seed.subdomain if seed.subdomain is not None else Page.name == seed.name
    page = tx.session.scalars(select(Page).where(known).order_by(Page.created_at, Page.id)).first()
    _refuse_other_id(page, seed.id, seed.name)
    return page


def _refuse_taken_subdomain(tx: Transaction, page: Page, seed: PageSeed) -> None:
    taken = select(Page.name).where(Page.subdomain == seed.subdomain, Page.id != page.id)
    if seed.subdomain is not None and (other := tx.session.scalar(taken)) is not None:
        raise ConflictError(f"The subdomain {seed.subdomain} is that of the page “{other}”.", "Choose another.")
    if seed.subdomain != page.subdomain:
        _refuse_taken(tx, Page.subdomain, seed.subdomain)


def _refuse_taken(tx: Transaction, column: InstrumentedAttribute[Any], value: str | None) -> None:
    """Ids and subdomains are addresses: what another organization has cannot be had."""
    taken = select(column).where(column == value)
    if value is not None and tx.session.scalar(taken, execution_options=OF_EVERY_ORGANIZATION) is not None:
        raise ConflictError(f"“{value}” is taken already.", "Choose another, or leave it out.")


def _plant_components(tx: Transaction, page: Page, seeds: Sequence[ComponentSeed], done: Planted) -> None:
    rows = tx.session.scalars(select(Component).where(Component.page_id == page.id)).all()
    for position, seed in enumerate(seeds, start=1):
        row = _plant_component(tx, page, seed, position, None, rows, done)
        for place, part in enumerate(seed.components or (), start=1):
            _plant_component(tx, page, part, place, row.id, rows, done)


def _plant_component(
    tx: Transaction,
    page: Page,
    seed: ComponentSeed,
    position: int,
    group_id: str | None,
    rows: Sequence[Component],
    done: Planted,
) -> Component:
    values: dict[str, Any] = {
        "name": seed.name,
        "description": seed.description,
        "position": position,
        "group_id": group_id,
        "group": seed.components is not None,
        "showcase": seed.showcase,
        "only_show_if_degraded": seed.only_show_if_degraded,
        "automation_email": seed.automation_email,
        "start_date": seed.start_date,
    }
    row = _find_component(tx, page, seed, group_id, rows)
    label = f"component {seed.name} of page {page.name}"
    if row is not None:
        _change(tx, row, values, label, done)
        return row
    _refuse_taken(tx, Component.id, seed.id)
    row = Component(
        id=seed.id or new_id(),
        page_id=page.id,
        status=seed.status,
        created_at=tx.now,
        updated_at=tx.now,
        **_said(values),
    )
    tx.session.add(row)
    tx.session.flush()
    done.made.append(label)
    return row


def _find_component(
    tx: Transaction, page: Page, seed: ComponentSeed, group_id: str | None, rows: Sequence[Component]
) -> Component | None:
    if seed.id is not None:
        row = tx.session.get(Component, seed.id)
        if row is not None:
            if row.page_id != page.id:
                raise ConflictError(f"The id {seed.id} belongs to a component of another page.", "Leave it out.")
            return row
    found = next((row for row in rows if (row.name, row.group_id) == (seed.name, group_id)), None)
    _refuse_other_id(found, seed.id, seed.name)
    return found


def _refuse_other_id(row: Page | Component | None, wanted: str | None, name: str) -> None:
    if row is not None and wanted is not None and row.id != wanted:
        raise ConflictError(
            f"“{name}” is here already, with the id {row.id}.", f"Give it that id instead of {wanted}."
        )


def _change(tx: Transaction, row: Page | Component, values: dict[str, Any], label: str, done: Planted) -> None:
    different = {name: value for name, value in _said(values).items() if getattr(row, name) != value}
    if not different:
        done.left += 1
        return
    for name, value in different.items():
        setattr(row, name, value)
    row.updated_at = tx.now
    tx.session.flush()
    done.changed.append(label)


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
