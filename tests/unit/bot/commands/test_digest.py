"""`keydesk digest`."""

from datetime import datetime, timedelta

from desk.transaction import Desk
from storage.models import Delivery, Digest
from tests.databases import both_databases
from tests.factories import MIA, add_key, add_use
from tests.unit.bot.commands.conftest import Run


def count(desk: Desk, model: type[Digest] | type[Delivery]) -> int:
    """How many rows there are."""
    with desk.database.read() as session:
        return session.query(model).count()


def test_a_dry_run_prints_and_sends_nothing(keydesk_on: Run, seeded: Desk, now: datetime) -> None:
    """Keys stand under whoever answers for them, with what is the matter; nothing is kept or sent."""
    with seeded.database.write() as session:
        old = now - timedelta(days=80)
        unused = add_key(session, old, name="terraform prod", expires_at=now + timedelta(days=5))
        add_use(session, unused, last_used_at=now - timedelta(days=40), last_address="192.0.2.7", reads=3)
        add_key(session, old, name="orphan", holder_id=None, expires_at=now + timedelta(days=60))
        fine = add_key(session, old, name="backup", expires_at=now + timedelta(days=60))
        add_use(session, fine, last_used_at=now, last_read_at=now, reads=9)
    text = keydesk_on("digest", "--dry-run").stdout
    assert text.startswith("2 of 3 working keys want a look.\n\nNobody answers for these\n  orphan: nobody answers")
    assert f"\nMia ({MIA})\n  terraform prod: unused for 30 days, expires within 14 days\n" in text
    assert f"last used {(now - timedelta(days=40)).date().isoformat()} from 192.0.2.7" in text
    assert "backup" not in text
    assert (count(seeded, Digest), count(seeded, Delivery)) == (0, 0)


def test_an_empty_digest_is_one_line(keydesk_on: Run, seeded: Desk) -> None:
    """Nothing to say is said briefly."""
    assert keydesk_on("digest", "--dry-run").stdout == "There is no key yet, so none is unused.\n"


def test_one_key_in_use_is_said_of_one(keydesk_on: Run, seeded: Desk, now: datetime) -> None:
    """Where a single key works and is used, the sentence is about one."""
    with seeded.database.write() as session:
        key = add_key(session, now - timedelta(days=3), name="backup", expires_at=now + timedelta(days=60))
        add_use(session, key, last_used_at=now, last_read_at=now, reads=9)
    assert keydesk_on("digest", "--dry-run").stdout == "The one key that works is in use and in good hands.\n"


@both_databases
def test_the_digest_is_handed_to_the_outbox_once_a_day(keydesk_on: Run, seeded: Desk) -> None:
    """Sending puts a message for the owners into the outbox; asking again the same day says that it went out."""
    first = keydesk_on("digest")
    assert first.exit_code == 0
    assert "is on its way" in first.stdout
    waiting = count(seeded, Delivery)
    assert waiting > 0
    assert "went out before" in keydesk_on("digest").stdout
    assert (count(seeded, Digest), count(seeded, Delivery)) == (1, waiting)
