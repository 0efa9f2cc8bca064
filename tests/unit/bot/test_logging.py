"""Log lines: their form, and what must never be in them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot.logging import configure_logging, mask
from bot.settings import LogFormat
from desk.secret import Secret


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where log lines go; logging is as before after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The JSON lines that were written."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_event_with_its_values(stream: io.StringIO) -> None:
    """JSON lines hold event, level, logger, time in UTC, bound context and the given values."""
    configure_logging(LogFormat.JSON, "info", stream)
    structlog.contextvars.bind_contextvars(request="r1")
    structlog.get_logger("desk").info("key.revoked", key="abc", uses=3)
    (line,) = lines(stream)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "key.revoked",
        "level": "info",
        "logger": "desk",
        "request": "r1",
        "key": "abc",
        "uses": 3,
    }


def test_libraries_take_the_same_way(stream: io.StringIO) -> None:
    """A line of the standard library's logging has the same form, with its extra values."""
    configure_logging(LogFormat.JSON, "info", stream)
    logging.getLogger("library").warning("took %s seconds", 3, extra={"host": "h"})
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"], line["host"]) == (
        "took 3 seconds",
        "warning",
        "library",
        "h",
    )


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.PRETTY])
def test_secrets_are_masked_wherever_they_stand(log_format: LogFormat, stream: io.StringIO) -> None:
    """Keys and tokens vanish from the event, from nested values, from arguments of libraries and from tracebacks."""
    configure_logging(log_format, "debug", stream)
    planted = [Secret.generate().reveal(), "xoxb-planted-1", "xapp-planted-2", "planted3"]
    key, bot_token, app_token, password = planted
    url = f"postgresql://user:{password}@host/name"
    log = structlog.get_logger("desk")
    log.info(f"event {key}", deep={"list": [bot_token, (app_token,)], key: 1}, raw=key.encode(), thing=Exception(url))
    logging.getLogger("library").info("sent %s", {"Authorization": f"Bearer {bot_token}"})
    try:
        raise ValueError(f"cannot use {key} with {url}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("library").exception("failed too")
    text = stream.getvalue()
    assert text.count("cannot use kd_[masked] with postgresql://user:[masked]@host/name") == 2
    assert [secret for secret in planted if secret in text] == []


def test_the_start_of_a_key_is_not_a_secret() -> None:
    """The first characters, by which people tell keys apart, stay readable."""
    start = Secret.generate().reveal()[:7]
    assert mask(f"key {start}… of #terraform") == f"key {start}… of #terraform"


def test_unimportant_lines_are_left_out(stream: io.StringIO) -> None:
    """The level holds for our lines and for the libraries'."""
    configure_logging(LogFormat.JSON, "warning", stream)
    structlog.get_logger("desk").info("quiet")
    logging.getLogger("library").info("quiet")
    logging.getLogger("slack_bolt").info("quiet")
    structlog.get_logger("desk").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_slacks_requests_are_not_written_even_at_debug_level(stream: io.StringIO) -> None:
    """The Slack client's debug lines hold whole requests, so they are never written."""
    configure_logging(LogFormat.JSON, "debug", stream)
    logging.getLogger("slack_sdk.web.async_base_client").debug("headers")
    logging.getLogger("slack_bolt.AsyncApp").debug("body")
    structlog.get_logger("desk").debug("ours")
    assert [line["event"] for line in lines(stream)] == ["ours"]


def test_automatic_form_is_json_when_nobody_watches(stream: io.StringIO) -> None:
    """Without a terminal at the other end, lines are JSON; configuring twice does not double them."""
    configure_logging(LogFormat.AUTO, "info", stream)
    configure_logging(LogFormat.AUTO, "info", stream)
    structlog.get_logger("desk").info("once")
    assert [line["event"] for line in lines(stream)] == ["once"]


def test_the_pretty_form_is_for_people(stream: io.StringIO) -> None:
    """On a terminal a line reads as event and values, without JSON."""
    configure_logging(LogFormat.PRETTY, "info", stream)
    structlog.get_logger("desk").info("key.revoked", key="abc")
    assert "key.revoked" in stream.getvalue()
    assert "key=abc" in stream.getvalue()
    assert "{" not in stream.getvalue()
