"""What was for readers who are told things elsewhere by now follows them, once; what they saw stays where it is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from desk.audit.trail import Action
from desk.incidents.announcements import HEAD_CARD
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.messages.dead_letters import DEAD_LETTER, bury, drop_delivery, note_sent, retry_delivery, sweep_unheard
from desk.messages.outbox import find_card, owners_conversations, places_of, send_card, send_note, set_aside
from desk.messages.readdressing import list_unheard, readdress
from desk.messages.subjects import THE_READER, Thing, list_shown
from desk.people import Subject
from desk.roles.roles import revoke_role
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import (
    Audience,
    AuditEvent,
    Channel,
    Delivery,
    DeliveryStatus,
    Page,
    Role,
    SlackMessage,
    SubjectKind,
)
from storage.outbox import claim_next
from storage.signals import Topic, signalled
from storage.slack_messages import Place, keep_place
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA, OMAR, add_grant
from tests.unit.desk.stage import SWEEP, Stage, set_stage

WRONG, RIGHT, REPORTS = "C0WRONG001", "C0RIGHT001", "C0REPORTS1"
WORKER = Actor.job(JobName.DELIVERY)


@pytest.fixture
def wrong(desk: Desk) -> Stage:
    """A Keydesk whose owners' channel does not exist."""
    return with_policy(set_stage(desk), owners_channel=WRONG)


def with_policy(stage: Stage, **policy: Any) -> Stage:
    """The same Keydesk, started again with other settings."""
    return Stage(replace(stage.desk, policy=replace(stage.desk.policy, **policy)), stage.page)


def ask(tx: Transaction, *, kind: str = "request.card", subject: str = "r", **facts: Any) -> None:
    """A card for owners, which shows a key."""
    send_card(tx, kind, subject, owners_conversations(tx), shows=[(Thing.KEY, "k")], **facts)


def say(tx: Transaction, *, also: Sequence[str] = ()) -> None:
    """A note for owners, and for others."""
    send_note(tx, "key.changed", "k", [*also, *owners_conversations(tx)], change="rotate")


def deliver(stage: Stage, *, dead: Callable[[str], bool]) -> None:
    """Every delivery that is due dies, or arrives, by its place."""

    def one(tx: Transaction) -> bool:
        lease = timedelta(minutes=2)
        claim = claim_next(tx.session, Channel.SLACK, worker="w", now=tx.now, lease=lease, pace=timedelta())
        if claim is None:
            return False
        if dead(claim.lane):
            assert bury(tx, claim, error="channel_not_found", what="Hello", uncertain=False)
        else:
            keep = partial(_keep, message_id=claim.subject, place=Place(claim.lane, "1.0"))
            assert note_sent(tx, claim, covers=[], keep=keep)
        return True

    while stage.do(WORKER, one):
        pass


def _keep(tx: Transaction, *, won: bool, message_id: str, place: Place) -> None:
    keep_place(tx.session, message_id, place, won=won)


def where(stage: Stage, kind: str) -> list[str]:
    """The conversations of a kind's messages."""
    return [message.conversation for message in stage.shown(kind)]


def waiting(stage: Stage, *but: str) -> list[str]:
    """The lanes of what is on its way, in order, without messages of the kinds `but`."""
    with stage.desk.database.read() as session:
        rows = select(Delivery.lane).join(SlackMessage, SlackMessage.id == Delivery.subject)
        on_its_way = rows.where(Delivery.status == DeliveryStatus.PENDING, SlackMessage.kind.not_in(but))
        return sorted(session.scalars(on_its_way))


def is_wrong(lane: str) -> bool:
    """The channel that does not exist takes nothing."""
    return lane == WRONG


def test_what_nobody_saw_goes_to_the_corrected_channel(wrong: Stage) -> None:
    """Cards and notes, by themselves and once; each shows what it showed. The letters about them say so."""
    wrong.do(SWEEP, ask)
    wrong.do(SWEEP, say)
    deliver(wrong, dead=is_wrong)
    right = with_policy(wrong, owners_channel=RIGHT)
    assert right.do(SWEEP, sweep_unheard) == 2
    assert right.do(SWEEP, sweep_unheard) == 0
    assert where(right, "request.card") == where(right, "key.changed") == [RIGHT]
    assert waiting(right).count(RIGHT) == 2
    [card] = right.shown("request.card")
    assert right.see(SWEEP, lambda tx: list_shown(tx, card)) == [(Thing.KEY, "k"), THE_READER]
    assert {letter.facts["settled"] for letter in right.shown(DEAD_LETTER)} == {"readdressed"}
    assert Action.DELIVERY_READDRESSED in right.actions(card.id)
    deliver(right, dead=is_wrong)
    assert {letter.facts["settled"] for letter in right.shown(DEAD_LETTER)} == {"delivered"}


def test_whoever_delivers_hears_of_what_moves(wrong: Stage) -> None:
    """Also where no owner has a letter about it: it leaves at once, and not at the next look."""
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=is_wrong)
    [card] = wrong.shown("request.card")

    def move(tx: Transaction) -> frozenset[Topic]:
        places = owners_conversations(tx)
        assert readdress(tx, tx.session.get_one(SlackMessage, card.id), places) == [RIGHT]
        return signalled(tx.session)

    assert with_policy(wrong, owners_channel=RIGHT).do(SWEEP, move) == {Topic.OUTBOX}


def test_nothing_moves_while_the_place_is_the_same(wrong: Stage) -> None:
    """A dead letter to where owners still are waits for an owner, as ever."""
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=is_wrong)
    assert wrong.do(SWEEP, sweep_unheard) == 0
    assert where(wrong, "request.card") == [WRONG]


def test_what_an_owner_gave_up_stays_so(wrong: Stage) -> None:
    """A message that is not to be sent any more follows nobody."""
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=is_wrong)
    [card] = wrong.shown("request.card")
    wrong.do(OLIVIA, partial(drop_delivery, subject=card.id))
    right = with_policy(wrong, owners_channel=RIGHT)
    assert right.see(SWEEP, partial(list_unheard, last=DEAD_LETTER, limit=9)) == []
    assert right.do(SWEEP, sweep_unheard) == 0


def test_what_was_for_a_place_stays_there(wrong: Stage) -> None:
    """A message to a channel that was the owners' by chance, and was not for owners, does not move."""
    wrong.do(SWEEP, lambda tx: send_card(tx, "incident.head", "i", [WRONG]))
    deliver(wrong, dead=is_wrong)
    assert with_policy(wrong, owners_channel=RIGHT).do(SWEEP, sweep_unheard) == 0


def test_what_its_page_announces_in_a_channel_of_its_own_stays_there(desk: Desk) -> None:
    """However dead: that others announce elsewhere is no reason to say it again."""
    stage = with_policy(set_stage(desk), announcement_channel=RIGHT)
    with desk.database.write() as session:
        session.get_one(Page, stage.page.id).announcement_channel = WRONG
    down = NewIncident(name="Down", body="We look.")
    stage.do(Actor.operator("ann"), lambda tx: create_incident(tx, stage.page.id, down))
    deliver(stage, dead=is_wrong)
    assert stage.see(SWEEP, partial(list_unheard, last=DEAD_LETTER, limit=9)) == []
    assert stage.do(SWEEP, sweep_unheard) == 0
    assert where(stage, HEAD_CARD) == [WRONG]


def test_without_a_channel_every_owner_gets_it(wrong: Stage) -> None:
    """The setting is taken away: each owner has the card in their direct messages, once."""
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=is_wrong)
    right = with_policy(wrong, owners_channel=None)
    assert right.do(SWEEP, sweep_unheard) == 1
    assert where(right, "request.card") == [OLIVIA, OMAR]
    assert right.do(SWEEP, sweep_unheard) == 0


def test_copies_that_all_died_become_one(wrong: Stage) -> None:
    """No owner takes direct messages; once a channel is set it gets the card and the note once each."""
    alone = with_policy(wrong, owners_channel=None)
    alone.do(SWEEP, ask)
    alone.do(SWEEP, say)
    deliver(alone, dead=lambda _lane: True)
    right = with_policy(wrong, owners_channel=RIGHT)
    while right.do(SWEEP, sweep_unheard):
        pass
    assert where(right, "request.card").count(RIGHT) == where(right, "key.changed").count(RIGHT) == 1
    assert waiting(right, DEAD_LETTER) == [RIGHT, RIGHT]
    assert RIGHT not in where(right, DEAD_LETTER)


@both_databases
def test_what_another_owner_saw_is_not_said_again(wrong: Stage) -> None:
    """Omar's direct messages were closed, Olivia saw hers: the channel that is set later hears nothing."""
    alone = with_policy(wrong, owners_channel=None)
    alone.do(SWEEP, ask)
    alone.do(SWEEP, say)
    deliver(alone, dead=lambda lane: lane == OMAR)
    right = with_policy(wrong, owners_channel=RIGHT)
    right.do(SWEEP, sweep_unheard)
    assert waiting(right, DEAD_LETTER) == []
    assert {letter.facts["settled"] for letter in right.shown(DEAD_LETTER)} == {"said already"}


def test_whose_copy_is_their_own_is_not_an_owner_who_saw(wrong: Stage) -> None:
    """A note went to the key's holder too: that she saw hers says nothing of owners."""
    wrong.do(SWEEP, partial(say, also=[MIA]))
    deliver(wrong, dead=is_wrong)
    right = with_policy(wrong, owners_channel=RIGHT)
    assert right.do(SWEEP, sweep_unheard) == 1
    assert where(right, "key.changed") == [RIGHT, MIA]


def test_who_was_told_in_person_is_not_told_twice(wrong: Stage) -> None:
    """Olivia holds the key and was told so; when owners have no channel any more, only Omar is told as an owner."""
    wrong.do(SWEEP, partial(say, also=[OLIVIA]))
    deliver(wrong, dead=is_wrong)
    right = with_policy(wrong, owners_channel=None)
    right.do(SWEEP, sweep_unheard)
    assert where(right, "key.changed") == [OLIVIA, OMAR]


def test_an_owner_who_comes_later_gets_what_the_last_one_never_saw(desk: Desk) -> None:
    """Nobody could be reached, and Mia becomes owner in Omar's place: what was for him goes to her within a minute,
    and so does the letter that said to him what could not be delivered to Olivia."""
    stage = set_stage(desk)
    stage.do(SWEEP, ask)
    deliver(stage, dead=lambda _lane: True)
    assert stage.do(SWEEP, sweep_unheard) == 0
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.OWNER, stage.desk.clock.now())
    stage.do(OLIVIA, partial(revoke_role, subject=Subject(SubjectKind.USER, OMAR, "Omar"), role=Role.OWNER))
    assert stage.do(SWEEP, sweep_unheard) == 2
    assert where(stage, "request.card") == [MIA, OLIVIA]
    assert MIA in where(stage, DEAD_LETTER)


def test_the_digest_follows_its_own_readers(wrong: Stage) -> None:
    """The digest goes to the corrected digest channel, and to owners where none is set any more."""
    told = with_policy(wrong, digest_channel=WRONG)
    told.do(SWEEP, lambda tx: send_card(tx, "digest.card", "d", places_of(tx, Audience.DIGEST)))
    deliver(told, dead=is_wrong)
    right = with_policy(told, owners_channel=RIGHT, digest_channel=REPORTS)
    assert right.do(SWEEP, sweep_unheard) == 1
    assert where(right, "digest.card") == [REPORTS]


@both_databases
def test_retry_goes_to_where_owners_are_now(wrong: Stage) -> None:
    """Also of a card that was seen once and could not be brought up to date: it is posted anew at the new place."""
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=lambda _lane: False)
    wrong.do(SWEEP, partial(ask, more="1"))
    deliver(wrong, dead=is_wrong)
    [card] = wrong.shown("request.card")
    right = with_policy(wrong, owners_channel=RIGHT)
    assert right.do(SWEEP, sweep_unheard) == 0
    right.do(OLIVIA, partial(retry_delivery, subject=card.id))
    [card] = right.shown("request.card")
    assert (card.conversation, card.channel_id, card.ts) == (RIGHT, None, None)
    assert RIGHT in waiting(right) and WRONG not in waiting(right)
    with right.desk.database.read() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == Action.DELIVERY_RETRIED))
    assert event.data["to"] == [RIGHT]


def test_retry_where_owners_have_it_already_says_so(wrong: Stage) -> None:
    """The card is in the new channel by other ways: a retry of the old one posts no double."""
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=is_wrong)
    right = with_policy(wrong, owners_channel=RIGHT)
    right.do(SWEEP, ask)
    [old] = [card for card in right.shown("request.card") if card.conversation == WRONG]
    right.do(OLIVIA, partial(retry_delivery, subject=old.id))
    assert waiting(right).count(RIGHT) == 1
    assert {letter.facts["settled"] for letter in right.shown(DEAD_LETTER)} == {"said already"}


def test_what_dies_after_the_correction_follows_at_once(wrong: Stage) -> None:
    """It was on its way to the old channel when the new one was set: no letter is written about it."""
    wrong.do(SWEEP, ask)
    right = with_policy(wrong, owners_channel=RIGHT)
    deliver(right, dead=is_wrong)
    assert where(right, "request.card") == [RIGHT]
    assert right.shown(DEAD_LETTER) == []


def test_a_copy_that_was_set_aside_is_left(wrong: Stage) -> None:
    """Of a card that rang twice only the newest copy is sent on."""
    wrong.do(SWEEP, ask)
    wrong.do(SWEEP, partial(set_aside, kind="request.card", subject_id="r"))
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=is_wrong)
    right = with_policy(wrong, owners_channel=RIGHT)
    while right.do(SWEEP, sweep_unheard):
        pass
    newest = right.see(SWEEP, lambda tx: find_card(tx, "request.card", "r", RIGHT))
    assert newest is not None and where(right, "request.card").count(RIGHT) == 1


@both_databases
def test_two_replicas_send_it_on_once(wrong: Stage) -> None:
    """Both start with the corrected setting at the same time."""
    wrong.do(SWEEP, ask)
    deliver(wrong, dead=is_wrong)
    right, barrier = with_policy(wrong, owners_channel=None), Barrier(2)

    def start(_number: int) -> int:
        barrier.wait(10)
        return right.do(SWEEP, sweep_unheard)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(start, range(2))) == 1
    assert where(right, "request.card") == [OLIVIA, OMAR]
    with right.desk.database.read() as session:
        cards = select(SlackMessage.id).where(SlackMessage.kind == "request.card")
        rows = session.scalars(select(Delivery.lane).where(Delivery.subject.in_(cards)))
        assert sorted(rows.all()) == [OLIVIA, OMAR]
