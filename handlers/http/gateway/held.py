"""Pages whose rule lets a person read first what keys say: it waits in Slack, as if said by Keydesk's own API."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import partial
from typing import Any, NoReturn

from sqlalchemy import or_, select

from desk.errors import NotAllowedError
from desk.incidents.held import PostRule, refusal
from desk.incidents.inputs import ENDED
from desk.transaction import Actor, Desk, Transaction
from handlers.http.answers import Message
from handlers.http.errors import RefusedError, answer_to
from handlers.http.gateway.kinds import Told
from handlers.http.gateway.needs import list_places
from handlers.http.v1.operations import Operation
from handlers.http.v1.routing import Call
from handlers.upstream.client import Body
from storage.models import Incident

_OPENS = ("POST", "pages/{page_id}/incidents")
_INCIDENT = "pages/{page_id}/incidents/{incident_id}"
_SAYS_MORE = f"{_INCIDENT}/incident_updates/{{incident_update_id}}"
_PUBLISHES = f"{_INCIDENT}/postmortem/publish"
_UNREAD = frozenset({"metadata", "deliver_notifications", "wants_twitter_update", "reminder_intervals"})
"""Of what is said of an incident, what no reader of the page sees."""
_OPEN = frozenset({"investigating", "identified", "monitoring", "scheduled", "in_progress", "verifying"})
_SAYS_NO_START = (None, "", "resolved", "completed", "postmortem")
"""What else a status may be, upstream may take for one that opens."""


class Hold(Enum):
    """What becomes of what a key says, before a person has read it."""

    GOES_ON = auto()
    WAITS = auto()
    WAITS_IF_OVER = auto()
    """It waits where the incident is over, since readers take it for a new one."""
    REFUSED = auto()


class WaitsError(Exception):
    """What the call says is not sent: it is for Keydesk's own API, as `call`."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.operation)
        self.call = call


def find_hold(rule: PostRule, operation: Operation | None, body: Mapping[str, Any]) -> Hold:
    """What the page's rule makes of a call that writes. Pure."""
    always, first = rule.holds(is_first_post=False), rule.holds(is_first_post=True)
    if not first:
        return Hold.GOES_ON
    if operation is None:
        # Nobody knows whether somebody reads it.
        return Hold.REFUSED
    if (operation.method, operation.path) == _OPENS:
        return Hold.WAITS
    if operation.path == _PUBLISHES and always:
        # Its words are at Statuspage alone, so that nobody could read them here.
        return Hold.REFUSED
    if operation.path not in (_INCIDENT, _SAYS_MORE) or operation.method == "DELETE":
        return Hold.GOES_ON
    places = list_places(body, "incident_update" if operation.path == _SAYS_MORE else "incident")
    said = {name for place in places for name in place} - {"incident", "incident_update"}
    if always and not said <= _UNREAD:
        return Hold.REFUSED if operation.path == _SAYS_MORE else Hold.WAITS
    opens = any(place.get("status") not in _SAYS_NO_START for place in places)
    return Hold.WAITS_IF_OVER if opens and operation.path == _INCIDENT else Hold.GOES_ON


def is_over(told: Told) -> bool:
    """Whether an incident is over, or nobody knows that it is open."""
    return told.status not in _OPEN


class Held:
    """Lets calls wait. `list_elsewhere` gives the pages that are kept elsewhere, with their rules."""

    def __init__(self, desk: Desk, list_elsewhere: Callable[[], Mapping[str, PostRule]]) -> None:
        self._desk = desk
        self._list_elsewhere = list_elsewhere

    def find(self, page_id: str, operation: Operation | None, body: Mapping[str, Any]) -> Hold:
        """What becomes of a call about a page."""
        rule = self._list_elsewhere().get(page_id)
        return find_hold(rule, operation, body) if rule is not None else Hold.GOES_ON

    async def keep(self, call: Call, body: Body | None, *, reopens: bool = False) -> NoReturn:
        """Raises WaitsError, or RefusedError where nobody could read it here.

        `reopens`: the incident is over, which Keydesk may not have heard yet.
        """
        if not isinstance(body, bytes | None):
            raise refused()
        path = dict(call.path)
        if "incident_id" in path:
            own = self._desk.of(call.key.organization_id)
            find = partial(_find_here, page_id=path["page_id"], there=path["incident_id"], is_over=reopens)
            incident_id = await own.read(Actor.key(call.key.id), find)
            if incident_id is None:
                raise RefusedError(_NOT_FOLLOWED)
            path["incident_id"] = incident_id

        async def replay() -> Message:
            return {"type": "http.request", "body": body or b"", "more_body": False}

        raise WaitsError(call._replace(path=path, receive=replay))


def refused() -> RefusedError:
    """What a key is told that would say something by itself."""
    return RefusedError(answer_to(refusal()))


_NOT_FOLLOWED = answer_to(
    NotAllowedError(
        "On this page a person reads what a key says before it is public, and Keydesk does not follow this incident.",
        "Let somebody write it at Statuspage, or open a new incident.",
    )
)


def _find_here(tx: Transaction, page_id: str, there: str, *, is_over: bool) -> str | None:
    """An incident's id here by its id there."""
    named = or_(Incident.id == there, Incident.upstream_id == there)
    row = tx.session.scalars(select(Incident).where(Incident.page_id == page_id, named).limit(1)).first()
    return row.id if row is not None and (row.status in ENDED or not is_over) else None
