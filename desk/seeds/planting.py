"""A seed put into the database: what is missing is made, what differs is changed, no page or component is removed."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.errors import ConflictError
from desk.identifiers import new_id
from desk.masking import refuse_secrets
from desk.pages.addresses import Addresses
from desk.pages.pages import find_organization, lock_organization, name_organization
from desk.permissions import require_owner
from desk.seeds.changes import Planted, change_row, refuse_other_id, said_of, without
from desk.seeds.components import ComponentPlanting
from desk.seeds.shape import PageSeed, Seed
from desk.transaction import Transaction, pages_changed
from storage.models import Page


def plant_seed(tx: Transaction, seed: Seed, *, restores: bool = False) -> Planted:
    """Make the organization, pages and components of a seed; once they are there, bring them up to date.

    A page is known by its id, else its subdomain, else its name; a component by its id, else its name within its
    group, else its name where the page has it once: then it moves. What the seed does not mention stays, and so does
    the status of a component that is there; what it names and leaves empty is as if it had never been set. What was
    retired stays so, unless the planting `restores`: somebody decided that after the file was written. Raises
    ConflictError when an id belongs to another thing, and InvalidInputError for a secret in it.
    """
    require_owner(tx)
    refuse_secrets(*_list_texts(asdict(seed)))
    # Names and domains are looked for before they are written, so whoever plants waits here for whoever does.
    lock_organization(tx.session)
    done = Planted()
    _plant_organization(tx, seed, done)
    for page in seed.pages:
        _plant_page(tx, page, done, restores=restores)
    if done.made or done.changed or done.restored:
        pages_changed(tx)
    return done


def _list_texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ()
    for one in parts:
        yield from _list_texts(one)


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


def _plant_page(tx: Transaction, seed: PageSeed, done: Planted, *, restores: bool) -> None:
    before = [len(names) for names in (done.made, done.changed, done.restored)]
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
        "reminder_intervals": seed.reminder_intervals,
        "configuration": without(page.configuration if page is not None else {}, seed.takes_back)
        | seed.configuration,
    }
    said = said_of(values, seed.takes_back)
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
        change_row(tx, page, said, done.changed, f"page {seed.name}", done)
    ComponentPlanting(tx, page, seed.components, restores=restores).plant(done)
    made, changed, restored = done.made[before[0] :], done.changed[before[1] :], done.restored[before[2] :]
    if made or changed or restored:
        facts = {"made": made, "changed": changed} | ({"restored": restored} if restored else {})
        record(tx, Action.PAGE_SEEDED, "page", page.id, name=page.name, **facts)


def _find_page(tx: Transaction, seed: PageSeed) -> Page | None:
    if seed.id is not None:
        page = tx.session.get(Page, seed.id)
        if page is not None:
            Addresses(tx.session).refuse_subdomain(page, seed.subdomain)
            return page
    known = Page.subdomain == seed.subdomain if seed.subdomain is not None else Page.name == seed.name
    page = tx.session.scalars(select(Page).where(known).order_by(Page.created_at, Page.id)).first()
    refuse_other_id(page, seed.id, seed.name)
    return page
