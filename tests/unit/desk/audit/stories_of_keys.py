"""What is recorded and told of API keys, whoever changes them and whatever time does to them."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from desk.audit.trail import Action
from desk.digest.sent import send_digest
from desk.digest.unused_policy import POLICY, sweep_announcements
from desk.keys.changes import extend_key, rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.questions import ask_for_extension, ask_holder, decline_extension, keep_key
from desk.keys.suspended_use import tell_of_suspended_use
from desk.keys.sweep import sweep_keys
from desk.keys.uses import SuspendedUse
from desk.transaction import Actor, JobName
from tests.factories import MAX, MIA, OLIVIA, OMAR, add_key, add_use
from tests.unit.desk.audit.chronicle import Step, event, given, later, sent, story, under
from tests.unit.desk.stage import SWEEP, Stage

NAME = "terraform prod"
DIGEST = Actor.job(JobName.DIGEST)
CHECK = Actor.job(JobName.KEY_CHECK)
ASKED = sent("key.ask", MIA)
"""Every change of the key is shown on the card that shows it."""
TO_MIA, TO_OWNERS = sent("key.changed", MIA), sent("key.changed", OLIVIA, OMAR)


@story(
    Action.KEY_ASKED,
    Action.KEY_RENAMED,
    Action.KEY_EXTENDED,
    Action.KEY_KEPT,
    Action.KEY_SUSPENDED,
    Action.KEY_RESTORED,
    Action.KEY_TRANSFERRED,
    Action.KEY_REVOKED,
)
def what_an_owner_does_to_a_key(stage: Stage) -> Iterator[Step]:
    """Its holder is told each time, and the holder before as well when it changes hands."""
    now, key = stage.desk.clock.now(), given(stage, add_key)
    given(stage, lambda session, at: add_use(session, key, last_used_at=at))
    stage.do(OLIVIA, partial(ask_holder, key_id=key.id))
    yield [event(OLIVIA, Action.KEY_ASKED, key.id, holder_id=MIA)], ASKED
    stage.do(OLIVIA, partial(rename_key, key_id=key.id, name="terraform"))
    yield [event(OLIVIA, Action.KEY_RENAMED, key.id, name="terraform", before=NAME)], ASKED | TO_MIA
    until = now + timedelta(days=200)
    stage.do(OLIVIA, partial(extend_key, key_id=key.id, until=until))
    before = key.expires_at.isoformat()
    extended = event(OLIVIA, Action.KEY_EXTENDED, key.id, name="terraform", before=before, until=until.isoformat())
    yield [extended], ASKED | TO_MIA
    stage.do(OLIVIA, partial(keep_key, key_id=key.id, until=until, reason="A yearly job."))
    kept = {"name": "terraform", "until": until.isoformat(), "reason": "A yearly job."}
    yield [event(OLIVIA, Action.KEY_KEPT, key.id, **kept)], ASKED | TO_MIA
    stage.do(OLIVIA, partial(suspend_key, key_id=key.id, reason="Who needs it?"))
    yield [event(OLIVIA, Action.KEY_SUSPENDED, key.id, name="terraform", reason="Who needs it?")], ASKED | TO_MIA
    stage.do(OLIVIA, partial(restore_key, key_id=key.id))
    yield [event(OLIVIA, Action.KEY_RESTORED, key.id, name="terraform")], ASKED | TO_MIA
    stage.do(OLIVIA, partial(transfer_key, key_id=key.id, to_user_id=MAX))
    hands = {"before": MIA, "holder_id": MAX}
    transferred = event(OLIVIA, Action.KEY_TRANSFERRED, key.id, name="terraform", **hands)
    yield [transferred], ASKED | sent("key.changed", MIA, MAX)
    stage.do(OLIVIA, partial(revoke_key, key_id=key.id, reason="Leaked."))
    revoked = event(OLIVIA, Action.KEY_REVOKED, key.id, name="terraform", reason="Leaked.", used_lately=True)
    yield [revoked], ASKED | sent("key.changed", MAX)


@story(
    Action.KEY_RENAMED,
    Action.KEY_EXTENSION_ASKED,
    Action.KEY_KEPT,
    Action.KEY_SUSPENDED,
    Action.KEY_RESTORED,
    Action.KEY_REVOKED,
)
def what_its_holder_does_to_a_key(stage: Stage) -> Iterator[Step]:
    """Owners are told when it stops or starts to work, and nobody is told what they did themselves."""
    now, key = stage.desk.clock.now(), given(stage, add_key)
    stage.do(MIA, partial(rename_key, key_id=key.id, name="terraform"))
    yield [event(MIA, Action.KEY_RENAMED, key.id, name="terraform", before=NAME)], set()
    until = now + timedelta(days=200)
    stage.do(MIA, partial(ask_for_extension, key_id=key.id, until=until, reason="We still need it."))
    asked = event(MIA, Action.KEY_EXTENSION_ASKED, key.id, until=until.isoformat(), reason="We still need it.")
    cards = sent("key.extension", OLIVIA, OMAR)
    yield [asked], cards
    stage.do(MIA, partial(keep_key, key_id=key.id, until=until, reason="A yearly job."))
    kept = {"name": "terraform", "until": until.isoformat(), "reason": "A yearly job."}
    yield [event(MIA, Action.KEY_KEPT, key.id, **kept)], cards
    stage.do(MIA, partial(suspend_key, key_id=key.id, reason="Let's see."))
    yield [event(MIA, Action.KEY_SUSPENDED, key.id, name="terraform", reason="Let's see.")], cards | TO_OWNERS
    stage.do(MIA, partial(restore_key, key_id=key.id))
    yield [event(MIA, Action.KEY_RESTORED, key.id, name="terraform")], cards | TO_OWNERS
    stage.do(MIA, partial(revoke_key, key_id=key.id, reason="Done."))
    revoked = event(MIA, Action.KEY_REVOKED, key.id, name="terraform", reason="Done.", used_lately=False)
    yield [revoked], cards | TO_OWNERS


@story(Action.KEY_EXPIRED)
def a_key_that_expires(stage: Stage) -> Iterator[Step]:
    """Its holder hears of it two weeks before, three days before and then; owners do as well when it was in use."""
    key = given(stage, add_key)
    given(stage, lambda session, at: add_use(session, key, last_used_at=at + timedelta(days=89)))
    stage.do(OLIVIA, partial(ask_holder, key_id=key.id))
    yield None
    for days in (76, 11):
        later(stage, days=days)
        assert stage.do(SWEEP, sweep_keys) == 1
        yield [], sent("key.expiry", MIA)
    later(stage, days=3)
    assert stage.do(SWEEP, sweep_keys) == 1
    expired_at = key.expires_at.isoformat()
    expired = event(SWEEP, Action.KEY_EXPIRED, key.id, name=NAME, expired_at=expired_at)
    yield [expired], ASKED | sent("key.expiry", MIA, OLIVIA, OMAR)


@story(Action.KEY_EXTENSION_ASKED, Action.KEY_EXTENSION_DECLINED)
def a_key_that_gets_no_more_time(stage: Stage) -> Iterator[Step]:
    """Its holder asks for more time, and an owner says no: the card says so, and the holder is told."""
    key = given(stage, add_key)
    until = stage.desk.clock.now() + timedelta(days=100)
    wish = partial(ask_for_extension, key_id=key.id, until=until, reason="It is late.")
    yield None
    stage.do(MIA, wish)
    asked = event(MIA, Action.KEY_EXTENSION_ASKED, key.id, until=until.isoformat(), reason="It is late.")
    yield [asked], sent("key.extension", OLIVIA, OMAR)
    stage.do(OLIVIA, partial(decline_extension, key_id=key.id, reason="It was for once."))
    said = event(OLIVIA, Action.KEY_EXTENSION_DECLINED, key.id, name=NAME, reason="It was for once.")
    yield [said], TO_MIA | sent("key.extension", OLIVIA, OMAR)


@story(Action.KEY_KNOCKED)
def a_suspended_key_that_is_used(stage: Stage) -> Iterator[Step]:
    """Owners are told at once, by a new card each time; the one before is set aside."""
    key = given(stage, add_key)
    stage.do(OLIVIA, partial(suspend_key, key_id=key.id, reason="Who needs it?"))
    yield None
    for _ in range(2):
        now = later(stage, hours=2)
        used = SuspendedUse(key.id, key.version + 1, now, "192.0.2.66", "curl/8.9.1")
        stage.do(CHECK, partial(tell_of_suspended_use, use=used))
        said = {"at": now.isoformat(), "address": "192.0.2.66", "user_agent": "curl/8.9.1"}
        yield [event(CHECK, Action.KEY_KNOCKED, key.id, **said)], sent("key.knock", OLIVIA, OMAR)


@story(Action.KEY_ANNOUNCED, Action.DIGEST_SENT, Action.KEY_SUSPENDED)
def an_unused_key(stage: Stage) -> Iterator[Step]:
    """It is announced in two digests, and suspended on the day that was announced."""
    stage = under(stage, suspend_unused_after=timedelta(days=90))
    key = given(stage, add_key, created_at=stage.desk.clock.now() - timedelta(days=100))
    for number in (1, 2):
        now = stage.desk.clock.now()
        assert stage.do(DIGEST, partial(send_digest, period=f"week {number}", scheduled_for=now))
        act_on = (now + timedelta(days=14 if number == 1 else 7)).isoformat()
        announced = event(DIGEST, Action.KEY_ANNOUNCED, key.id, act="suspend", act_on=act_on, times=number)
        found = {"scheduled_for": now.isoformat(), "lines": 1, "kept": 0, "announced": 1}
        digest = event(DIGEST, Action.DIGEST_SENT, f"week {number}", **found)
        yield [announced, digest], sent("digest.card", OLIVIA, OMAR)
        later(stage, days=7)
    assert stage.do(SWEEP, sweep_announcements) == 1
    why = "Unused for a long time, as announced in the digest."
    suspended = event(POLICY, Action.KEY_SUSPENDED, key.id, name=NAME, reason=why)
    yield [suspended], sent("digest.card", OLIVIA, OMAR) | TO_MIA


@story(Action.KEY_CALLED_OFF)
def an_unused_key_that_is_used(stage: Stage) -> Iterator[Step]:
    """What was announced of it is called off, with the reason, and the digest is drawn again."""
    stage = under(stage, suspend_unused_after=timedelta(days=90))
    now = stage.desk.clock.now()
    key = given(stage, add_key, created_at=now - timedelta(days=100))
    assert stage.do(DIGEST, partial(send_digest, period="week 1", scheduled_for=now))
    act_on = (now + timedelta(days=14)).isoformat()
    yield None
    later(stage, days=1)
    given(stage, lambda session, at: add_use(session, key, last_used_at=at))
    assert stage.do(SWEEP, sweep_announcements) == 1
    off = event(SWEEP, Action.KEY_CALLED_OFF, key.id, act="suspend", act_on=act_on, reason="it was used")
    yield [off], sent("digest.card", OLIVIA, OMAR)
