"""Requests for keys: made, looked at and taken back. To decide on them is for owners, in Slack."""

from collections.abc import Mapping

from desk.acting_keys import acting_key
from desk.people import get_answerer, subject_word
from desk.requests.lookup import get_request, list_pending_requests
from desk.requests.offers import policy_here
from desk.requests.requests import make_request, withdraw
from desk.requests.terms import complete_asked
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Part, Shape, part_of
from handlers.http.own.shapes.requests import Request, request_of


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of what waits for a decision."""
    pending, wanted = list_pending_requests(tx), asked.query
    items = [request_of(tx, one) for one in part_of(pending, wanted)]
    return Part[Request](items=items, total=len(pending), page=wanted.page, per_page=wanted.per_page)


def show(tx: Transaction, asked: Asked) -> Shape:
    """One request."""
    return request_of(tx, get_request(tx, asked.path["request_id"]))


def ask(tx: Transaction, asked: Asked) -> Shape:
    """Ask for a key, in somebody's name."""
    body = asked.body
    requester = _person(tx, body.requester) or acting_key(tx).holder_id
    wanted = complete_asked(
        policy_here(tx),
        requester or "",
        name=body.name,
        purpose=body.purpose,
        scopes=body.scopes,
        pages=None if body.pages is None else tuple(body.pages),
        components=None if body.components is None else tuple(body.components),
        networks=None if body.networks is None else tuple(body.networks),
        lifetime_days=body.lifetime_days,
        holder_id=_person(tx, body.holder),
    )
    return request_of(tx, make_request(tx, wanted, requester_id=requester, client_token=body.client_token))


def _person(tx: Transaction, word: str | None) -> str | None:
    return get_answerer(tx.session, subject_word(word)) if word is not None else None


def take_back(tx: Transaction, asked: Asked) -> Shape:
    """Withdraw a request of the acting key's holder."""
    return request_of(tx, withdraw(tx, asked.path["request_id"]))


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", "requests"): list_,
    ("POST", "requests"): ask,
    ("GET", "requests/{request_id}"): show,
    ("POST", "requests/{request_id}/withdraw"): take_back,
}
