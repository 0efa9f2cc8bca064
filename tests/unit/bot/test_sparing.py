"""Troubles that go on are said once a minute."""

import contextlib
import io
import json
import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot import sparing
from bot.logging import configure_logging
from bot.settings import LogFormat
from storage.engine import make_engine

AWAY = "postgresql://keydesk@/keydesk?host=/nowhere"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where log lines go; logging is as before after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(LogFormat.JSON, "info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def seconds(stream: io.StringIO) -> list[float]:
    """What the filter takes for the time, in its last place."""
    now = [0.0]
    for filter_ in logging.getLogger().handlers[0].filters:
        if isinstance(filter_, sparing.SparingFilter):
            filter_._monotonic = lambda: now[-1]
    return now


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines that were written."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_holds_no_mark_of_ours(stream: io.StringIO) -> None:
    """Neither a library's nor our own; and an error of SQLite's that has no code is written like any other."""
    logging.getLogger("a.library").info("Started")
    try:
        sqlite3.connect(":memory:").execute("SELECT CAST(x'80' AS TEXT)").fetchone()
    except sqlite3.OperationalError as error:
        structlog.get_logger("handlers.any").error("unreadable", exc_info=error)
    assert ["_away" in line for line in lines(stream)] == [False, False]


def fail_all() -> None:
    """What every loop says when the database is away."""
    log = structlog.get_logger("handlers.any")
    try:
        make_engine(AWAY).connect()
    except OperationalError as away:
        for event in ("outbox_unreadable", "sweep_failed", "job_failed", "delivery_not_noted"):
            log.error(event, exc_info=away, reference=str(id(event)), area=event)
        for event in ("uses_not_written", "mirror_not_reloaded", "public_documents_not_rendered"):
            log.warning(event, error=away)
        logging.getLogger("apscheduler").error("Job raised an exception", exc_info=away)
    try:
        psycopg.connect(host="/nowhere")
    except psycopg.Error as away_too:
        log.warning("listener_lost", error=away_too)


def test_a_database_that_is_away_is_one_line_a_minute(stream: io.StringIO, seconds: list[float]) -> None:
    """Whoever finds out first says it, with its traceback; a minute later it is said again, with how often."""
    for at in range(0, 120, 10):
        seconds.append(float(at))
        fail_all()
    first, second = lines(stream)
    assert first["event"] == second["event"] == "outbox_unreadable"
    assert "OperationalError" in first["exception"]
    assert second["repeated"] == 6 * 9 - 1


def of_driver(error: Exception) -> OperationalError:
    """As SQLAlchemy hands a driver's error on."""
    return OperationalError("SELECT 1", {}, error)


AWAY_ERRORS: tuple[Exception, ...] = (
    of_driver(psycopg.OperationalError("in words of a driver to come")),
    of_driver(psycopg.errors.AdminShutdown("gone")),
    of_driver(psycopg.errors.TooManyConnections("full")),
    psycopg.errors.ConnectionFailure("gone"),
    PoolTimeoutError("none left"),
)
OTHER_ERRORS: tuple[Exception, ...] = (
    of_driver(psycopg.errors.DeadlockDetected("OperationalError: connection failed")),
    of_driver(psycopg.errors.QueryCanceled("too late")),
    ValueError("OperationalError: connection failed"),
)


def test_what_says_that_the_database_is_away_is_known_by_its_class(stream: io.StringIO, seconds: list[float]) -> None:
    """Whatever its words are; and what only has such words is a trouble of its own."""
    log = structlog.get_logger("handlers.any")
    for error in AWAY_ERRORS:
        log.error("sweep_failed", exc_info=error)
        log.warning("uses_not_written", error=error)
        logging.getLogger("apscheduler").error("Job raised an exception", exc_info=error)
    assert len(lines(stream)) == 1
    for error in OTHER_ERRORS:
        log.error("sweep_failed", exc_info=error)
    with sqlite3.connect(":memory:") as connection, contextlib.suppress(sqlite3.OperationalError):
        try:
            connection.execute("SELECT * FROM nothing")
        finally:
            log.exception("sweep_failed")
    connection.close()
    assert len(lines(stream)) == 1 + len(OTHER_ERRORS) + 1
    assert not any(key.startswith("_") for line in lines(stream) for key in line)


def test_what_a_person_was_told_of_is_always_there(stream: io.StringIO, seconds: list[float]) -> None:
    """The reference that they saw stands in a line of its own; its traceback, which is there already, is left out."""
    log = structlog.get_logger("handlers.any")
    for reference in ("aa", "bb"):
        try:
            make_engine(AWAY).connect()
        except OperationalError as away:
            log.error("unexpected_error", reference=reference, exc_info=away)
    first, second = lines(stream)
    assert (first["reference"], second["reference"]) == ("aa", "bb")
    assert "Traceback" in first["exception"]
    assert "Traceback" not in second["exception"]


def test_what_says_something_else_is_said(stream: io.StringIO, seconds: list[float]) -> None:
    """Lines of other things, and what is no trouble; and no number of troubles takes more room than some do."""
    log = structlog.get_logger("handlers.any")
    fail_all()
    log.error("uses_lost", uses=7, reason="(psycopg.OperationalError) connection failed")
    log.error("reveal_not_noted", key_id="k1", problem="OperationalError")
    assert [line["event"] for line in lines(stream)][1:] == ["uses_lost", "reveal_not_noted"]
    for delivery in (1, 2, 2):
        log.warning("claim_lost", delivery=delivery)
        log.info("slack_socket_open")
    assert [line["event"] for line in lines(stream)].count("slack_socket_open") == 3
    assert [line.get("delivery") for line in lines(stream) if line["event"] == "claim_lost"] == [1, 2]
    log.error("failed", exc_info=ValueError("one"))
    log.error("failed", exc_info=ValueError("another"))
    assert len([line for line in lines(stream) if line["event"] == "failed"]) == 2
    for number in range(2000):
        log.warning("claim_lost", delivery=number)
    [filter_] = [one for one in logging.getLogger().handlers[0].filters if isinstance(one, sparing.SparingFilter)]
    assert len(filter_._said) <= 500
