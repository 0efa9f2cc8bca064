"""Requests for keys."""

from collections.abc import Sequence

from pydantic import Field

from desk.requests.lookup import extent_of, status_of
from desk.transaction import Transaction
from handlers.http.own.shapes.base import Days, Given, Instant, Shape, Words
from storage.models import KeyRequest, Scope


class Ask(Given):
    """The key that is wanted."""

    name: Words
    purpose: Words
    scopes: list[Scope] = Field(min_length=1)
    pages: list[str] | None = Field(None, min_length=1, description="Page ids; null: all pages.")
    components: list[str] | None = Field(None, min_length=1, description="Ids of components; null: any.")
    networks: list[Words] | None = Field(None, min_length=1, description="Addresses or CIDR; null: anywhere.")
    lifetime_days: Days | None = Field(None, description="null: as policy says.")
    requester: Words | None = Field(
        None,
        description="The Slack id, name or handle of whoever is told and collects; null: the holder of your key.",
    )
    holder: Words | None = Field(None, description="Who is to answer for the key; null: whoever asks.")
    client_token: str | None = Field(
        None, max_length=64, description="Names this request: the same one twice makes one request."
    )


class Request(Shape):
    """A key that somebody asked for."""

    id: str
    status: str
    requester_id: str
    holder_id: str
    name: str
    purpose: str
    scopes: Sequence[str]
    pages: Sequence[str] | None
    components: Sequence[str] | None
    networks: Sequence[str] | None
    lifetime_days: int
    created_at: Instant
    expires_at: Instant
    approvals_needed: int
    decided_at: Instant | None
    decided_by: str | None
    decision_reason: str | None


def request_of(tx: Transaction, request: KeyRequest) -> Request:
    """A request as it stands, with what was granted or can be."""
    extent = extent_of(request)
    own = {name: getattr(request, name) for name in Request.model_fields}
    return Request(
        **own
        | {
            "status": str(status_of(request, tx.now)),
            "scopes": extent.scopes,
            "pages": extent.pages,
            "components": extent.components,
            "networks": extent.networks,
            "lifetime_days": extent.lifetime_days,
        }
    )
