"""Pairs of writers in the same instant, on PostgreSQL: the second decides by what the first did, and not before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from desk.digest.sent import send_digest
from desk.directory.events import remember_team
from desk.directory.sync_steps import finish_requests, request_sync
from desk.errors import ConflictError, KeydeskError, NotFoundError
from desk.incidents.drafts.composing import draft_nothing_new
from desk.incidents.drafts.drafts import discard_draft, write_draft
from desk.incidents.drafts.duplicates import OpenDoublesError, give_up
from desk.incidents.drafts.forgotten import leave_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.elsewhere.following import IncidentThere, follow_incidents, note_gone
from desk.incidents.incidents import delete_incident
from desk.incidents.inputs import NewIncident
from desk.incidents.postmortems import write_postmortem
from desk.incidents.reminders import snooze_reminder
from desk.incidents.templates import create_template, delete_template
from desk.messages.outbox import send_card
from desk.messages.subjects import Thing
from desk.moving.incidents import settle_states
from desk.seeds import plant_seed, read_seed
from desk.transaction import Actor, Desk, JobName, Transaction
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.hooks import drop_hook, make_hook
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key, drop_upstream_key, reseal_upstream_keys
from storage.database import Database
from storage.models import (
    AuditEvent,
    Component,
    ComponentStatus,
    ComponentStatusChange,
    Digest,
    DirectorySync,
    DraftKind,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentTemplate,
    MessageSubject,
    Organization,
    Page,
    SecondPerson,
    SlackMessage,
    UpstreamKey,
)
from storage.page_addresses import claim_addresses
from tests.factories import INES, MAX, OLIVIA, TEAM
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage
from tests.unit.desk.racing import Move, race

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

OPERATOR = Actor.operator("ann")
COPIES = Actor.job(JobName.COPIES)
BETA = "organization: Acme\npages: [{name: Beta, domain: status.beta.example, components: [{name: API}]}]"
GAMMA = BETA.replace("Beta", "Gamma").replace("API", "Site")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two moves, how the second ends (by the refusal's kind, or well), and how many rows there are then."""

    moves: Callable[[IncidentStage], tuple[Move, Move]]
    refusal: type[KeydeskError] | None
    model: type[Any]
    rows: int


def _show_twice(stage: IncidentStage) -> tuple[Move, Move]:
    show = partial(
        send_card, kind="test.card", subject_id="one", conversations=[MAX], shows=[(Thing.KEY, "kone00000000")]
    )
    stage.desk.write_now(OPERATOR, show)
    return (OPERATOR, show), (OPERATOR, show)


def _twice(who: str | Actor, work: Callable[[Transaction], Any]) -> Callable[[IncidentStage], tuple[Move, Move]]:
    return lambda _: ((who, work), (who, work))


def _write(stage: IncidentStage, who: str) -> str:
    new = NewIncident(name="Slow", body="We look.", components={stage.components[0]: None})
    return stage.do(who, lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new).id)


def _publish_both(stage: IncidentStage) -> tuple[Move, Move]:
    first, second = ((who, partial(publish_draft, draft_id=_write(stage, who))) for who in (INES, MAX))
    return first, second


def _submit_beside(stage: IncidentStage) -> tuple[Move, Move]:
    first, second = (_write(stage, who) for who in (INES, MAX))
    stage.set_page(second_person=SecondPerson.ALWAYS)
    stage.do(INES, partial(publish_draft, draft_id=first))
    return (OLIVIA, partial(publish_draft, draft_id=first)), (MAX, partial(publish_draft, draft_id=second))


def _leave_twice(stage: IncidentStage) -> tuple[Move, Move]:
    return _twice(INES, partial(leave_draft, draft_id=_write(stage, INES)))(stage)


def _give_up_what_is_thrown_away(stage: IncidentStage) -> tuple[Move, Move]:
    draft_id = _write(stage, INES)
    return (INES, partial(discard_draft, draft_id=draft_id)), (INES, partial(give_up, draft_id=draft_id))


def _forget_template_twice(stage: IncidentStage) -> tuple[Move, Move]:
    stage.do(INES, partial(create_template, page_id=stage.page, name="outage", title="Slow", body="We look."))
    return _twice(INES, partial(delete_template, page_id=stage.page, word="outage"))(stage)


def _finish_sync_twice(stage: IncidentStage) -> tuple[Move, Move]:
    sync = stage.do(OLIVIA, request_sync)
    finish = partial(finish_requests, sync_ids=[sync.id], report={}, told=None)
    return _twice(Actor.job(JobName.RECONCILE), finish)(stage)


def _delete_beside(work: Callable[..., Any], **values: Any) -> Callable[[IncidentStage], tuple[Move, Move]]:
    def moves(stage: IncidentStage) -> tuple[Move, Move]:
        incident_id = stage.open()
        return (INES, partial(delete_incident, incident_id=incident_id)), (
            MAX,
            partial(work, incident_id=incident_id, **values),
        )

    return moves


def _connected(who: str | Actor, work: Callable[[Transaction], Any]) -> Callable[[IncidentStage], tuple[Move, Move]]:
    """Twice the same, on a page that a Statuspage elsewhere has."""

    def moves(stage: IncidentStage) -> tuple[Move, Move]:
        stage.do(OLIVIA, partial(connect_upstream, base_url="https://statuspage.example"))
        stage.do(OLIVIA, make_hook)
        return _twice(who, work)(stage)

    return moves


def _hear_twice(stage: IncidentStage) -> tuple[Move, Move]:
    now = stage.desk.clock.now()
    fields: dict[str, Any] = {"name": "Far", "impact": "none", "impact_override": None, "shortlink": ""}
    fields |= dict.fromkeys(("created_at", "updated_at", "started_at"), now)
    far = IncidentThere(id="faraway00001", status=IncidentStatus.INVESTIGATING, fields=fields)
    return _connected(COPIES, partial(follow_incidents, page_id=stage.page, there=[far], asked_at=now))(stage)


def _miss_twice(stage: IncidentStage) -> tuple[Move, Move]:
    incident_id = stage.open()
    with stage.desk.database.write() as session:
        session.get_one(Incident, incident_id).upstream_id = "faraway00001"
    asked_at = stage.desk.clock.now()
    gone = partial(note_gone, page_id=stage.page, upstream_id="faraway00001", asked_at=asked_at)
    return _connected(COPIES, gone)(stage)


def _settle_twice(stage: IncidentStage) -> tuple[Move, Move]:
    with stage.desk.database.write() as session:
        session.get_one(Component, stage.components[0]).status = ComponentStatus.MAJOR_OUTAGE
    return _twice(OPERATOR, partial(settle_states, page_id=stage.page))(stage)


def _plant(text: str) -> Callable[[Transaction], Any]:
    return partial(plant_seed, seed=read_seed(text, "pages.yml"))


def _name_twice(stage: IncidentStage) -> tuple[Move, Move]:
    with stage.desk.database.write() as session:
        session.scalars(select(Organization)).one().name = ""
    team = partial(remember_team, team_id=TEAM, team_name="Slack's own")
    return (OPERATOR, _plant(BETA)), (Actor.job(JobName.SLACK), team)


PAIRS = {
    "two publish drafts about one component": Pair(_publish_both, OpenDoublesError, Incident, 1),
    "one submits what another publishes": Pair(_submit_beside, OpenDoublesError, Incident, 1),
    "a preview is closed twice": Pair(_leave_twice, None, SlackMessage, 1),
    "a draft is given up that is thrown away": Pair(_give_up_what_is_thrown_away, None, IncidentDraft, 1),
    "a template is deleted twice": Pair(_forget_template_twice, NotFoundError, IncidentTemplate, 0),
    "a digest is sent twice": Pair(
        lambda stage: _twice(
            Actor.job(JobName.DIGEST), partial(send_digest, period="2026-03-02", scheduled_for=stage.desk.clock.now())
        )(stage),
        None,
        Digest,
        1,
    ),
    "somebody asks for a sync twice": Pair(_twice(OLIVIA, request_sync), None, DirectorySync, 1),
    "a sync that was asked for ends twice": Pair(_finish_sync_twice, None, SlackMessage, 1),
    "one file is planted twice": Pair(_twice(OPERATOR, _plant(BETA)), None, Page, 2),
    "two files give their pages one domain": Pair(
        lambda _: ((OPERATOR, _plant(BETA)), (OPERATOR, _plant(GAMMA))), ConflictError, Page, 2
    ),
    "a postmortem is written beside an end": Pair(
        _delete_beside(write_postmortem, body="It was DNS."), NotFoundError, Incident, 0
    ),
    "an update is written beside an end": Pair(_delete_beside(draft_nothing_new), NotFoundError, IncidentDraft, 0),
    "a reminder is put off beside an end": Pair(
        _delete_beside(snooze_reminder, span=timedelta(hours=1)), NotFoundError, Incident, 0
    ),
    "a key elsewhere is added twice": Pair(
        _connected(OLIVIA, partial(add_upstream_key, new=NewUpstreamKey(name="one", sealed="sealed"))),
        ConflictError,
        UpstreamKey,
        1,
    ),
    "a webhook is let go of twice": Pair(_connected(OLIVIA, drop_hook), None, AuditEvent, 3),
    "an incident elsewhere is heard of twice": Pair(_hear_twice, None, Incident, 1),
    "an incident elsewhere is missed twice": Pair(_miss_twice, None, AuditEvent, 4),
    "states of a page that was taken over are settled twice": Pair(_settle_twice, None, ComponentStatusChange, 1),
    "a card is sent twice with what it shows": Pair(_show_twice, None, MessageSubject, 2),
    "a seed and Slack name the organization": Pair(_name_twice, None, Page, 2),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_the_second_decides_by_what_the_first_did(desk: Desk, pair: Pair) -> None:
    """It ends as it would have a moment later, and what may be once is there once."""
    stage = set_incident_stage(desk)
    first, second = race(desk, *pair.moves(stage))
    assert not isinstance(first, KeydeskError)
    assert isinstance(second, pair.refusal) if pair.refusal else not isinstance(second, KeydeskError)
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).select_from(pair.model)) == pair.rows
        assert session.scalars(select(Organization.name)).one() == "Acme"


def test_a_key_elsewhere_that_is_dropped_keeps_no_value(desk: Desk) -> None:
    """Not even where all are sealed anew in that instant."""
    stage = set_incident_stage(desk)
    stage.do(OLIVIA, partial(connect_upstream, base_url="https://statuspage.example"))
    new = NewUpstreamKey(name="one", sealed="sealed")
    key_id = stage.do(OLIVIA, lambda tx: add_upstream_key(tx, new).id)
    drop, reseal = partial(drop_upstream_key, upstream_key_id=key_id), partial(reseal_upstream_keys, renew=str.upper)
    race(desk, (OLIVIA, drop), (OPERATOR, reseal))
    with desk.database.read() as session:
        assert session.get_one(UpstreamKey, key_id).sealed is None


def test_two_replicas_write_down_one_address(desk: Desk, database: Database) -> None:
    """Both go on, whoever was first."""
    stage = set_incident_stage(desk)
    everywhere = Desk(database.everywhere, desk.clock, desk.policy)
    claim = partial(claim_addresses, addresses={"": stage.page}, now=desk.clock.now())
    moves = [(OPERATOR, lambda tx: claim(tx.session))] * 2
    assert race(everywhere, *moves) == (None, None)
