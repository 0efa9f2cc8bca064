"""Copies in memory, and what they know of their age."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from storage.database import Database
from storage.mirror import Mirror, check_mirrors
from storage.models import ApiKey, Revision
from storage.signals import Topic, signal
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import add_key
from tests.waiting import wait_until


class HeldSeconds:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> HeldSeconds:
    """The mirror's idea of time."""
    return HeldSeconds()


def read_names(session: Session) -> Sequence[str]:
    """The names of all keys."""
    return session.scalars(select(ApiKey.name).order_by(ApiKey.name)).all()


def add(database: Database, name: str, *, told: bool = True, bumped: bool = True) -> None:
    """Add a key; `told` this process by signal, `bumped` the revision for all others."""
    with database.write() as session:
        add_key(session, NOW, name=name)
        if bumped:
            session.execute(update(Revision).where(Revision.topic == "keys").values(value=Revision.value + 1))
        if told:
            signal(session, Topic.KEYS)


@pytest.fixture
def mirror(database: Database, seconds: HeldSeconds) -> Mirror[Sequence[str]]:
    """A mirror of the names of keys, not yet loaded."""
    return Mirror(database, Topic.KEYS, read_names, monotonic=seconds)


def test_there_is_nothing_before_the_first_loading(mirror: Mirror[Sequence[str]]) -> None:
    """A mirror that was never loaded is infinitely old and shows nothing."""
    assert mirror.age() == float("inf")
    with pytest.raises(RuntimeError, match="not loaded"):
        assert mirror.value


def test_a_commit_here_shows_at_once(database: Database, mirror: Mirror[Sequence[str]]) -> None:
    """When a transaction of this process has ended, the mirror shows what it changed."""
    mirror.reload()
    add(database, "a")
    assert mirror.value == ["a"]


def test_a_rolled_back_change_does_not_show(database: Database, mirror: Mirror[Sequence[str]]) -> None:
    """What was not committed is not mirrored."""
    mirror.reload()
    with pytest.raises(ZeroDivisionError), database.write() as session:
        add_key(session, NOW, name="a")
        signal(session, Topic.KEYS)
        raise ZeroDivisionError
    assert mirror.value == []


def test_other_topics_do_not_matter(database: Database, mirror: Mirror[Sequence[str]]) -> None:
    """A commit about something else causes no reading."""
    mirror.reload()
    with database.write() as session:
        add_key(session, NOW, name="a")
        signal(session, Topic.PAGES)
    assert mirror.value == []


def test_a_check_finds_what_others_committed(database: Database, mirror: Mirror[Sequence[str]]) -> None:
    """A change that nobody told this process of shows at the next check, by its revision."""
    mirror.reload()
    add(database, "a", told=False)
    assert mirror.value == []
    check_mirrors(database, [mirror])
    assert mirror.value == ["a"]


def test_a_check_without_a_change_reads_nothing(database: Database, mirror: Mirror[Sequence[str]]) -> None:
    """As long as the revision stays, the copy is kept as it is."""
    mirror.reload()
    add(database, "a", told=False, bumped=False)
    check_mirrors(database, [mirror])
    assert mirror.value == []


def test_age_counts_from_the_last_question(
    database: Database, mirror: Mirror[Sequence[str]], seconds: HeldSeconds
) -> None:
    """A mirror is as old as the last question that the database answered, from when it was asked."""
    mirror.reload()
    seconds.now += 7
    assert mirror.age() == 7
    check_mirrors(database, [mirror], monotonic=seconds)
    assert mirror.age() == 0


def test_a_database_that_does_not_answer_lets_mirrors_grow_old(
    database: Database, mirror: Mirror[Sequence[str]], seconds: HeldSeconds
) -> None:
    """A question that fails proves nothing: the copy stays, its age grows, and the next answer makes it young."""
    mirror.reload()
    with database.write() as session:
        session.execute(text("ALTER TABLE revision RENAME TO away"))
    seconds.now += 7
    with pytest.raises(Exception, match="revision"):
        check_mirrors(database, [mirror], monotonic=seconds)
    assert mirror.age() == 7
    with database.write() as session:
        session.execute(text("ALTER TABLE away RENAME TO revision"))
    check_mirrors(database, [mirror], monotonic=seconds)
    assert mirror.age() == 0


def test_a_failed_reading_after_a_commit_leaves_the_commit_alone(database: Database, seconds: HeldSeconds) -> None:
    """Whoever commits is not bothered with a mirror that could not be read; the next check reads it."""
    failing = [False]

    def load(session: Session) -> Sequence[str]:
        if failing[0]:
            raise OSError("cannot read")
        return read_names(session)

    mirror: Mirror[Sequence[str]] = Mirror(database, Topic.KEYS, load, monotonic=seconds)
    mirror.reload()
    failing[0] = True
    add(database, "a")
    assert mirror.value == []
    failing[0] = False
    check_mirrors(database, [mirror], monotonic=seconds)
    assert mirror.value == ["a"]


class Following:
    """A mirror's way to read: everything at first, then what changed since a revision, each noted."""

    def __init__(self, database: Database) -> None:
        self.read: list[int | None] = []
        self.mirror = Mirror(database, Topic.KEYS, self._load, follow=self._follow)

    def _load(self, session: Session) -> Sequence[str]:
        self.read.append(None)
        return read_names(session)

    def _follow(self, session: Session, before: Sequence[str], revision: int) -> Sequence[str]:
        self.read.append(revision)
        return sorted({*before, *read_names(session)})


def test_everything_is_read_once(database: Database) -> None:
    """After the first reading only what changed since is read, for a commit here and for one elsewhere."""
    following = Following(database)
    following.mirror.reload()
    add(database, "a")
    add(database, "b", told=False)
    check_mirrors(database, [following.mirror])
    assert following.mirror.value == ["a", "b"]
    assert following.read == [None, 0, 1]


def test_a_commit_here_is_read_once(database: Database) -> None:
    """The check that comes after it, and one that was begun before it, find nothing left to read."""
    following = Following(database)
    following.mirror.reload()
    asked_at = time.monotonic()
    add(database, "a")
    following.mirror.confirm(0, asked_at)
    check_mirrors(database, [following.mirror])
    assert following.read == [None, 0]


def test_another_database_in_its_place_is_read_whole(database: Database) -> None:
    """A counter that went back belongs to a backup that was put in the database's place."""
    following = Following(database)
    add(database, "a")
    following.mirror.reload()
    with database.write() as session:
        session.execute(delete(ApiKey))
        session.execute(update(Revision).values(value=0))
    check_mirrors(database, [following.mirror])
    assert following.mirror.value == []


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Held back until it is set; opened at the end in any case."""
    event = threading.Event()
    yield event
    event.set()


def test_callers_that_come_during_a_reading_share_the_next(database: Database, gate: threading.Event) -> None:
    """However many commits come while one reading is under way, one more reading shows them all."""
    readings: list[int] = []

    def load(session: Session) -> Sequence[str]:
        readings.append(1)
        if len(readings) == 1:
            gate.wait(10)
        return read_names(session)

    mirror: Mirror[Sequence[str]] = Mirror(database, Topic.KEYS, load)
    threads = [_started(mirror.reload)]
    wait_until(lambda: readings)
    add(database, "a", told=False)
    threads += [_started(mirror.reload) for _ in range(5)]
    gate.set()
    for thread in threads:
        thread.join()
    assert mirror.value == ["a"]
    assert len(readings) <= 3


def _started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread
