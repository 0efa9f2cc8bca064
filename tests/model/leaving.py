"""Every state that people can enter, people can leave: what goes on, and what somebody must be able to do about it.

Each way out is tried for real, and undone before the next one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from desk.digest.composing import compose
from desk.errors import ConflictError, KeydeskError
from desk.incidents.drafts.drafts import discard_draft
from desk.incidents.inputs import ENDED, RUNNING, IncidentChange
from desk.incidents.maintenances.plans import complete_by_itself
from desk.incidents.port import port_of
from desk.incidents.postmortems import delete_postmortem, revert_postmortem
from desk.incidents.templates import delete_template
from desk.keys.changes import extend_key, restore_key, revoke_key, suspend_key
from desk.keys.collecting import mint_for_ticket
from desk.keys.holders import may_answer
from desk.keys.issuing import get_key_pattern
from desk.keys.questions import keep_key
from desk.messages.dead_letters import drop_delivery, retry_delivery
from desk.requests.approvals import deny
from desk.requests.requests import withdraw
from desk.roles.roles import revoke_grant
from desk.transaction import Actor, Transaction
from storage.models import (
    ApiKey,
    Component,
    ComponentStatus,
    Delivery,
    DeliveryStatus,
    DraftStatus,
    Grant,
    Incident,
    IncidentComponent,
    IncidentDraft,
    IncidentStatus,
    IncidentTemplate,
    KeyRequest,
    KeyStatus,
    RequestStatus,
    Role,
    Ticket,
    TicketStatus,
)
from tests.model.house import NAMES, SWEEP, House

Work = Callable[[Transaction], object]
Way = Callable[[Any], Work]


class State(NamedTuple):
    """Rows in a state, and the ways out of it; each of them must be open to somebody, or one of them is enough."""

    model: type[DeclarativeBase]
    is_in: Callable[[datetime], Collection[Any]]
    ways: Sequence[Way]
    one_is_enough: bool = False
    besides: Callable[[Transaction, Any], bool] = lambda tx, row: False
    """Whether somebody else's doing alone leads out of it, or time."""


class _UndoneError(Exception):
    """What was tried is taken back."""


def _waits_for_more(tx: Transaction, ticket: Ticket) -> bool:
    """Who may not hold the key any more waits for their role, and what follows a suspended key for that to be
    restored; or else it lapses."""
    before = tx.session.get(ApiKey, ticket.predecessor_id) if ticket.predecessor_id else None
    is_suspended = before is not None and before.status == KeyStatus.SUSPENDED
    return is_suspended or not may_answer(tx, ticket.collector_id, get_key_pattern(tx, ticket).pages)


def _say(status: IncidentStatus) -> Way:
    change = IncidentChange(status=status, body="That is that.")

    def way(incident: Incident) -> Work:
        return lambda tx: port_of(tx, incident.page_id).update_incident(tx, incident.id, change)

    return way


def _keep_shortly(key: ApiKey) -> Work:
    return lambda tx: keep_key(tx, key.id, tx.now + timedelta(days=1), "One day more.")


def _extend(key: ApiKey) -> Work:
    return lambda tx: extend_key(tx, key.id, max(tx.now, key.expires_at) + timedelta(days=1))


def _set_well(component: Component) -> Work:
    wanted = {component.id: ComponentStatus.OPERATIONAL}

    def work(tx: Transaction) -> None:
        port_of(tx, component.page_id).set_statuses(tx, component.page_id, wanted)
        if tx.session.get_one(Component, component.id).status != ComponentStatus.OPERATIONAL:
            raise ConflictError("It stays as it is.")

    return work


def _off_the_list(way: Way) -> Way:
    """By this way the digest lists the key no more."""

    def checked(key: ApiKey) -> Work:
        def work(tx: Transaction) -> None:
            way(key)(tx)
            if key.id in {line.key.id for line in compose(tx).lines if line.key}:
                raise ConflictError("It is listed still.")

        return work

    return checked


def _by_id(work: Callable[..., object], argument: str, **given: Any) -> Way:
    return lambda row: partial(work, **{argument: row.id}, **given)


def _by_itself(does: bool) -> Way:
    return _by_id(complete_by_itself, "incident_id", does=does)


_is_planned = Incident.scheduled_for.is_not(None)
_revoke = _by_id(revoke_key, "key_id", reason="It is over.")
_discard = _by_id(discard_draft, "draft_id")
_holds = select(IncidentComponent.component_id).join(Incident, Incident.id == IncidentComponent.incident_id)
_is_held = Component.id.in_(_holds.where(IncidentComponent.holds.is_not(None), Incident.status.not_in(ENDED)))
_has_text = Incident.postmortem_body_draft.is_not(None)

STATES: Mapping[str, State] = {
    "a request that waits is decided or withdrawn": State(
        KeyRequest,
        lambda now: (KeyRequest.status == RequestStatus.PENDING, KeyRequest.expires_at > now),
        [_by_id(deny, "request_id", reason="No."), _by_id(withdraw, "request_id")],
        one_is_enough=True,
    ),
    "a ticket that waits is collected": State(
        Ticket,
        lambda now: (Ticket.status == TicketStatus.WAITING, Ticket.expires_at > now),
        [_by_id(mint_for_ticket, "ticket_id")],
        besides=lambda tx, row: _waits_for_more(tx, row),
    ),
    "a key that works is suspended or revoked": State(
        ApiKey,
        lambda now: _works(now),
        [_by_id(suspend_key, "key_id", reason="Not now."), _revoke],
    ),
    "a suspended key is restored or revoked": State(
        ApiKey,
        lambda now: (*_live(now), ApiKey.status == KeyStatus.SUSPENDED),
        [_by_id(restore_key, "key_id"), _revoke],
    ),
    "an expired key is extended or revoked": State(
        ApiKey,
        lambda now: (ApiKey.status != KeyStatus.REVOKED, ApiKey.expires_at <= now, ApiKey.retires_at.is_(None)),
        [_extend, _revoke],
    ),
    "a key that is kept is kept shorter": State(
        ApiKey, lambda now: (*_works(now), ApiKey.kept_until > now, ApiKey.retires_at.is_(None)), [_keep_shortly]
    ),
    "a key is off the digest": State(
        ApiKey,
        lambda now: (*_works(now), ApiKey.retires_at.is_(None)),
        [_off_the_list(_keep_shortly), _off_the_list(_revoke)],
    ),
    "a role is taken away": State(
        Grant,
        lambda now: (Grant.ended_at.is_(None), Grant.role != Role.OWNER),
        [_by_id(revoke_grant, "grant_id")],
    ),
    "a component that nothing open holds is well again": State(
        Component, lambda now: (Component.status != ComponentStatus.OPERATIONAL, ~_is_held), [_set_well]
    ),
    "a draft is thrown away": State(
        IncidentDraft,
        lambda now: (IncidentDraft.status.in_([DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK]),),
        [_discard],
    ),
    "an incident is resolved": State(
        Incident,
        lambda now: (Incident.status.not_in(ENDED), ~_is_planned),
        [_say(IncidentStatus.RESOLVED)],
    ),
    "an incident is opened again": State(
        Incident, lambda now: (Incident.status.in_(ENDED), ~_is_planned), [_say(IncidentStatus.INVESTIGATING)]
    ),
    "a maintenance to come is begun or called off": State(
        Incident,
        lambda now: (Incident.status == IncidentStatus.SCHEDULED,),
        [_say(IncidentStatus.IN_PROGRESS), _say(IncidentStatus.COMPLETED)],
    ),
    "a maintenance that goes on is completed, or planned again": State(
        Incident,
        lambda now: (Incident.status.in_(RUNNING),),
        [_say(IncidentStatus.COMPLETED), _say(IncidentStatus.SCHEDULED), _by_itself(False)],
    ),
    "a maintenance that is over is taken up again": State(
        Incident, lambda now: (Incident.status == IncidentStatus.COMPLETED,), [_say(IncidentStatus.IN_PROGRESS)]
    ),
    "a postmortem is taken back or deleted": State(
        Incident,
        lambda now: (_has_text, Incident.postmortem_published_at.is_not(None)),
        [_by_id(revert_postmortem, "incident_id"), _by_id(delete_postmortem, "incident_id")],
        one_is_enough=True,
    ),
    "a template is forgotten": State(
        IncidentTemplate,
        lambda now: (),
        [lambda row: partial(delete_template, page_id=row.page_id, word=row.name)],
    ),
    "a dead letter is tried again or dropped": State(
        Delivery,
        lambda now: (Delivery.status == DeliveryStatus.DEAD,),
        [
            lambda row: partial(retry_delivery, subject=row.subject),
            lambda row: partial(drop_delivery, subject=row.subject),
        ],
    ),
}


def _works(now: datetime) -> tuple[Any, ...]:
    return *_live(now), ApiKey.status == KeyStatus.ACTIVE


def _live(now: datetime) -> tuple[Any, ...]:
    # Past its grace period it works no more, whether or not that was noted yet.
    not_retired = ApiKey.retires_at.is_(None) | (ApiKey.retires_at > now)
    return ApiKey.revealed_at.is_not(None), ApiKey.expires_at > now, not_retired


def is_open_to_somebody(house: House, work: Work) -> bool:
    """Whether somebody could do that now."""

    def tried(tx: Transaction) -> None:
        work(tx)
        raise _UndoneError

    for user_id in NAMES:
        try:
            house.desk.write_now(Actor.member(user_id), tried)
        except KeydeskError:
            continue
        except _UndoneError:
            return True
    return False


def _leads_out_besides(house: House, state: State, row: Any) -> bool:
    return house.desk.read_now(SWEEP, lambda tx: state.besides(tx, row))


def everything_can_be_left(house: House) -> None:
    """Out of each state that something is in, somebody can bring it."""
    now = house.clock.now()
    for name, state in STATES.items():
        for row in house.rows(state.model, *state.is_in(now)):
            if _leads_out_besides(house, state, row):
                continue
            ways = [is_open_to_somebody(house, way(row)) for way in state.ways]
            assert any(ways) if state.one_is_enough else all(ways), (name, ways, row)
