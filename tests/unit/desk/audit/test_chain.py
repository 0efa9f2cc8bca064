"""The audit trail's proof: whatever is done to its rows is found."""

import csv
import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from desk.audit.chain import Extract, Head, Verdict, export_csv, export_json_lines, verify
from desk.audit.trail import Action, event_hash, record
from desk.transaction import Actor, Desk, Transaction
from storage.database import Database
from storage.models import AuditEvent
from storage.models.audit import GENESIS, beginning_of
from tests.clock import HeldClock
from tests.databases import ORGANIZATION, OTHER_ORGANIZATION, begin_other, url_on_both
from tests.forking import Fork
from tests.unit.desk.audit import audit_writer

database_url = url_on_both

ACTOR = Actor.member("U0OLIVIA01")
OPERATOR = Actor.operator("ann")


def _record_one(desk: Desk, action: Action, key_id: str, *, actor: Actor = ACTOR, **data: Any) -> None:
    desk.write_now(actor, lambda tx: record(tx, action, "key", key_id, **data))


def _record(desk: Desk, count: int, **data: Any) -> None:
    for number in range(count):
        _record_one(desk, Action.KEY_RENAMED, f"k{number}", number=number, **data)


def _verdict(desk: Desk, noted: Head | None = None) -> Verdict:
    return desk.read_now(OPERATOR, partial(verify, noted=noted))


def _problems(desk: Desk, noted: Head | None = None) -> list[tuple[int, str]]:
    return [(problem.seq, problem.what) for problem in _verdict(desk, noted).problems]


def _tamper(database: Database, *statements: str) -> None:
    """Change rows as somebody with full power over the database can: the refusing triggers taken away first."""
    with database.engine.begin() as connection:
        if database.engine.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER audit_event_is_append_only ON audit_event"))
        else:
            connection.execute(text("DROP TRIGGER audit_event_refuses_update"))
            connection.execute(text("DROP TRIGGER audit_event_refuses_delete"))
        for statement in statements:
            connection.execute(text(statement))


def test_what_a_savepoint_took_back_leaves_no_gap(desk: Desk) -> None:
    """Events before, within and after steps that were taken back make an intact chain of those that are kept."""

    def work(tx: Transaction) -> None:
        for locked_before in (False, True):
            savepoint = tx.session.begin_nested()
            record(tx, Action.KEY_RENAMED, "key", "taken back", before=locked_before)
            savepoint.rollback()
            record(tx, Action.KEY_RENAMED, "key", "kept", before=locked_before)

    desk.write_now(ACTOR, work)
    _record(desk, 1)
    verdict = _verdict(desk)
    assert not verdict.problems
    with desk.database.read() as session:
        assert [event.seq for event in session.query(AuditEvent)] == [1, 2, 3]


def test_an_empty_trail_is_intact(desk: Desk) -> None:
    """A database in which nothing happened yet has an intact trail without events."""
    verdict = _verdict(desk)
    assert verdict.is_intact
    assert verdict.events == 0


def test_an_untouched_trail_is_intact(desk: Desk) -> None:
    """Events with nested data and people's text verify as they were recorded, and the head is the last one's."""
    _record(desk, 3, reason='Müller & Søn \u2028 \U0001f511 "quoted"', nested={"b": [1, 2.5, None], "a": True})
    verdict = _verdict(desk)
    assert verdict.is_intact
    assert verdict.events == 3
    with desk.database.read() as session:
        last = session.get_one(AuditEvent, 3)
        assert verdict.head == Head(3, last.hash)


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'member:U0MALLORY1'",
        "action = 'key.revoked'",
        "subject_kind = 'ticket'",
        "subject_id = 'k9'",
        "data = '{\"number\": 9}'",
        "at = '2020-01-01 00:00:00.000000'",
    ],
)
def test_an_edited_event_is_found(desk: Desk, change: str) -> None:
    """Whichever part of an event is edited, the event is named; its neighbours are not blamed."""
    _record(desk, 5)
    _tamper(desk.database, f"UPDATE audit_event SET {change} WHERE seq = 3")  # noqa: S608
    assert _problems(desk) == [(3, "It was changed after it was recorded.")]


def test_spoilt_values_are_found_not_stumbled_over(desk: Desk) -> None:
    """Data and times that cannot even be read are reported like any other edit."""
    if desk.database.engine.dialect.name == "postgresql":
        spoilt = ("data = '[]'", "at = 'infinity'")
    else:
        spoilt = ("data = '{broken'", "at = 'yesterday'")
    _record(desk, 5)
    _tamper(
        desk.database,
        f"UPDATE audit_event SET {spoilt[0]} WHERE seq = 2",  # noqa: S608
        f"UPDATE audit_event SET {spoilt[1]} WHERE seq = 4",  # noqa: S608
    )
    assert [seq for seq, _ in _problems(desk)] == [2, 4]


def test_an_event_with_a_forged_hash_is_found(desk: Desk) -> None:
    """An edit that brings a fitting hash along breaks the link to the next event."""
    _record(desk, 3)
    _tamper(desk.database, f"UPDATE audit_event SET hash = '{'f' * 64}' WHERE seq = 2")  # noqa: S608
    assert _problems(desk) == [
        (2, "It was changed after it was recorded."),
        (3, "It does not follow the event before it."),
    ]


def test_missing_events_are_found(desk: Desk) -> None:
    """Events that were taken out are named by number, in the middle, at the start and at the end."""
    _record(desk, 9)
    _tamper(desk.database, "DELETE FROM audit_event WHERE seq IN (1, 4, 5, 9)")
    assert _problems(desk) == [
        (1, "The event is missing."),
        (4, "2 events are missing from here on."),
        (9, "The last event is missing."),
    ]


def test_a_trail_that_was_emptied_is_found(desk: Desk) -> None:
    """A trail without any event, though some were recorded, is not taken for a new one."""
    _record(desk, 4)
    _tamper(desk.database, "DELETE FROM audit_event")
    assert _problems(desk) == [(1, "The last 4 events are missing.")]


def test_swapped_events_are_found(desk: Desk) -> None:
    """Two events that changed places are both named."""
    _record(desk, 5)
    _tamper(
        desk.database,
        "UPDATE audit_event SET seq = -2 WHERE seq = 2",
        "UPDATE audit_event SET seq = 2 WHERE seq = 4",
        "UPDATE audit_event SET seq = 4 WHERE seq = -2",
    )
    assert {2, 4} <= {seq for seq, _ in _problems(desk)}


def test_an_added_event_is_found(desk: Desk) -> None:
    """An event that was put past the end is named, and so is one before the start."""
    _record(desk, 2)
    copy = (
        "INSERT INTO audit_event"
        " (seq, at, actor, action, subject_kind, subject_id, data, previous_hash, hash, organization_id)"
        " SELECT {seq}, at, actor, action, subject_kind, subject_id, data, previous_hash, hash, organization_id"
        " FROM audit_event WHERE seq = 2"
    )
    _tamper(desk.database, copy.format(seq=3), copy.format(seq=0))
    problems = _problems(desk)
    assert (0, "It was put before the beginning.") in problems
    assert (3, "It and what follows were added past the end.") in problems


def test_a_trail_whose_end_is_gone_is_found(desk: Desk) -> None:
    """Without the record of where the trail ends, an end that was cut off could not be noticed: that is reported."""
    _record(desk, 2)
    _tamper(desk.database, "DELETE FROM audit_head")
    assert _problems(desk) == [(0, "The record of where the trail ends is gone.")]


def test_a_head_that_was_noted_down_betrays_a_rewritten_trail(desk: Desk, clock: HeldClock) -> None:
    """A trail that was rewritten as a whole is intact in itself, but does not run through a head noted earlier."""
    _record(desk, 3)
    noted = _verdict(desk).head
    assert _problems(desk, noted) == []
    _tamper(
        desk.database,
        "DELETE FROM audit_event",
        f"UPDATE audit_head SET seq = 0, hash = '{'0' * 64}'",  # noqa: S608
    )
    _record(desk, 2)
    assert _problems(desk, noted) == [(3, "It was noted down earlier, and the trail ends before it.")]
    clock.advance(seconds=1)
    _record(desk, 4)
    assert (3, "It is not the event that was noted down earlier.") in _problems(desk, noted)


def test_each_organization_has_a_chain_of_its_own(desk: Desk) -> None:
    """Numbered from one, whole in itself, and exported alone, however the writers take turns."""
    other = replace(desk, database=begin_other(desk.database))
    for number in range(3):
        _record_one(desk, Action.KEY_RENAMED, f"k{number}")
        _record_one(other, Action.KEY_KEPT, f"o{number}")
    for one, subjects in ((desk, ["k0", "k1", "k2"]), (other, ["o0", "o1", "o2"])):
        assert (_verdict(one).events, _problems(one)) == (3, [])
        lines = one.read_now(OPERATOR, lambda tx: list(export_json_lines(tx, Extract())))
        assert [json.loads(line)["subject_id"] for line in lines] == subjects
        assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]


def test_a_chain_that_was_given_to_another_organization_is_found(desk: Desk) -> None:
    """Its beginning names whose it is: moved as a whole, with its end, it does not verify where it was moved to."""
    other = replace(desk, database=begin_other(desk.database))
    _record(desk, 3)
    _tamper(
        desk.database,
        "DELETE FROM audit_head WHERE seq = 0",
        f"UPDATE audit_head SET organization_id = '{OTHER_ORGANIZATION}'",  # noqa: S608
        f"UPDATE audit_event SET organization_id = '{OTHER_ORGANIZATION}'",  # noqa: S608
    )
    assert _problems(other) == [(1, "It does not follow the event before it.")]
    assert _problems(desk) == [(0, "The record of where the trail ends is gone.")]


def test_a_chain_of_before_there_were_organizations_is_whole(desk: Desk) -> None:
    """It begins with zeros, and goes on as it began."""
    _tamper(desk.database, f"UPDATE audit_head SET hash = '{GENESIS}'")  # noqa: S608
    assert _problems(desk) == []
    _record(desk, 2)
    assert _problems(desk) == []


@pytest.mark.parametrize("change", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_events(desk: Desk, change: str) -> None:
    """A plain UPDATE or DELETE of audit events fails, and the trail stays as it was."""
    _record(desk, 2)
    with pytest.raises(DBAPIError, match="append-only"), desk.database.write() as session:
        session.execute(text(change))
    assert _verdict(desk).is_intact


def test_many_writers_at_once_make_one_chain(desk: Desk) -> None:
    """Events recorded by many threads at once form one unbroken chain with none lost."""
    failures: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for number in range(10):
                _record_one(desk, Action.KEY_KEPT, str(number), actor=Actor.operator(f"t{thread}"))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    verdict = _verdict(desk)
    assert verdict.is_intact
    assert verdict.events == 80


def test_many_processes_at_once_make_one_chain(desk: Desk, database_url: str) -> None:
    """Events recorded by several processes at once, as by replicas, form one unbroken chain with none lost."""
    writers = [Fork(audit_writer.main, database_url, "20") for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    verdict = _verdict(desk)
    assert verdict.is_intact
    assert verdict.events == 60


def test_a_transaction_that_fails_leaves_no_gap(desk: Desk) -> None:
    """An event of a transaction that is rolled back was never there: the next one takes its number."""

    def fail(tx: Transaction) -> None:
        record(tx, Action.KEY_KEPT, "key", "lost")
        raise LookupError

    _record(desk, 1)
    with pytest.raises(LookupError):
        desk.write_now(ACTOR, fail)
    _record(desk, 1)
    verdict = _verdict(desk)
    assert verdict.is_intact
    assert verdict.events == 2


def test_exported_json_lines_can_be_verified_elsewhere(desk: Desk) -> None:
    """Each exported line holds all that its hash covers, so that another program can compute it again."""
    _record(desk, 3, note="ä")
    lines = desk.read_now(OPERATOR, lambda tx: list(export_json_lines(tx, Extract())))
    previous = beginning_of(ORGANIZATION)
    for line in lines:
        event = json.loads(line)
        assert event["previous_hash"] == previous
        covered = {name: event[name] for name in event if name not in {"hash", "at"}}
        assert event_hash(at=datetime.fromisoformat(event["at"]), **covered) == event["hash"]
        previous = event["hash"]
    assert len(lines) == 3


def test_csv_cells_are_no_formulas(desk: Desk) -> None:
    """People's text that a spreadsheet would run as a formula is exported with an apostrophe before it."""
    for start in ("=", "+", "-", "@", "\t", "\r"):
        _record_one(desk, Action.KEY_RENAMED, f"{start}cmd()")
    text_of_file = "".join(desk.read_now(OPERATOR, lambda tx: list(export_csv(tx, Extract()))))
    rows = list(csv.DictReader(text_of_file.splitlines(keepends=True)))
    assert len(rows) == 6
    assert all(row["subject_id"].startswith("'") for row in rows)


def test_an_export_may_be_narrowed(desk: Desk, clock: HeldClock) -> None:
    """Time limits (the first included, the last not), subject and action narrow an export."""
    start = clock.now()
    for hour in range(4):
        _record_one(desk, Action.KEY_RENAMED, f"k{hour % 2}")
        clock.advance(hours=1)

    def seqs(extract: Extract) -> list[int]:
        lines = desk.read_now(OPERATOR, lambda tx: list(export_json_lines(tx, extract)))
        return [json.loads(line)["seq"] for line in lines]

    assert seqs(Extract(since=start + timedelta(hours=1), until=start + timedelta(hours=3))) == [2, 3]
    assert seqs(Extract(subject_kind="key", subject_id="k1")) == [2, 4]
    assert seqs(Extract(action="key.revoked")) == []
