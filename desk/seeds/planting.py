"""A seed put into the database: what is missing is made, what differs is changed, no page or component is removed."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.errors import ConflictError
from desk.identifiers import new_id
from desk.masking import refuse_secrets
from desk.pages.addresses import Addresses
from desk.pages.order import in_order, number
from desk.pages.pages import find_organization, lock_organization, name_organization
from desk.permissions import require_owner
from desk.seeds.shape import ComponentSeed, PageSeed, Seed
from desk.transaction import Transaction, pages_changed
from storage.models import ApiPosts, Component, Page, SecondPerson


@dataclass(slots=True)
class Planted:
    """What a planting did: names, as people read them."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: int = 0
    """How many things were as the seed says already."""
    named: dict[str, set[str]] = field(default_factory=dict)
    """The ids of the components that the seed names, by their page's."""


def plant_seed(tx: Transaction, seed: Seed) -> Planted:
    """Make the organization, pages and components of a seed; once they are there, bring them up to date.

    A page is known by its id, else its subdomain, else its name; a component by its id, else its name within its
    group, else its name where the page has it once: then it moves. What the seed does not mention stays, and so does
    the status of a component that is there; what it names and leaves empty is as if it had never been set. Raises
    ConflictError when an id belongs to another thing, and InvalidInputError for a secret in it.
    """
    require_owner(tx)
    refuse_secrets(json.dumps(asdict(seed), default=str))
    # Names and domains are looked for before they are written, so whoever plants waits here for whoever does.
    lock_organization(tx.session)
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
    Addresses(tx.session).refuse_domain(page, seed.domain)
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
        "api_posts": seed.api_posts,
        "configuration": _without(page.configuration if page is not None else {}, seed.takes_back)
        | seed.configuration,
    }
    said = _said(values, seed.takes_back)
    if page is None:
        Addresses(tx.session).refuse_taken(Page.id, seed.id)
        Addresses(tx.session).refuse_taken(Page.subdomain, seed.subdomain)
        Addresses(tx.session).refuse_former(seed.subdomain, None)
        page = Page(
            id=seed.id or new_id(),
            created_at=tx.now,
            updated_at=tx.now,
            **said,
        )
        tx.session.add(page)
        tx.session.flush()
        done.made.append(f"page {page.name}")
    else:
        _change(tx, page, said, f"page {seed.name}", done)
    _plant_components(tx, page, seed.components, done)
    made, changed = done.made[before[0] :], done.changed[before[1] :]
    if made or changed:
        record(tx, Action.PAGE_SEEDED, "page", page.id, name=page.name, made=made, changed=changed)


def _find_page(tx: Transaction, seed: PageSeed) -> Page | None:
    if seed.id is not None:
        page = tx.session.get(Page, seed.id)
        if page is not None:
            Addresses(tx.session).refuse_subdomain(page, seed.subdomain)
            return page
    known = Page.subdomain == seed.subdomain if seed.subdomain is not None else Page.name == seed.name
    page = tx.session.scalars(select(Page).where(known).order_by(Page.created_at, Page.id)).first()
    _refuse_other_id(page, seed.id, seed.name)
    return page


def _plant_components(tx: Transaction, page: Page, seeds: Sequence[ComponentSeed], done: Planted) -> None:
    rows = _list_rows(tx, page)
    movable = _list_movable(seeds, rows)
    named: list[Component] = []
    for position, seed in enumerate(seeds, start=1):
        row = _plant_component(tx, page, seed, position, None, (rows, movable), done)
        parts = enumerate(seed.components or (), start=1)
        named += [row, *(_plant_component(tx, page, part, at, row.id, (rows, movable), done) for at, part in parts)]
    _refuse_scattered(tx, page)
    _put_behind(_list_rows(tx, page), named)
    done.named[page.id] = {row.id for row in named}


def _list_rows(tx: Transaction, page: Page) -> Sequence[Component]:
    """All that there is, what was retired last: a file that names it brings it back."""
    every = select(Component).where(Component.page_id == page.id)
    return tx.session.scalars(every.order_by(Component.retired_at.is_not(None), Component.id)).all()


def _put_behind(rows: Sequence[Component], named: Sequence[Component]) -> None:
    """What the file does not name stands behind what it names."""
    for group_id in {row.group_id for row in rows}:
        siblings = in_order(rows, group_id)
        number(sorted(siblings, key=lambda row: row not in named))


def _list_movable(seeds: Sequence[ComponentSeed], rows: Sequence[Component]) -> list[Component]:
    """Components that the file does not name where they are, though it lists what is there."""
    shown = [row for row in rows if row.retired_at is None]
    listed = {row.name: row.id for row in shown if row.group and row.name in {seed.name for seed in seeds}}
    named: set[tuple[str, str | None]] = {(seed.name, None) for seed in seeds}
    named |= {(part.name, listed.get(seed.name)) for seed in seeds for part in seed.components or ()}
    places = {None, *listed.values()}
    return [row for row in shown if row.group_id in places and (row.name, row.group_id) not in named]


def _refuse_scattered(tx: Transaction, page: Page) -> None:
    rows = {row.id: row for row in _list_rows(tx, page)}
    for row in rows.values():
        if row.retired_at is None and row.group_id is not None and not rows[row.group_id].group:
            raise ConflictError(
                f"“{rows[row.group_id].name}” is no group in this file, and “{row.name}” is in it.",
                "List its components as well, where they are to be.",
            )


def _plant_component(
    tx: Transaction,
    page: Page,
    seed: ComponentSeed,
    position: int,
    group_id: str | None,
    rows: tuple[Sequence[Component], list[Component]],
    done: Planted,
) -> Component:
    values: dict[str, Any] = {
        "name": seed.name,
        "description": seed.description,
        "position": position,
        "group": seed.components is not None,
        "showcase": seed.showcase,
        "only_show_if_degraded": seed.only_show_if_degraded,
        "automation_email": seed.automation_email,
        "start_date": seed.start_date,
    }
    said = _said(values, seed.takes_back) | {"group_id": group_id, "retired_at": None}
    row = _find_component(tx, page, seed, group_id, *rows)
    label = f"component {seed.name} of page {page.name}"
    if row is not None:
        _change(tx, row, said, label, done)
        return row
    Addresses(tx.session).refuse_taken(Component.id, seed.id)
    row = Component(
        id=seed.id or new_id(),
        page_id=page.id,
        status=seed.status,
        created_at=tx.now,
        updated_at=tx.now,
        **said,
    )
    tx.session.add(row)
    tx.session.flush()
    done.made.append(label)
    return row


def _find_component(
    tx: Transaction,
    page: Page,
    seed: ComponentSeed,
    group_id: str | None,
    rows: Sequence[Component],
    movable: list[Component],
) -> Component | None:
    if seed.id is not None:
        row = tx.session.get(Component, seed.id)
        if row is not None:
            if row.page_id != page.id:
                raise ConflictError(f"The id {seed.id} belongs to a component of another page.", "Leave it out.")
            return row
    found = next((row for row in rows if (row.name, row.group_id) == (seed.name, group_id)), None)
    if found is None and seed.id is None:
        elsewhere = [row for row in movable if row.name == seed.name]
        if len(elsewhere) == 1:
            found = elsewhere[0]
            movable.remove(found)
    _refuse_other_id(found, seed.id, seed.name)
    return found


def _refuse_other_id(row: Page | Component | None, wanted: str | None, name: str) -> None:
    if row is not None and wanted is not None and row.id != wanted:
        raise ConflictError(
            f"“{name}” is here already, with the id {row.id}.", f"Give it that id instead of {wanted}."
        )


def _change(tx: Transaction, row: Page | Component, said: dict[str, Any], label: str, done: Planted) -> None:
    different = {name: value for name, value in said.items() if getattr(row, name) != value}
    if not different:
        done.left += 1
        return
    for name, value in different.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = tx.now
    tx.session.flush()
    done.changed.append(label)


_UNSET: dict[str, Any] = {
    **dict.fromkeys(("subdomain", "domain", "url", "page_description", "announcement_channel")),
    "time_zone": "UTC",
    "second_person": SecondPerson.NEVER,
    "second_person_skipped_by": None,
    "api_posts": ApiPosts.PUBLISH,
    **dict.fromkeys(("description", "automation_email", "start_date")),
    "showcase": True,
    "only_show_if_degraded": False,
}
"""What a field is that no file ever set."""


def _said(values: dict[str, Any], takes_back: Collection[str]) -> dict[str, Any]:
    """What a seed says of these fields: their values, and those that are as if they had never been set."""
    given = {name: value for name, value in values.items() if value is not None}
    return given | {name: _UNSET[name] for name in takes_back if name in values and name in _UNSET}


def _without(configuration: dict[str, Any], takes_back: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in configuration.items() if name not in takes_back}
