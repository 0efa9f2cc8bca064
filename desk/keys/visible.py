"""Which keys somebody may see."""

from sqlalchemy import ColumnElement, String, cast, false, select

from desk.keys.rules import Means, person_of
from desk.transaction import Transaction
from storage.models import ApiKey, Page


def visible_to_actor(tx: Transaction) -> list[ColumnElement[bool]]:
    """What holds of them: owners see all, others those they answer for, and a key those that reach no further."""
    person = person_of(tx)
    if person.means is not None:
        return _within(tx, person.means)
    if person.is_owner:
        return []
    return [ApiKey.holder_id == person.user_id if person.is_member else false()]


def _within(tx: Transaction, means: Means) -> list[ColumnElement[bool]]:
    """Keys that reach no further than the one that acts."""
    if not means.reads:
        return [false()]
    if means.reach.pages is None:
        return []
    beyond = tx.session.scalars(select(Page.id).where(Page.id.not_in(means.reach.pages)))
    return [ApiKey.pages.is_not(None), *(~is_for(page_id) for page_id in beyond)]


def is_for(page_id: str) -> ColumnElement[bool]:
    """Whether a key is for this page, among others or alone."""
    return cast(ApiKey.pages, String).contains(f'"{page_id}"', autoescape=True)
