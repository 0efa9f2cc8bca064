"""What a Statuspage elsewhere did not take: put before who wrote it, tried again on their word, or let go."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.errors import ConflictError, NotFoundError
from desk.incidents.announcements import HEAD_CARD
from desk.incidents.drafts.decision import role_of
from desk.incidents.elsewhere.changes import is_outdated, show_change
from desk.messages.dead_letters import drop_dead, revive_delivery
from desk.messages.outbox import list_cards, send_note
from desk.messages.subjects import THE_READER, Thing, add_shown
from desk.people import is_reachable
from desk.permissions import Duty, require_duty, require_insider, require_person, require_role
from desk.transaction import ActorKind, Transaction
from storage.models import (
    Channel,
    Delivery,
    DeliveryStatus,
    DraftStatus,
    Incident,
    IncidentDraft,
    Role,
    UpstreamChange,
)

REFUSED_NOTE = "upstream.refused"
"""Said to who wrote something that a Statuspage elsewhere did not take; its subject begins with the change. Facts:
`error`, what it said."""
_SETTLED = (DeliveryStatus.DEAD, DeliveryStatus.DROPPED)


class Standing(StrEnum):
    """How far a change got."""

    QUEUED = "queued"
    THERE = "there"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change got at the Statuspage that keeps its page."""

    change: UpstreamChange
    standing: Standing
    error: str
    """What was last said against it; empty when nothing was."""


def list_progress(tx: Transaction, incident_id: str) -> Sequence[Progress]:
    """How far each change of an incident got, in the order in which they were made; lately made ones only."""
    require_insider(tx)
    rows = tx.session.execute(
        select(UpstreamChange, Delivery)
        .outerjoin(Delivery, Delivery.subject == UpstreamChange.id)
        .where(UpstreamChange.incident_id == incident_id)
        .order_by(UpstreamChange.created_at, Delivery.id)
    ).all()
    return [_progress_of(change, delivery) for change, delivery in rows]


def find_progress(tx: Transaction, change_id: str) -> Progress | None:
    """The same of one change; None when it is not known any more."""
    require_insider(tx)
    change = tx.session.get(UpstreamChange, change_id)
    if change is None:
        return None
    delivery = select(Delivery).where(Delivery.subject == change_id).order_by(Delivery.id.desc()).limit(1)
    return _progress_of(change, tx.session.scalars(delivery).first())


def _progress_of(change: UpstreamChange, delivery: Delivery | None) -> Progress:
    error = (delivery.last_error or "") if delivery is not None else ""
    if change.there_at is not None or delivery is None or delivery.status == DeliveryStatus.SENT:
        return Progress(change, Standing.THERE, "")
    return Progress(change, Standing.FAILED if delivery.status in _SETTLED else Standing.QUEUED, error)


def note_given_up(tx: Transaction, change_id: str, error: str) -> None:
    """A change was given up: who wrote it is told in a message of its own, and every message that shows it."""
    require_duty(tx, Duty.DELIVERY)
    change = tx.session.get(UpstreamChange, change_id)
    if change is None:
        return
    for card in list_cards(tx, HEAD_CARD, change.incident_id or ""):
        # Somebody may have it tried again, or dropped, from the owners' card.
        add_shown(tx, card, (Thing.DELIVERY, change.id))
    send_note(tx, REFUSED_NOTE, change.id, _authors(tx, change), shows=[THE_READER], error=error)
    show_change(tx, change)


def _authors(tx: Transaction, change: UpstreamChange) -> Sequence[str]:
    """Who published it, and who wrote it where that was somebody else; those of them who read Slack."""
    published = (
        IncidentDraft.incident_id == change.incident_id,
        IncidentDraft.status == DraftStatus.PUBLISHED,
        IncidentDraft.decided_at == change.created_at,
    )
    kind, _, author = change.author.partition(":")
    wrote = tx.session.scalars(select(IncidentDraft.author_id).where(*published)).all()
    people = [author if kind == ActorKind.MEMBER else "", *wrote]
    return [one for one in dict.fromkeys(people) if one and ":" not in one and is_reachable(tx, one)]


def retry_changes(tx: Transaction, change_id: str) -> None:
    """Try a change again that was given up and, of the same incident, whatever else was. For who may publish such.

    Raises NotFoundError, NotAllowedError, or ConflictError when it is settled already, or newer words are there.
    """
    change = get_given_up(tx, change_id)
    for one in _list_given_up(tx.session, change):
        if not is_outdated(tx.session, one):
            revive_delivery(tx, one.id)
            show_change(tx, one)


def get_given_up(tx: Transaction, change_id: str) -> UpstreamChange:
    """A change that was given up and may be tried again by the actor. Raises as `retry_changes`."""
    change = tx.session.get(UpstreamChange, change_id)
    if change is None:
        raise NotFoundError("That is not known any more.", "Nothing needs to be done.")
    incident = tx.session.get(Incident, change.incident_id) if change.incident_id else None
    if change.incident_id is not None and incident is None:
        raise NotFoundError("That incident was deleted.", "Nothing needs to be done.")
    require_role(tx, role_of(incident) if incident is not None else Role.PAGE_CONFIGURATION, change.page_id)
    require_person(tx)
    if change not in _list_given_up(tx.session, change):
        raise ConflictError("That was settled already.", "Nothing needs to be done.")
    if is_outdated(tx.session, change):
        raise ConflictError(
            "Something newer was said of it meanwhile, and these words would come behind it.",
            "Say in a new update what readers should know.",
        )
    return change


def _list_given_up(session: Session, change: UpstreamChange) -> Sequence[UpstreamChange]:
    same = UpstreamChange.id == change.id
    if change.incident_id is not None:
        same = UpstreamChange.incident_id == change.incident_id
    dead = (Delivery.status == DeliveryStatus.DEAD, Delivery.channel == Channel.ATLASSIAN)
    rows = select(UpstreamChange).join(Delivery, Delivery.subject == UpstreamChange.id).where(same, *dead)
    return session.scalars(rows.order_by(Delivery.id)).all()


def drop_changes(tx: Transaction, incident_id: str) -> None:
    """Never try again what was given up of an incident that is deleted."""
    rows = select(UpstreamChange.id).where(UpstreamChange.incident_id == incident_id)
    for change_id in tx.session.scalars(rows.order_by(UpstreamChange.created_at)).all():
        drop_dead(tx, change_id)
