"""What the acting key has said and a person reads first: its own drafts, and nobody else's.

Whether one is published is decided in Slack."""

from collections.abc import Mapping

from desk.incidents.drafts.drafts import discard_draft
from desk.incidents.drafts.posting import get_own_draft, list_own_drafts
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Part, Shape, part_of
from handlers.http.own.shapes.incidents import DraftShown, draft_of


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of those that nobody has decided on."""
    own, wanted = list_own_drafts(tx), asked.query
    items = [draft_of(one) for one in part_of(own, wanted)]
    return Part[DraftShown](items=items, total=len(own), page=wanted.page, per_page=wanted.per_page)


def show(tx: Transaction, asked: Asked) -> Shape:
    """One, whatever became of it."""
    return draft_of(get_own_draft(tx, asked.path["draft_id"]))


def discard(tx: Transaction, asked: Asked) -> Shape:
    """Throw one away."""
    return draft_of(discard_draft(tx, get_own_draft(tx, asked.path["draft_id"]).id))


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", "drafts"): list_,
    ("GET", "drafts/{draft_id}"): show,
    ("POST", "drafts/{draft_id}/discard"): discard,
}
