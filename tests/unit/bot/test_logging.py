"""Log lines: their form, and what must never be in them."""

import io
import json
import logging
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logging import configure_logging
from bot.settings import LogFormat
from desk.secret import Secret


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where log lines go; logging is as before after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
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
    """A line of the standard library's logging has the same form, with its extra values, but for colours."""
    configure_logging(LogFormat.JSON, "info", stream)
    logging.getLogger("library").warning(
        "took %s seconds", 3, extra={"host": "h", "color_message": "took \x1b[36m%s"}
    )
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"], line["host"]) == (
        "took 3 seconds",
        "warning",
        "library",
        "h",
    )
    assert "color_message" not in line


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


def test_unimportant_lines_are_left_out(stream: io.StringIO) -> None:
    """The level holds for our lines and for the libraries'."""
    configure_logging(LogFormat.JSON, "warning", stream)
    structlog.get_logger("desk").info("quiet")
    logging.getLogger("library").info("quiet")
    logging.getLogger("slack_bolt").info("quiet")
    structlog.get_logger("desk").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


LIBRARIES = (
    *("slack_sdk.web.async_base_client", "slack_bolt.AsyncApp", "app.py", "urllib3.connectionpool", "aiohttp.client"),
    *("httpx", "httpcore.http11", "sqlalchemy.engine.Engine", "apscheduler.scheduler", "uvicorn.error", "asyncio"),
)


def test_libraries_say_nothing_at_debug_level(stream: io.StringIO) -> None:
    """Their debug lines hold whole requests and answers, so they are never written, whoever set their level, nor put
    together where nobody did."""
    configure_logging(LogFormat.JSON, "debug", stream)
    assert not logging.getLogger("slack_bolt").isEnabledFor(logging.DEBUG)
    for name in LIBRARIES:
        library = logging.getLogger(name)
        before, library.level = library.level, logging.DEBUG
        library.debug("whole answer")
        library.setLevel(before)
    structlog.get_logger("desk").debug("ours")
    assert [line["event"] for line in lines(stream)] == ["ours"]


def test_a_secret_in_pieces_is_masked(stream: io.StringIO) -> None:
    """Values that are no secret each, and are one together, are not written."""
    configure_logging(LogFormat.JSON, "info", stream)
    key = Secret.generate().reveal()
    structlog.get_logger("desk").info("split", parts=[key[:20], key[20:]], one={"a": [key[:9], key[9:]]})
    assert key[20:] not in stream.getvalue()
    assert key[9:] not in stream.getvalue()


def test_a_secret_without_a_shape_is_masked_where_it_is_known(stream: io.StringIO) -> None:
    """As the signing secret and the database's password, in whatever form."""
    secret = "0123/456&789abc"
    configure_logging(LogFormat.JSON, "info", stream, secrets=[secret])
    log = structlog.get_logger("desk")
    log.info(
        f"plain {secret} here", address=quote(secret, safe=""), raw=secret.encode(), coded=b64encode(secret.encode())
    )
    assert lines(stream)[0]["event"] == "plain [masked] here"
    assert [
        form
        for form in (secret, quote(secret, safe=""), b64encode(secret.encode()).decode())
        if form in stream.getvalue()
    ] == []


def test_a_line_that_cannot_be_written_tells_nothing_of_it(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """A library's mistake in a line ends up as its name; Python's own report would hold every argument."""
    configure_logging(LogFormat.JSON, "info", stream)
    logging.getLogger("library").info("%d things", Secret.generate().reveal())
    assert stream.getvalue() == "A line of library could not be written (TypeError).\n"
    assert capsys.readouterr() == ("", "")


def test_what_nobody_caught_is_a_line_too(stream: io.StringIO) -> None:
    """In the main thread and in others: its words are masked."""
    configure_logging(LogFormat.JSON, "info", stream)
    key = Secret.generate().reveal()

    def fail() -> None:
        raise ValueError(f"cannot use {key}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert [line["event"] for line in lines(stream)] == ["uncaught_error"] * 2
    assert stream.getvalue().count("cannot use kd_[masked]") == 2
    assert key not in stream.getvalue()


@given(
    secret=st.sampled_from([Secret.generate().reveal(), "xoxb-1-planted", "xapp-1-planted", "kn0wn&planted"]),
    before=st.text(max_size=9),
    log_format=st.sampled_from([LogFormat.JSON, LogFormat.PRETTY]),
)
def test_no_line_holds_a_secret(secret: str, before: str, log_format: LogFormat) -> None:
    """Whatever stands before it, as an event, a value, a key, bytes, an error or an argument."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    text = before + secret
    try:
        configure_logging(log_format, "debug", stream, secrets=["kn0wn&planted"])
        log = structlog.get_logger("desk")
        log.info(
            text, value=text, deep={text: [text.encode("utf-8", "replace")]}, error=ValueError(text), kind={text}
        )
        logging.getLogger("library").info("got %s and %r", text, text.encode("utf-8", "replace"))
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert secret not in stream.getvalue()


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
