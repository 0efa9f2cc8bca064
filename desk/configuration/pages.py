"""A page's name, addresses, texts, look and policy, changed. For who configures the page."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from desk.audit import trail as audit
from desk.configuration.lookup import get_configurable_page
from desk.configuration.page_fields import COLUMNS, PICTURES, POLICY_FIELDS, check_page_fields, is_policy
from desk.errors import ConflictError
from desk.incidents.reminders import lock_reminded, replan_reminder
from desk.pages.addresses import Addresses
from desk.pages.pages import lock_organization
from desk.permissions import require_role
from desk.transaction import Transaction, pages_changed
from storage.models import Page, Role


def edit_page(tx: Transaction, page_id: str, settings: Mapping[str, Any], *, version: int | None = None) -> Page:
    """Change what is named of a page, under the names of `PAGE_SETTINGS`; what is as it was is no change.

    With `version`, the one that the actor saw, nothing that somebody else did since is lost. No key changes the rules
    by which incidents are published: it could get round them. Raises NotFoundError, NotAllowedError, ConflictError,
    and InvalidInputError whose `field` names what cannot be.
    """
    get_configurable_page(tx, page_id, policy_only=is_policy(settings))
    if any(name in POLICY_FIELDS for name in settings):
        require_role(tx, Role.PAGE_CONFIGURATION, page_id)
    values = check_page_fields(settings)
    # Names and domains are looked for before they are written, as by whoever plants a file.
    lock_organization(tx.session)
    reminded = lock_reminded(tx, page_id) if "reminder_intervals" in values else ()
    locked = select(Page).where(Page.id == page_id).with_for_update(key_share=True)
    page = tx.session.scalars(locked, execution_options={"populate_existing": True}).one()
    if version not in (None, page.version):
        raise ConflictError("Somebody changed this page since you looked.", "Look at how it is now.")
    before = {name: read_setting(page, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return page
    if "subdomain" in changed:
        Addresses(tx.session).refuse_subdomain(page, changed["subdomain"])
    if "domain" in changed:
        Addresses(tx.session).refuse_domain(page, changed["domain"])
    _keep(page, changed)
    for incident in reminded if "reminder_intervals" in changed else ():
        replan_reminder(tx, incident)
    page.version += 1
    page.updated_at = tx.now
    tx.session.flush()
    pages_changed(tx)
    was = {name: before[name] for name in changed}
    audit.record(tx, audit.Action.PAGE_EDITED, "page", page.id, name=page.name, before=_fit(was), after=_fit(changed))
    return page


def read_setting(page: Page, name: str) -> Any:
    """What a page's setting of this name is; None where it is not set."""
    return getattr(page, name) if name in COLUMNS else page.configuration.get(name)


def _keep(page: Page, changed: Mapping[str, Any]) -> None:
    for name in changed.keys() & set(COLUMNS):
        setattr(page, name, changed[name])
    settings = {**page.configuration, **{name: value for name, value in changed.items() if name not in COLUMNS}}
    page.configuration = {name: value for name, value in settings.items() if value is not None}


def _fit(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the audit trail keeps them: of a picture, how large it is."""
    return {
        name: f"{len(value)} characters" if name in PICTURES and value else value for name, value in values.items()
    }
