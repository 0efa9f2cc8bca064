"""“Time for an update”: who is reminded, when, and how that is put off.

Whoever spoke last, of those who may still act, is reminded first, the page's channel from then on, and owners where
nobody else may act. Statuspage's `reminder_intervals` of an incident are obeyed, or else those of its page; where
there are none, its impact says how soon.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import false, or_, select, update

from desk.audit import trail as audit
from desk.errors import ConflictError, InvalidInputError
from desk.incidents.announcements import channel_of
from desk.incidents.drafts.decision import role_of
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import list_updates, own_incident
from desk.messages.outbox import refresh_card, send_card
from desk.pages.intervals import reminder_hours
from desk.pages.status import Impact
from desk.permissions import (
    Duty,
    effective_roles,
    list_owner_ids,
    require_duty,
    require_person,
    require_role,
)
from desk.policy import Policy
from desk.roles.lists import list_holders
from desk.transaction import Transaction
from storage.models import Incident, IncidentUpdate, Page, SlackMessage

REMINDER_CARD = "incident.reminder"
"""The kind of a reminder; its subject is `<incident>:<update>:<number>`, the update being the last one until then."""
LONGEST = timedelta(hours=24)
"""Without intervals of its own, an incident reminds nobody later than so long after its last update, or as many
reminders after it as fit into that time."""
_BATCH = 50
_LONGEST_SNOOZE = timedelta(hours=24)


def next_update_due(
    policy: Policy, *, impact: Impact, reminder_intervals: str | None, since: datetime, sent: int
) -> datetime | None:
    """When the next reminder is due, the last update being of `since` and `sent` having gone out since; None: never.

    Pure. By impact the wait doubles with each one.
    """
    if reminder_intervals:
        hours, every = reminder_hours(reminder_intervals)
        if every is not None:
            return since + timedelta(hours=every * (sent + 1))
        return since + timedelta(hours=hours[sent]) if sent < len(hours) else None
    first = {
        Impact.CRITICAL: policy.update_due_after_critical,
        Impact.MAJOR: policy.update_due_after_major,
        Impact.MINOR: policy.update_due_after_minor,
    }.get(impact, policy.update_due_after_none)
    wait = first * 2 ** min(sent, 16)
    return since + wait if sent == 0 or wait <= LONGEST else None


def plan_reminder(tx: Transaction, incident: Incident, said: IncidentUpdate) -> None:
    """Count from `said`, the incident's last update, until somebody is reminded to say something new."""
    incident.reminders_sent = 0
    incident.update_due_at = _due(tx, incident, said.created_at, 0) if _is_watched(incident) else None


def replan_reminder(tx: Transaction, incident: Incident) -> None:
    """Count from the last update as before, but with the impact and the intervals that the incident has now."""
    latest = list_updates(tx.session, [incident.id])[:1]
    if latest and _is_watched(incident):
        incident.update_due_at = _due(tx, incident, latest[0].created_at, incident.reminders_sent)


def lock_reminded(tx: Transaction, page_id: str) -> Sequence[Incident]:
    """The incidents open on a page that go by its intervals, having none of their own; they are ours until the
    commit. Call it before the page is locked, as everybody locks who says something of an incident."""
    without_own = (Incident.page_id == page_id, Incident.reminder_intervals.is_(None))
    open_ones = select(Incident).where(*without_own, Incident.status.not_in(list(ENDED))).order_by(Incident.id)
    # Not the whole row's lock: that would collide with drafts that merely refer to it.
    locked = open_ones.with_for_update(key_share=True).execution_options(populate_existing=True)
    return tx.session.scalars(locked).all()


def settle_reminders(tx: Transaction, incident_id: str) -> None:
    """Let the reminders of an incident show that it was updated since."""
    _refresh(tx, _cards(tx, incident_id, updates=2))


def _refresh(tx: Transaction, cards: Sequence[SlackMessage]) -> None:
    for subject_id in dict.fromkeys(card.subject_id for card in cards):
        refresh_card(tx, REMINDER_CARD, subject_id)


def sweep_reminders(tx: Transaction) -> int:
    """Remind of a batch of incidents whose next update is due; gives how many."""
    require_duty(tx, Duty.TIME)
    due = tx.session.scalars(
        select(Incident)
        .where(Incident.update_due_at <= tx.now, Incident.status.not_in(list(ENDED)))
        .order_by(Incident.id)
        .limit(_BATCH)
        # Not the whole row's lock: that would collide with drafts that merely refer to it.
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    reminded = [incident for incident in due if _remind(tx, incident)]
    for incident in reminded:
        audit.record(tx, audit.Action.INCIDENT_REMINDED, "incident", incident.id, number=incident.reminders_sent)
    return len(due)


def _remind(tx: Transaction, incident: Incident) -> bool:
    latest = list_updates(tx.session, [incident.id])[:1]
    if not latest:
        incident.update_due_at = None
        return False
    said, sent = latest[0], incident.reminders_sent + 1
    # Nobody's version changes: a reminder is no news about the incident.
    won = tx.session.execute(
        update(Incident)
        .where(Incident.id == incident.id, Incident.update_due_at == incident.update_due_at)
        .values(reminders_sent=sent)
        .returning(Incident.id),
        execution_options={"synchronize_session": False},
    ).first()
    if won is None:
        return False
    incident.reminders_sent = sent
    planned, following = (_due(tx, incident, said.created_at, count) for count in (sent - 1, sent))
    # After a downtime, or a snooze, the next one waits as long as if this one had come in time.
    incident.update_due_at = tx.now + (following - planned) if planned and following else None
    tx.session.flush()
    places = _places(tx, incident, sent)
    send_card(tx, REMINDER_CARD, f"{incident.id}:{said.id}:{sent}", places)
    return True


def _is_watched(incident: Incident) -> bool:
    """Whether people wait for an update: not of maintenances, nor of what is over or was written down afterwards."""
    return incident.scheduled_for is None and not incident.backfilled and incident.status not in ENDED


def _due(tx: Transaction, incident: Incident, since: datetime, sent: int) -> datetime | None:
    of_page = select(Page.reminder_intervals).where(Page.id == incident.page_id)
    return next_update_due(
        tx.policy,
        impact=Impact(incident.shown_impact),
        reminder_intervals=incident.reminder_intervals or tx.session.scalar(of_page),
        since=since,
        sent=sent,
    )


def _places(tx: Transaction, incident: Incident, sent: int) -> Sequence[str]:
    """Whoever spoke last of those who may still act, once; then, or where there is none, the channel. Owners where it
    has none, or where nobody else may act: it would be read by people who cannot."""
    if sent == 1 and (speaker := _find_speaker(tx, incident)) is not None:
        return [speaker]
    channel = channel_of(tx, tx.session.get_one(Page, incident.page_id))
    is_for_owners = channel is None or not list_holders(tx, role_of(incident), incident.page_id)
    return [*([channel] if channel else []), *(list_owner_ids(tx) if is_for_owners else [])]


def _find_speaker(tx: Transaction, incident: Incident) -> str | None:
    """The person who spoke last of those who may say the next thing."""
    spoke = [said.created_by.partition(":") for said in list_updates(tx.session, [incident.id])]
    for user_id in dict.fromkeys(user_id for kind, _, user_id in spoke if kind == "member"):
        roles = effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy)
        if roles.has(role_of(incident), incident.page_id):
            return user_id
    return None


def snooze_reminder(tx: Transaction, incident_id: str, span: timedelta) -> Incident:
    """Put the next reminder off by `span`, up to a day. Raises NotAllowedError, ConflictError, InvalidInputError."""
    incident = own_incident(tx.session, incident_id)
    require_role(tx, role_of(incident), incident.page_id)
    require_person(tx)
    if not _is_watched(incident):
        raise ConflictError(f"Nobody is reminded of “{incident.name}” any more.", "Nothing needs to be done.")
    if not timedelta() < span <= _LONGEST_SNOOZE:
        raise InvalidInputError("A reminder can be put off by up to a day.", "Choose a shorter time.")
    incident.update_due_at = tx.now + span
    tx.session.flush()
    cards = _cards(tx, incident_id, updates=1)
    for card in cards:
        card.facts = {
            **card.facts,
            "snoozed_by": str(tx.actor),
            "snoozed_at": tx.now.isoformat(),
            "until": incident.update_due_at.isoformat(),
        }
    _refresh(tx, cards)
    audit.record(
        tx,
        audit.Action.INCIDENT_SNOOZED,
        "incident",
        incident.id,
        until=incident.update_due_at.isoformat(),
    )
    return incident


def _cards(tx: Transaction, incident_id: str, *, updates: int) -> Sequence[SlackMessage]:
    """Reminders that count from one of the last `updates` updates."""
    latest = list_updates(tx.session, [incident_id])[:updates]
    begins = [SlackMessage.subject_id.startswith(f"{incident_id}:{said.id}:", autoescape=True) for said in latest]
    return tx.session.scalars(
        select(SlackMessage)
        .where(SlackMessage.kind == REMINDER_CARD, or_(false(), *begins))
        .order_by(SlackMessage.id)
    ).all()
