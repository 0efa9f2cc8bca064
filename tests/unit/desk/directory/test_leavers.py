"""Somebody leaves, comes back, or becomes a guest."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.directory.cards import MEMBER_LEFT, MEMBER_RETURNED, STANDING_CHANGED
from desk.directory.events import Taken, take_user, take_user_event
from desk.directory.groups import change_members, switch_group
from desk.directory.leavers import get_left_keys
from desk.errors import NotAllowedError
from desk.keys.changes import transfer_key
from desk.keys.rules import KeyState, state_of
from desk.people import SeenUser, Subject
from desk.permissions import effective_roles
from desk.policy import Policy
from desk.roles.cards import ROLE_ENDED
from desk.roles.roles import grant_role, revoke_role, sweep_roles
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.slack.roles.leaver_card import render_leaver
from sandbox.player import words_of
from storage.models import (
    ApiKey,
    Delivery,
    Departure,
    Grant,
    KeyRequest,
    KeyStatus,
    Member,
    RequestStatus,
    Role,
    SlackMessage,
    SubjectKind,
    Ticket,
    TicketStatus,
    UserGroup,
    UserGroupMember,
)
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import GUS, MAX, MIA, OLIVIA, OMAR, TEAM, add_grant, add_key, add_request, add_ticket
from tests.unit.desk.stage import SWEEP, Stage, set_stage

SLACK = Actor.job(JobName.SLACK)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Two owners, three members, a guest."""
    return set_stage(desk)


def seen(user_id: str, **values: Any) -> SeenUser:
    """What Slack says of somebody."""
    return SeenUser(user_id=user_id, team_id=TEAM, **({"name": "Mia", "handle": "mia"} | values))


def leave(stage: Stage, user_id: str = MIA) -> None:
    """Slack says that somebody was deactivated."""
    stage.do(SLACK, partial(take_user, seen=seen(user_id, is_deleted=True)))


def test_own_grants_end_at_once(stage: Stage) -> None:
    """Every open grant of the person ends in the same transaction, recorded; nobody writes to who left."""
    with stage.desk.database.write() as session:
        first = add_grant(session, MIA, Role.INCIDENT_MANAGER, stage.desk.clock.now())
        second = add_grant(session, MIA, Role.PAGE_CONFIGURATION, stage.desk.clock.now(), page_id=stage.page.id)
    leave(stage)
    for grant in (first, second):
        assert stage.fresh(Grant, grant.id).end_reason == "left Slack"
        assert stage.actions(grant.id) == ["role.revoked"]
    assert stage.shown(ROLE_ENDED) == []
    assert stage.actions(MIA) == ["member.left"]


def test_open_requests_and_uncollected_tickets_are_withdrawn(stage: Stage) -> None:
    """What Mia asked for and did not collect is withdrawn; what others asked for stays."""
    with stage.desk.database.write() as session:
        now = stage.desk.clock.now()
        mine, others = add_request(session, now), add_request(session, now, requester_id=OMAR, holder_id=OMAR)
        decided = add_request(session, now, status=RequestStatus.APPROVED)
        ticket = add_ticket(session, now, request_id=decided.id)
    leave(stage)
    assert stage.fresh(KeyRequest, mine.id).status == RequestStatus.WITHDRAWN
    assert stage.fresh(KeyRequest, others.id).status == RequestStatus.PENDING
    assert stage.fresh(Ticket, ticket.id).status == TicketStatus.WITHDRAWN
    assert stage.all(Departure)[0].requests_withdrawn == 2


def test_every_key_works_on_and_owners_get_one_card(stage: Stage) -> None:
    """Active and suspended keys are on the card, revoked, expired and other people's are not; none changes."""
    now = stage.desk.clock.now()
    with stage.desk.database.write() as session:
        alpha = add_key(session, now, name="alpha")
        beta = add_key(session, now, name="beta", status=KeyStatus.SUSPENDED)
        add_key(session, now, name="revoked", status=KeyStatus.REVOKED)
        add_key(session, now, name="expired", expires_at=now - timedelta(days=1))
        add_key(session, now, name="other", holder_id=OMAR)
    leave(stage)
    cards = stage.shown(MEMBER_LEFT)
    assert [card.conversation for card in cards] == [OLIVIA, OMAR]
    assert {card.subject_id for card in cards} == {departure.id for departure in stage.all(Departure)}
    assert stage.all(Departure)[0].key_ids == [alpha.id, beta.id]
    assert state_of(stage.fresh(ApiKey, alpha.id), now) is KeyState.ACTIVE
    assert stage.fresh(ApiKey, alpha.id).holder_id == MIA
    assert stage.fresh(ApiKey, alpha.id).version == alpha.version


def test_who_leaves_nothing_behind_makes_no_noise(stage: Stage) -> None:
    """Without keys, grants and requests there is a record, and no card."""
    leave(stage)
    assert stage.actions(MIA) == ["member.left"]
    assert stage.shown(MEMBER_LEFT) == []


def test_leaving_is_done_once(stage: Stage) -> None:
    """The same event again, and another one that says the same, change nothing more."""
    with stage.desk.database.write() as session:
        add_key(session, stage.desk.clock.now())
    event = partial(take_user_event, event_id="Ev1", seen=seen(MIA, is_deleted=True))
    assert stage.do(SLACK, event) is Taken.APPLIED
    assert stage.do(SLACK, event) is Taken.REPEATED
    leave(stage)
    assert len(stage.all(Departure)) == 1
    assert stage.actions(MIA) == ["member.left"]


def test_who_comes_back_has_no_grant_and_owners_are_told(stage: Stage) -> None:
    """The grants that ended stay ended; the owners' note says how many that were."""
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INCIDENT_MANAGER, stage.desk.clock.now())
    leave(stage)
    stage.do(SLACK, partial(take_user, seen=seen(MIA)))
    roles = stage.see(SWEEP, lambda tx: effective_roles(tx.session, MIA, now=tx.now, policy=tx.policy))
    assert roles.everywhere == {Role.INTEGRATOR}
    assert [(note.conversation, note.facts["roles_ended"]) for note in stage.shown(MEMBER_RETURNED)] == [
        (OLIVIA, 1),
        (OMAR, 1),
    ]
    assert stage.actions(MIA) == ["member.left", "member.returned"]
    assert stage.all(Departure)[0].returned_at is not None


@both_databases
def test_old_news_changes_nothing(stage: Stage) -> None:
    """A description that is older than the last one is ignored: events may overtake each other."""
    stage.do(SLACK, partial(take_user, seen=seen(MIA, updated=20)))
    stage.do(SLACK, partial(take_user, seen=seen(MIA, is_deleted=True, updated=10)))
    assert not stage.fresh(Member, MIA).is_deleted
    stage.do(SLACK, partial(take_user, seen=seen(MIA, is_deleted=True, updated=20)))
    assert stage.fresh(Member, MIA).is_deleted


@both_databases
@pytest.mark.parametrize("standing", ["is_guest", "is_bot", "is_foreign"])
def test_another_standing_takes_effective_roles_at_once_and_gives_them_back(stage: Stage, standing: str) -> None:
    """A member who becomes a guest (a bot, foreign) has no roles while it lasts; grants stay; owners are told."""
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INCIDENT_MANAGER, stage.desk.clock.now())
    stage.do(SLACK, partial(take_user, seen=seen(MIA, **{standing: True})))
    look = partial(stage.see, SWEEP)
    assert not look(lambda tx: effective_roles(tx.session, MIA, now=tx.now, policy=tx.policy).everywhere)
    stage.do(SLACK, partial(take_user, seen=seen(MIA)))
    held = look(lambda tx: effective_roles(tx.session, MIA, now=tx.now, policy=tx.policy).everywhere)
    assert held == {Role.INCIDENT_MANAGER, Role.INTEGRATOR}
    assert len(stage.shown(STANDING_CHANGED)) == 4
    assert stage.actions(MIA) == ["member.changed", "member.changed"]


@both_databases
def test_a_guest_who_had_nothing_becomes_a_member_quietly(stage: Stage) -> None:
    """Recorded, but owners are not told of people who have neither grants nor keys."""
    stage.do(SLACK, partial(take_user, seen=seen(GUS, name="Gus")))
    assert stage.shown(STANDING_CHANGED) == []
    assert stage.actions(GUS) == ["member.changed"]


def test_somebody_new_is_recorded_when_they_join(stage: Stage) -> None:
    """`team_join` is on record; somebody who is merely met for the first time is not."""
    stage.do(SLACK, partial(take_user, seen=seen("U0NEW00001", name="New"), joined=True))
    stage.do(SLACK, partial(take_user, seen=seen("U0MET00001", name="Met")))
    assert stage.actions("U0NEW00001") == ["member.joined"]
    assert stage.actions("U0MET00001") == []
    assert stage.fresh(Member, "U0MET00001").name == "Met"


def test_roles_through_groups_end_with_the_member(stage: Stage) -> None:
    """Slack keeps deactivated people in groups; they have nothing from it."""
    with stage.desk.database.write() as session:
        session.add(UserGroup(group_id="S0PLATFORM", handle="platform", name="Platform"))
        session.flush()
        session.add(UserGroupMember(group_id="S0PLATFORM", user_id=MIA))
        now = stage.desk.clock.now()
        add_grant(session, "S0PLATFORM", Role.INCIDENT_MANAGER, now, subject_kind=SubjectKind.GROUP)
    leave(stage)
    roles = stage.see(SWEEP, lambda tx: effective_roles(tx.session, MIA, now=tx.now, policy=tx.policy))
    assert roles.everywhere == frozenset()


@both_databases
def test_what_somebody_left_waits_until_it_is_dealt_with(stage: Stage) -> None:
    """A key waits while it works, nobody rotated it and nobody else answers for it; none does once they are back.
    Only owners, and whoever delivers the card, see which."""
    now = stage.desk.clock.now()
    with stage.desk.database.write() as session:
        keys = [add_key(session, now, name=name, holder_id=MIA) for name in ("works", "rotated", "given", "ended")]
    leave(stage)
    with stage.desk.database.write() as session:
        session.get_one(ApiKey, keys[1].id).retires_at = now + timedelta(days=1)
        session.get_one(ApiKey, keys[2].id).holder_id = MAX
        session.get_one(ApiKey, keys[3].id).status = KeyStatus.REVOKED
    [departure] = stage.all(Departure)
    for who in (OLIVIA, Actor.job(JobName.DELIVERY)):
        left = stage.see(who, partial(get_left_keys, departure=departure))
        assert [key.name for key in left.waiting] == ["works"]
        assert {key.name for key in left.settled} == {"rotated", "given", "ended"}
    with pytest.raises(NotAllowedError):
        stage.see(MAX, partial(get_left_keys, departure=departure))
    stage.do(SLACK, partial(take_user, seen=seen(MIA, updated=2)))
    [departure] = stage.all(Departure)
    assert stage.see(OLIVIA, partial(get_left_keys, departure=departure)).waiting == []


def _card(stage: Stage) -> str:
    """The owners' card of Mia's first leaving, as it is drawn now."""
    card = min(stage.shown(MEMBER_LEFT), key=lambda card: card.created_at)
    return words_of(stage.see(Actor.job(JobName.DELIVERY), partial(render_leaver, message=card)).blocks)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (0, "and answer for their keys again."),
        (1, "and answer for 1 of their 2 keys again."),
        (2, ".\n:white_check_mark: Every key that they answered for is dealt with."),
    ],
)
def test_the_card_of_who_came_back_says_what_they_answer_for(stage: Stage, given: int, words: str) -> None:
    """A key that went to somebody else meanwhile does not come back with its former holder."""
    now = stage.desk.clock.now()
    with stage.desk.database.write() as session:
        keys = [add_key(session, now, name=name, holder_id=MIA).id for name in ("one", "other")]
    leave(stage)
    for key_id in keys[:given]:
        stage.do(OLIVIA, partial(transfer_key, key_id=key_id, to_user_id=MAX))
    stage.do(SLACK, partial(take_user, seen=seen(MIA, updated=2)))
    drawn = _card(stage)
    assert "Mia left Slack and came back" in drawn
    assert words in drawn
    assert drawn.count(f"<@{MAX}> answers for it") == given


@both_databases
def test_who_came_back_as_a_guest_answers_for_nothing(stage: Stage, clock: HeldClock) -> None:
    """Their keys still wait for somebody; and who left once more is not said to be back."""
    with stage.desk.database.write() as session:
        add_key(session, stage.desk.clock.now(), name="one", holder_id=MIA)
    leave(stage)
    stage.do(SLACK, partial(take_user, seen=seen(MIA, updated=2, is_guest=True)))
    drawn = _card(stage)
    assert "and are a guest now." in drawn
    assert "Who answers for it from now on?" in drawn
    assert "Transfer to…" in drawn
    clock.advance(days=1)
    stage.do(SLACK, partial(take_user, seen=seen(MIA, updated=3)))
    stage.do(SLACK, partial(take_user, seen=seen(MIA, updated=4, is_deleted=True)))
    assert ", and have left again." in _card(stage)


def _drawn_again(stage: Stage) -> bool:
    """Whether the card that was drawn waits to be drawn once more; it is then as good as drawn."""
    with stage.desk.database.write() as session:
        ids = {card.id for card in session.query(SlackMessage).filter_by(kind=MEMBER_LEFT)}
        waiting = session.query(Delivery).filter(Delivery.subject.in_(ids)).all()
        for delivery in waiting:
            session.delete(delivery)
    return {delivery.subject for delivery in waiting} == ids


_GROUP = Subject(SubjectKind.GROUP, "S0PLATFORM", "@platform")
_PERSON = Subject(SubjectKind.USER, MIA, "Mia")


def _grant(stage: Stage, subject: Subject, **values: Any) -> None:
    stage.do(OLIVIA, partial(grant_role, subject=subject, role=Role.INTEGRATOR, **values))


def _put(stage: Stage, **values: Any) -> None:
    def put(tx: Transaction) -> None:
        change_members(tx, tx.session.get_one(UserGroup, _GROUP.id), **values)

    stage.do(SLACK, put)


def _switch(stage: Stage, *, is_disabled: bool) -> None:
    def switch(tx: Transaction) -> None:
        switch_group(tx, tx.session.get_one(UserGroup, _GROUP.id), is_disabled=is_disabled)

    stage.do(SLACK, switch)


@both_databases
def test_the_card_of_who_came_back_follows_what_they_may_do(stage: Stage, clock: HeldClock) -> None:
    """A grant, a group with the role and the end of either decide whether their key waits, and the card says it."""
    stage = replace(stage, desk=replace(stage.desk, policy=Policy(default_role=None)))
    with stage.desk.database.write() as session:
        add_key(
            session, stage.desk.clock.now(), name="one", holder_id=MIA, expires_at=clock.now() + timedelta(days=90)
        )
        session.add(UserGroup(group_id=_GROUP.id, handle="platform", name="Platform"))
    leave(stage)
    stage.do(SLACK, partial(take_user, seen=seen(MIA, updated=2)))
    assert _drawn_again(stage)
    assert "Who answers for it from now on?" in _card(stage)
    changes: list[tuple[Callable[[], Any], bool]] = [
        (lambda: _grant(stage, _PERSON), True),
        (lambda: stage.do(OLIVIA, partial(revoke_role, subject=_PERSON, role=Role.INTEGRATOR)), False),
        (lambda: _grant(stage, _PERSON, expires_at=clock.now() + timedelta(days=1)), True),
        (lambda: (clock.advance(days=2), stage.do(SWEEP, sweep_roles)), False),
    ]
    for change, answers in changes:
        change()
        assert _drawn_again(stage)
        assert ("and answer for their keys again." in _card(stage)) is answers
    _grant(stage, _GROUP)
    assert not _drawn_again(stage)
    in_group: list[tuple[Callable[[], Any], bool]] = [
        (lambda: _put(stage, added=[MIA]), True),
        (lambda: _switch(stage, is_disabled=True), False),
        (lambda: _switch(stage, is_disabled=False), True),
        (lambda: _put(stage, removed=[MIA]), False),
    ]
    for change, answers in in_group:
        change()
        assert _drawn_again(stage)
        assert ("and answer for their keys again." in _card(stage)) is answers
    _put(stage, added=[MIA])
    assert _drawn_again(stage)
    stage.do(OLIVIA, partial(revoke_role, subject=_GROUP, role=Role.INTEGRATOR))
    assert _drawn_again(stage)
    assert "Who answers for it from now on?" in _card(stage)
    _grant(stage, _GROUP)
    assert _drawn_again(stage)
