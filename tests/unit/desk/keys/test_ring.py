"""Every key in memory, as the database has it, and brought up to date by what changed."""

import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from desk.keys.changes import extend_key, rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.collecting import mark_revealed, return_unseen, sweep_tickets
from desk.keys.ring import KeyRing, RingKey, Shape, follow_key_ring, read_key_ring
from desk.keys.rotation import begin_rotation
from desk.keys.sweep import sweep_keys
from desk.secret import Secret
from desk.transaction import Desk
from storage.database import Database
from storage.mirror import Mirror
from storage.models import ApiKey, KeyStatus
from storage.signals import Topic
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, add_key, add_use
from tests.ring import everything_in
from tests.unit.desk.stage import SWEEP, Stage, set_stage


def test_the_ring_has_every_key_in_every_state(database: Database) -> None:
    """Suspended and revoked keys are in the ring too, with scopes, pages and times as stored."""
    secrets = [Secret.generate() for _ in range(3)]
    with database.write() as session:
        plain = add_key(session, NOW, sha256=secrets[0].sha256)
        narrow = add_key(
            session,
            NOW,
            sha256=secrets[1].sha256,
            scopes=["read", "components:write"],
            pages=["p00000000001"],
            networks=["10.0.0.0/8"],
            components=["c00000000001"],
            status=KeyStatus.SUSPENDED,
            retires_at=NOW + timedelta(hours=3, microseconds=5),
        )
        gone = add_key(session, NOW, sha256=secrets[2].sha256, status=KeyStatus.REVOKED, pages=[], version=7)
    with database.read() as session:
        ring = read_key_ring(session)
    found = [ring.get(bytes.fromhex(secret.sha256)) for secret in secrets]
    assert found == [
        RingKey(
            id=row.id,
            organization_id=row.organization_id,
            version=row.version,
            status=row.status,
            scopes=frozenset(row.scopes),
            pages=None if row.pages is None else frozenset(row.pages),
            networks=None if row.networks is None else frozenset(row.networks),
            expires_at=NOW + timedelta(days=90),
            retires_at=row.retires_at,
            components=None if row.components is None else frozenset(row.components),
        )
        for row in (plain, narrow, gone)
    ]


@both_databases
def test_an_empty_database_has_an_empty_ring(database: Database) -> None:
    """Without keys nothing is found, and nothing fails."""
    with database.read() as session:
        ring = read_key_ring(session)
    assert len(ring) == 0
    assert ring.get(bytes(32)) is None


class CountingRing(KeyRing):
    """Counts rows that were read into it."""

    rows = 0

    def put(self, *values: Any) -> None:
        """One row."""
        self.rows += 1
        super().put(*values)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page, and fifty keys that nothing happens to."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        for number in range(50):
            add_key(session, NOW, name=f"other {number}", expires_at=NOW + timedelta(days=300))
    return stage


@pytest.fixture
def rows_read(stage: Stage) -> Callable[[], int]:
    """A ring that follows every commit: how many rows it read since this was asked last, and that it is right."""
    ring, database = CountingRing(), stage.desk.database.everywhere

    def load(session: Session) -> KeyRing:
        ring.__dict__.update(read_key_ring(session).__dict__)
        return ring

    Mirror(database, Topic.KEYS, load, follow=follow_key_ring).reload()

    def look() -> int:
        with database.read() as session:
            assert everything_in(ring, session) == everything_in(read_key_ring(session), session)
        read, ring.rows = ring.rows, 0
        return read

    return look


def test_a_change_reads_what_it_changed_and_nothing_else(
    stage: Stage, rows_read: Callable[[], int], clock: HeldClock
) -> None:
    """Whatever is done to a key, its row alone is read, once, however many keys there are."""
    key, _ = stage.mint(stage.ticket())
    assert rows_read() == 1
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    assert rows_read() == 1
    for change in (
        partial(suspend_key, reason="leaked?"),
        restore_key,
        partial(extend_key, until=NOW + timedelta(days=100)),
        partial(rename_key, name="deploy"),
        partial(transfer_key, to_user_id=MAX),
    ):
        stage.do(OLIVIA, partial(change, key_id=key.id))
        assert rows_read() == 1
    successor, _ = stage.mint(stage.do(MAX, partial(begin_rotation, key_id=key.id)), MAX)
    assert rows_read() == 1
    stage.do(MAX, partial(mark_revealed, key_id=successor.id))
    assert rows_read() == 2
    stage.do(OLIVIA, partial(revoke_key, key_id=successor.id, reason="replaced"))
    assert rows_read() == 1
    unseen, _ = stage.mint(stage.ticket(name="unseen"))
    assert rows_read() == 1
    stage.do(MIA, partial(return_unseen, key_id=unseen.id))
    assert rows_read() == 1


@both_databases
def test_what_time_does_to_keys_is_followed(stage: Stage, rows_read: Callable[[], int], clock: HeldClock) -> None:
    """The sweep ends a rotated key, confirms a successor that is used, and takes back what was not seen."""
    key, _ = stage.mint(stage.ticket())
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    successor, _ = stage.mint(stage.do(MIA, partial(begin_rotation, key_id=key.id)))
    stage.mint(stage.ticket(name="unseen"))
    with stage.desk.database.write() as session:
        add_use(session, successor, reads=1, last_used_at=clock.now())
    assert rows_read() == 4
    clock.advance(minutes=3)
    assert stage.do(SWEEP, sweep_tickets) == 2
    assert rows_read() == 3
    clock.advance(days=30)
    stage.do(SWEEP, sweep_keys)
    assert rows_read() == 1
    assert stage.fresh(ApiKey, key.id).status == KeyStatus.REVOKED


def test_changes_by_others_are_read_together(database: Database) -> None:
    """What several commits elsewhere changed is read by one look, each key once, as it is by then."""
    with database.write() as session:
        keys = [add_key(session, NOW, revision=number) for number in (3, 5, 5, 6)]
    ring = CountingRing()
    with database.everywhere.read() as session:
        follow_key_ring(session, ring, 4)
    assert ring.rows == 3
    found = [ring.get(bytes.fromhex(key.sha256)) for key in keys]
    assert [key and key.id for key in found] == [None, *(key.id for key in keys[1:])]


@both_databases
def test_changes_are_looked_for_in_an_index(database: Database) -> None:
    """The question costs the same however many keys there are: no table is read from end to end."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        statements.append((statement, parameters))

    with database.everywhere.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        follow_key_ring(session, KeyRing(), 4)
        event.remove(database.engine, "before_cursor_execute", note)
        statement, parameters = statements[-1]
        is_sqlite = database.engine.dialect.name == "sqlite"
        if not is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}"
        plan = session.connection().exec_driver_sql(explain, parameters).all()
    assert "ix_api_key_revision" in str(plan)


def put(ring: KeyRing, digest: bytes, scopes: str, version: int = 1) -> None:
    """Have a key with these scopes."""
    ring.put(digest, "k00000000001", version, NOW, None, Shape("org", "active", scopes, None, None, None))


def test_what_no_key_has_any_more_is_forgotten() -> None:
    """However often a key's scopes change, the ring remembers those that some key has now."""
    ring = KeyRing()
    for number in range(100):
        put(ring, bytes(32), f'["read", "{number}"]')
        put(ring, b"1" * 32, '["read"]')
    assert ring.shapes == 2
    assert len(ring) == 2


class ChangingRing(KeyRing):
    """A ring in which a key changes while it is looked at."""

    def _read(self, record: bytes) -> RingKey | None:
        if self.shapes == 1 and b"k00000000001" in record and not self.changed:
            self.changed = True
            put(self, bytes(32), '["users:read"]')
            # Whatever it was before is another key's now.
            put(self, b"1" * 32, '["everything"]')
        return super()._read(record)

    changed = False


def test_a_key_that_changes_during_the_look_is_seen_as_it_became() -> None:
    """Neither as it was nor with what another key has by now."""
    ring = ChangingRing()
    put(ring, bytes(32), '["read"]')
    for _ in range(2):
        key = ring.get(bytes(32))
        assert key is not None
        assert key.scopes == {"users:read"}


def test_a_key_is_small() -> None:
    """A key takes less than 300 bytes, whatever else is counted with it."""
    ring, digests = KeyRing(), [sha256(b"%d" % number).digest() for number in range(20_000)]
    tracemalloc.start()
    try:
        for number, digest in enumerate(digests):
            shape = Shape("org", "active", '["read"]' if number % 3 else '["write"]', None, None, None)
            # As a row's digest, which nothing else holds.
            ring.put(bytes(bytearray(digest)), f"k{number:011d}", 1, NOW + timedelta(seconds=number), None, shape)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(digests) < 300
