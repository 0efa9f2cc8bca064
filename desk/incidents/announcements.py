"""Incidents in the page's Slack channel: a head message that shows the present state, a thread of what was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from desk.errors import NotFoundError
from desk.incidents.drafts.decision import role_of
from desk.incidents.inputs import ENDED
from desk.messages.dead_letters import revive_delivery
from desk.messages.outbox import AudiencePlace, find_card, places_of, refresh_card, send_card, send_reply
from desk.permissions import require_insider, require_person, require_role
from desk.transaction import Transaction
from storage.models import Audience, DeliveryStatus, Incident, IncidentComponent, IncidentUpdate, Page, SlackMessage
from storage.models import Delivery as DeliveryRow

HEAD_CARD = "incident.head"
"""The kind of the message that shows an incident as it is; its subject is the incident."""
UPDATE_CARD = "incident.said"
"""The kind of a message in its thread; its subject is the update."""
ALONE_CARD = "incident.alone"
"""Says in the thread that the second person was skipped; its subject is the draft."""


class DeliveryState(StrEnum):
    """Where an announcement stands."""

    QUEUED = "queued"
    POSTED = "posted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far the announcement of an incident or of one of its updates got."""

    state: DeliveryState
    message_id: str
    kind: str
    subject_id: str
    error: str
    """Slack's last error code; empty when there was none."""
    channel_id: str
    ts: str
    """Where it is in Slack; empty until it is there."""


def channel_of(tx: Transaction, page: Page) -> AudiencePlace | None:
    """The channel in which a page's incidents are announced; None: nobody can be notified of them."""
    return next(iter(places_of(tx, Audience.ANNOUNCEMENTS, page)), None)


def announce(tx: Transaction, incident: Incident, said: IncidentUpdate | None) -> None:
    """Show the incident as it is in its page's channel, and what was said in its thread. Of the past, nothing.

    What is said quietly, or says nothing, posts no message: where there is a head already it is edited, of which
    nobody is notified. Where the page had another channel before, the head there goes on showing how things stand.
    """
    if incident.backfilled:
        return
    page = tx.session.get_one(Page, incident.page_id)
    channel = channel_of(tx, page) if said is not None and said.deliver_notifications else None
    places = [*([channel] if channel else []), *_list_places(tx, incident.id)]
    send_card(tx, HEAD_CARD, incident.id, places, name=incident.name, page_id=incident.page_id)
    head = find_card(tx, HEAD_CARD, incident.id, channel) if channel else None
    if said is not None and head is not None:
        send_reply(tx, UPDATE_CARD, said.id, head)
    elif said is not None:
        refresh_card(tx, UPDATE_CARD, said.id)


def _list_places(tx: Transaction, incident_id: str) -> Sequence[str]:
    """The conversations in which the incident has a head message."""
    heads = (SlackMessage.kind == HEAD_CARD, SlackMessage.subject_id == incident_id)
    return tx.session.scalars(select(SlackMessage.conversation).where(*heads).order_by(SlackMessage.created_at)).all()


def announce_beside(tx: Transaction, affected: Sequence[Mapping[str, Any]], *, but: str | None = None) -> None:
    """Show again the other open incidents that are about components whose states changed."""
    changed = [one["code"] for one in affected if one["old_status"] != one["new_status"]]
    if not changed:
        return
    about = select(IncidentComponent.incident_id).where(IncidentComponent.component_id.in_(changed))
    beside = (Incident.id.in_(about), Incident.status.not_in(list(ENDED)), Incident.id != (but or ""))
    for incident_id in tx.session.scalars(select(Incident.id).where(*beside).order_by(Incident.id)).all():
        refresh_card(tx, HEAD_CARD, incident_id)


def announce_deletion(tx: Transaction, incident: Incident) -> None:
    """Let the head message say that the incident was deleted."""
    refresh_card(tx, HEAD_CARD, incident.id)


def announce_alone(tx: Transaction, incident: Incident, draft_id: str, *, others: Sequence[str]) -> None:
    """Say that somebody published without a second person because the impact is critical: in the thread or, where
    there is none, to the `others` who may publish."""
    channel = channel_of(tx, tx.session.get_one(Page, incident.page_id))
    head = find_card(tx, HEAD_CARD, incident.id, channel) if channel else None
    facts: dict[str, Any] = {"incident_id": incident.id, "by": str(tx.actor)}
    if head is not None:
        send_reply(tx, ALONE_CARD, draft_id, head, **facts)
    else:
        send_card(tx, ALONE_CARD, draft_id, others, **facts)


def list_deliveries(tx: Transaction, incident_id: str) -> Sequence[Delivery]:
    """How far each announcement of an incident got: the head first, then its updates, the oldest first."""
    require_insider(tx)
    heads = select(SlackMessage.id).where(SlackMessage.kind == HEAD_CARD, SlackMessage.subject_id == incident_id)
    messages = tx.session.scalars(
        select(SlackMessage)
        .where(SlackMessage.id.in_(heads) | SlackMessage.thread_of.in_(heads))
        .order_by(SlackMessage.thread_of.is_not(None), SlackMessage.created_at, SlackMessage.id)
    ).all()
    rows = tx.session.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.subject.in_([message.id for message in messages]))
        .order_by(DeliveryRow.id)
    ).all()
    latest = {row.subject: row for row in rows}
    waiting = {DeliveryStatus.PENDING: DeliveryState.QUEUED, DeliveryStatus.SENDING: DeliveryState.QUEUED}
    states = waiting | {DeliveryStatus.DEAD: DeliveryState.FAILED, DeliveryStatus.DROPPED: DeliveryState.FAILED}
    found = []
    for message in messages:
        row = latest.get(message.id)
        state = states.get(DeliveryStatus(row.status), DeliveryState.POSTED) if row else DeliveryState.POSTED
        found.append(
            Delivery(
                state=state,
                message_id=message.id,
                kind=message.kind,
                subject_id=message.subject_id,
                error=(row.last_error or "") if row else "",
                channel_id=message.channel_id or "",
                ts=message.ts or "",
            )
        )
    return found


def retry_announcement(tx: Transaction, message_id: str) -> None:
    """Try an announcement again that was given up, from the first attempt. For who may publish such an incident.

    Raises NotFoundError, NotAllowedError, or ConflictError when it is settled already.
    """
    message = tx.session.get(SlackMessage, message_id)
    head = tx.session.get(SlackMessage, message.thread_of) if message and message.thread_of else message
    if head is None or head.kind != HEAD_CARD:
        raise NotFoundError("That announcement is not known any more.", "Nothing needs to be done.")
    incident = tx.session.get(Incident, head.subject_id)
    if incident is None:
        raise NotFoundError("That incident was deleted.", "Nothing needs to be done.")
    require_role(tx, role_of(incident), incident.page_id)
    require_person(tx)
    revive_delivery(tx, message_id)
