"""A full disk: said, in words and to whoever looks after Keydesk, and said no more once there is room."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text

from desk.errors import NoRoomError
from desk.transaction import Actor, Desk, Transaction
from storage.database import Database
from storage.models import SeenEvent

_MIA = Actor.member("U0MIA00001")
_REFUSE = """\
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON seen_event FOR EACH STATEMENT EXECUTE FUNCTION refuse();
"""


def _write(tx: Transaction) -> None:
    name = tx.now.isoformat()
    tx.session.add_all(SeenEvent(event_id=f"{number:06}{name}", at=datetime.now(UTC)) for number in range(500))


@contextmanager
def _full(database: Database) -> Iterator[None]:
    """SQLite may not grow; PostgreSQL refuses as it does when it cannot."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.begin() as connection:
            connection.execute(text(_REFUSE))
        yield
        with database.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER refuse ON seen_event"))
        return

    def stop_growing(connection: Any, *_rest: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(database.engine, "checkout", stop_growing)
    yield
    event.remove(database.engine, "checkout", stop_growing)
    event.listen(database.engine, "checkout", _may_grow)


def _may_grow(connection: Any, *_rest: Any) -> None:
    connection.execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_is_said_until_there_is_room(desk: Desk) -> None:
    """Whoever changes something reads of it, as does whoever asks for the database, until a change is kept again."""
    room = desk.database.room
    assert room.find_problem() is None
    with _full(desk.database):
        with pytest.raises(NoRoomError, match="is full, so nothing was changed"):
            desk.write_now(_MIA, _write)
        assert room.find_problem() == "the database's disk is full: its last change was refused"
        desk.write_now(_MIA, lambda tx: None)
        assert room.find_problem() is not None, "what keeps nothing says nothing of the disk"
        assert desk.read_now(_MIA, lambda tx: tx.session.query(SeenEvent).count()) == 0
    desk.write_now(_MIA, _write)
    assert room.find_problem() is None


def test_other_refusals_are_none_of_the_disk(desk: Desk) -> None:
    """What the database refuses for another reason says nothing about its disk."""
    with pytest.raises(Exception, match="no_such_table"):
        desk.write_now(_MIA, lambda tx: tx.session.execute(text("SELECT * FROM no_such_table")))
    assert desk.database.room.find_problem() is None
