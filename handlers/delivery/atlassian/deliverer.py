"""The deliverer of a Statuspage elsewhere: brings what was done here to pages that it keeps."""

from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from desk.clock import Clock
from desk.incidents.elsewhere.changes import find_creation, find_status, is_outdated, list_said_after
from desk.incidents.elsewhere.forms import COMPONENTS
from desk.incidents.elsewhere.refused import note_given_up
from desk.transaction import Transaction
from handlers.delivery.atlassian.calls import FindConnection, StatuspageCalls
from handlers.delivery.atlassian.parcels import PARCELS, Correcting, Hindered, Parcel, Vanished
from handlers.delivery.deliverer import DeliveryError, Drawn, Trouble
from handlers.upstream.client import UpstreamClient
from storage.models import (
    ChangeKind,
    DeliveryStatus,
    Incident,
    IncidentUpdate,
    Page,
    UpstreamChange,
)
from storage.outbox import Claim

NOT_THERE = "incident_not_there"
OUTDATED = "said_later"
_GIVEN_UP = (DeliveryStatus.DEAD, DeliveryStatus.DROPPED)
_SAYING = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.STEP})


class AtlassianDeliverer:
    """Delivers changes to Statuspages elsewhere, each sent as it was made and without what is out of date by now.

    `client` must make each call once.
    """

    def __init__(
        self,
        client: UpstreamClient,
        find: FindConnection,
        clock: Clock,
        *,
        on_refused: Callable[[str, str], None],
        lanes: int = 4,
        timeout: timedelta = timedelta(seconds=12),
    ) -> None:
        self.lanes = lanes
        self.pace = timedelta()
        """How many calls a minute it takes, its budget knows."""
        self.timeout = timeout
        self._clock = clock
        self._calls = StatuspageCalls(client, find, on_refused=on_refused, timeout=timeout)

    def draw(self, tx: Transaction, claim: Claim) -> Drawn:
        """What is to be done there."""
        change = tx.session.get_one(UpstreamChange, claim.subject)
        page = tx.session.get_one(Page, change.page_id)
        what = _line_of(change, page)
        incident = tx.session.get(Incident, change.incident_id) if change.incident_id else None
        make = partial(
            self._make, claim, change, known=_list_known(tx, change), mark={"incident": change.incident_id or ""}
        )
        kind = ChangeKind(change.kind)
        if kind is ChangeKind.STATES:
            form = _still_meant(tx, change)
            return Drawn(make(PARCELS[kind], form=form) if form[COMPONENTS] else None, what)
        if kind is ChangeKind.CREATE and incident is not None:
            return Drawn(make(PARCELS[kind], form=_still_meant(tx, change)), what)
        if kind is ChangeKind.CREATE:
            return Drawn(make(Vanished, form=change.body) if claim.uncertain_since else None, what)
        creation = find_creation(tx.session, change.incident_id or "")
        upstream_id = change.body.get("id") or (incident.upstream_id if incident is not None else None)
        upstream_id = upstream_id or (creation.upstream_id if creation is not None else None)
        at = f"/v1/pages/{page.id}/incidents/{upstream_id}" if upstream_id else ""
        if kind is ChangeKind.DELETE:
            if not at and creation is None:
                return Drawn(None, what)
            form = {"since": creation.created_at.isoformat()} if creation is not None else {}
            return Drawn(make(PARCELS[kind], form=form, at=at), what)
        if incident is None or (kind is ChangeKind.STEP and incident.status != change.body.get("status")):
            # It was deleted, or people took it further.
            return Drawn(None, what)
        if not at:
            return Drawn(make(Hindered, form={}, failure=_why_not_there(tx, creation)), what)
        if is_outdated(tx.session, change):
            failure = DeliveryError(Trouble.MESSAGE, "draw", OUTDATED)
            return Drawn(make(Hindered, form={}, failure=failure), what)
        if kind is ChangeKind.CORRECT:
            return Drawn(make(Correcting, form=change.body, at=at, **_before_correction(tx, change)), what)
        return Drawn(make(PARCELS[kind], form=_still_meant(tx, change), at=at), what)

    def given_up(self, tx: Transaction, claim: Claim, error: str) -> None:
        """Tell who wrote it."""
        note_given_up(tx, claim.subject, error)

    def _make(self, claim: Claim, change: UpstreamChange, parcel: type[Parcel], **values: Any) -> Parcel:
        return parcel(
            call=partial(self._calls.call, claim.organization_id),
            clock=self._clock,
            change_id=change.id,
            page=f"/v1/pages/{change.page_id}",
            page_id=change.page_id,
            **values,
        )


def _why_not_there(tx: Transaction, creation: UpstreamChange | None) -> DeliveryError:
    status = find_status(tx.session, creation) if creation is not None else None
    if status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING):
        # Somebody lets it be tried again; it has its turn before this one.
        return DeliveryError(Trouble.WAIT, "draw", NOT_THERE, wait=timedelta(seconds=5))
    return DeliveryError(Trouble.MESSAGE, "draw", NOT_THERE)


def _still_meant(tx: Transaction, change: UpstreamChange) -> dict[str, Any]:
    """What a change says, without states that somebody has said anew and that are there already."""
    form = dict(change.body)
    if COMPONENTS in form:
        later = list_said_after(tx.session, change)
        states = {one: state for one, state in form[COMPONENTS].items() if one not in later}
        if states or change.kind == ChangeKind.STATES:
            form[COMPONENTS] = states
        else:
            del form[COMPONENTS]
    return form


def _list_known(tx: Transaction, change: UpstreamChange) -> Collection[str]:
    others = select(IncidentUpdate.upstream_id).where(
        IncidentUpdate.incident_id == change.incident_id,
        IncidentUpdate.upstream_id.is_not(None),
        IncidentUpdate.id != (change.update_id or ""),
    )
    return frozenset(one for one in tx.session.scalars(others) if one)


def _before_correction(tx: Transaction, change: UpstreamChange) -> dict[str, Any]:
    said = tx.session.get(IncidentUpdate, change.update_id) if change.update_id else None
    saying = select(UpstreamChange).where(
        UpstreamChange.update_id == change.update_id, UpstreamChange.kind.in_(_SAYING)
    )
    first = tx.session.scalars(saying.where(UpstreamChange.there_at.is_not(None))).first()
    return {
        "said_id": said.upstream_id if said is not None else None,
        "said_before": {name: first.body.get(name) for name in ("status", "body")} if first is not None else {},
    }


def _line_of(change: UpstreamChange, page: Page) -> str:
    """What a change does, in a line, for owners."""
    words = change.body.get("body") or change.body.get("body_draft") or ""
    line = f"{_DEEDS[ChangeKind(change.kind)]} “{change.name}” on {page.name}"
    return f"{line}: {words}" if words else line


_DEEDS = {
    ChangeKind.CREATE: "Open",
    ChangeKind.UPDATE: "Update",
    ChangeKind.STEP: "Carry on with",
    ChangeKind.CORRECT: "Correct an update of",
    ChangeKind.DELETE: "Delete",
    ChangeKind.STATES: "Change the states of",
    ChangeKind.WRITE_POSTMORTEM: "Draft the postmortem of",
    ChangeKind.PUBLISH_POSTMORTEM: "Publish the postmortem of",
    ChangeKind.REVERT_POSTMORTEM: "Take back the postmortem of",
    ChangeKind.DELETE_POSTMORTEM: "Delete the postmortem of",
}
