"""Cards know what they show: whatever changes, exactly the cards that show it are brought up to date."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, update

from desk.digest.sent import CARD as DIGEST_CARD
from desk.digest.sent import send_digest
from desk.directory.cards import MEMBER_LEFT
from desk.directory.leavers import members_left
from desk.keys.cards import ASK_CARD
from desk.keys.changes import suspend_key
from desk.keys.questions import ask_holder
from desk.keys.suspended_use import SUSPENDED_USE_CARD, tell_of_suspended_use
from desk.keys.uses import SuspendedUse
from desk.messages.outbox import refresh, send_card
from desk.messages.subjects import Thing
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import ApiKey, Delivery, Member, SlackMessage
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, OMAR
from tests.unit.desk.stage import Stage, set_stage

JOB = Actor.job(JobName.DIGEST)
CHECK = Actor.job(JobName.KEY_CHECK)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Two owners, and members who hold keys."""
    return set_stage(desk)


def refreshed(stage: Stage, thing: Thing, subject_id: str) -> list[tuple[str, str, str]]:
    """The cards that a change of something brings up to date: kind, subject and conversation of each."""
    with stage.desk.database.read() as session:
        last = session.scalar(select(func.max(Delivery.id))) or 0
    stage.do(JOB, lambda tx: refresh(tx, thing, subject_id))
    with stage.desk.database.read() as session:
        cards = select(SlackMessage).join(Delivery, Delivery.subject == SlackMessage.id)
        found = session.scalars(cards.where(Delivery.id > last)).all()
    return sorted((card.kind, card.subject_id, card.conversation) for card in found)


def periods(stage: Stage, key: ApiKey) -> set[str]:
    """The digests that a change of the key brings up to date."""
    return {subject for kind, subject, _ in refreshed(stage, Thing.KEY, key.id) if kind == DIGEST_CARD}


def expiring_key(stage: Stage, who: str = MIA) -> ApiKey:
    """A key that every digest lists, since it expires soon."""
    key, _secret = stage.mint(stage.ticket(who, name=f"key {who}"), who)
    set_expiry(stage, key, 2)
    return key


def suspended_use_of(stage: Stage, key: ApiKey) -> SuspendedUse:
    """A call with a key that is suspended."""
    return SuspendedUse(key.id, key.version + 1, stage.desk.clock.now(), "127.0.0.1", "curl")


def set_expiry(stage: Stage, key: ApiKey, days: int) -> None:
    """Let a key expire in so many days."""
    with stage.desk.database.write() as session:
        expires_at = stage.desk.clock.now() + timedelta(days=days)
        session.execute(update(ApiKey).where(ApiKey.id == key.id).values(expires_at=expires_at))


def digest(stage: Stage, period: str, scheduled_for: datetime | None = None) -> None:
    """Send a digest, due now unless told otherwise; the next one is a week later."""
    assert stage.do(JOB, partial(send_digest, period=period, scheduled_for=scheduled_for or stage.desk.clock.now()))
    assert isinstance(stage.desk.clock, HeldClock)
    stage.desk.clock.advance(hours=1)


def test_a_card_is_brought_up_to_date_with_what_it_shows(stage: Stage) -> None:
    """Every copy of every card that shows the thing, whatever its kind; no card that shows something else."""
    shows = [(Thing.KEY, "k1"), (Thing.TICKET, "t1"), (Thing.KEY, "k1")]
    stage.do(JOB, lambda tx: send_card(tx, "one", "s", [OLIVIA, OMAR], shows=shows))
    stage.do(JOB, lambda tx: send_card(tx, "two", "s", [MIA], shows=[(Thing.KEY, "k2")]))
    assert refreshed(stage, Thing.KEY, "k1") == [("one", "s", OLIVIA), ("one", "s", OMAR)]
    assert refreshed(stage, Thing.TICKET, "t1") == [("one", "s", OLIVIA), ("one", "s", OMAR)]
    assert refreshed(stage, Thing.KEY, "k2") == [("two", "s", MIA)]
    assert refreshed(stage, Thing.KEY, "t1") == []


@both_databases
def test_a_card_that_is_sent_again_shows_what_it_was_sent_with_last(stage: Stage) -> None:
    """What it showed before no longer brings it up to date; sent without a word on it, it shows what it showed."""
    for shows in ([(Thing.KEY, "k1"), (Thing.KEY, "k2")], [(Thing.KEY, "k2"), (Thing.KEY, "k3")], []):
        stage.do(JOB, partial(send_card, kind="one", subject_id="s", conversations=[MIA], shows=shows))
    found = {key_id: len(refreshed(stage, Thing.KEY, key_id)) for key_id in ("k1", "k2", "k3")}
    assert found == {"k1": 0, "k2": 1, "k3": 1}


def test_what_shows_a_key(stage: Stage) -> None:
    """The question to its holder, the news of its use while suspended, and the card of a holder who left."""
    key = expiring_key(stage)
    stage.do(OLIVIA, partial(ask_holder, key_id=key.id))
    stage.do(OLIVIA, partial(suspend_key, key_id=key.id, reason="unused"))
    use = suspended_use_of(stage, key)
    stage.do(CHECK, partial(tell_of_suspended_use, use=use))
    stage.do(JOB, lambda tx: members_left(tx, [tx.session.get_one(Member, MIA)]))
    [departure] = {card.subject_id for card in stage.shown(MEMBER_LEFT)}
    assert refreshed(stage, Thing.KEY, key.id) == [
        (ASK_CARD, key.id, MIA),
        (SUSPENDED_USE_CARD, key.id, OLIVIA),
        (SUSPENDED_USE_CARD, key.id, OMAR),
        (MEMBER_LEFT, departure, OLIVIA),
        (MEMBER_LEFT, departure, OMAR),
    ]


def test_the_news_of_an_earlier_use_is_left_alone(stage: Stage, clock: HeldClock) -> None:
    """When owners are told again that a suspended key is used, only the newest telling follows the key."""
    key = expiring_key(stage)
    stage.do(OLIVIA, partial(suspend_key, key_id=key.id, reason="unused"))
    for _ in range(2):
        use = suspended_use_of(stage, key)
        assert stage.do(CHECK, partial(tell_of_suspended_use, use=use))
        clock.advance(hours=2)
    assert len(stage.shown(SUSPENDED_USE_CARD)) == 4
    assert refreshed(stage, Thing.KEY, key.id) == [
        (SUSPENDED_USE_CARD, key.id, OLIVIA),
        (SUSPENDED_USE_CARD, key.id, OMAR),
    ]


def test_the_newest_digest_that_lists_a_key_follows_it(stage: Stage) -> None:
    """A newer digest takes over the keys that it lists; the older one still follows what only it lists."""
    mine, other = expiring_key(stage), expiring_key(stage, MAX)
    digest(stage, "first")
    assert periods(stage, mine) == periods(stage, other) == {"first"}
    set_expiry(stage, other, 90)
    digest(stage, "second")
    assert periods(stage, mine) == {"second"}
    assert periods(stage, other) == {"first"}


def test_a_digest_that_is_made_up_for_late_is_not_the_newest(stage: Stage) -> None:
    """A digest that was due before one that went out already leaves the keys to that one."""
    key = expiring_key(stage)
    digest(stage, "second")
    digest(stage, "first", stage.desk.clock.now() - timedelta(days=7))
    assert periods(stage, key) == {"second"}


@both_databases
def test_a_ticket_is_followed_by_the_digest_that_lists_it(stage: Stage, clock: HeldClock) -> None:
    """The newest digest is brought up to date when a ticket that it lists changes."""
    ticket = stage.ticket()
    clock.advance(days=5)
    digest(stage, "first")
    digest(stage, "second")
    assert {subject for _, subject, _ in refreshed(stage, Thing.TICKET, ticket.id)} == {"second"}


@both_databases
def test_what_a_savepoint_took_back_is_owed_again(stage: Stage) -> None:
    """A card that was to be brought up to date by steps that were taken back still is by those that follow."""
    key = expiring_key(stage)
    stage.do(JOB, lambda tx: send_card(tx, ASK_CARD, key.id, [MIA], shows=[(Thing.KEY, key.id)]))
    before = len(stage.all(Delivery))

    def work(tx: Transaction) -> None:
        savepoint = tx.session.begin_nested()
        refresh(tx, Thing.KEY, key.id)
        savepoint.rollback()
        refresh(tx, Thing.KEY, key.id)
        refresh(tx, Thing.KEY, key.id)

    stage.do(JOB, work)
    owed = [row.subject for row in stage.all(Delivery)[before:]]
    assert owed
    assert len(owed) == len(set(owed))
