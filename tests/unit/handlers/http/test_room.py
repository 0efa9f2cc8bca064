"""What anybody can send fills no memory: caches are bounded in bytes."""

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from desk.keys.check import Need
from desk.keys.uses import UseKind, UseLog
from handlers.http.answers import Answer
from handlers.http.public.asked_for import AskedFor
from handlers.http.public.document import make_document
from handlers.http.public.sites import host_of
from handlers.http.v1.routing import Call, Route, RouteTable

LONG = 60_000
DOCUMENT = make_document(b"<p>All Systems Operational</p>" * 100, "text/html")


async def _nothing(call: Call) -> Answer:
    raise NotImplementedError


def _ask_for_codings() -> Callable[[int], object]:
    return lambda number: DOCUMENT.form(b",".join(b"%d-%d" % (number, index) for index in range(LONG // 8)))


def _ask_for_paths() -> Callable[[int], object]:
    table = RouteTable([Route("GET", "pages/{page_id}", Need("pages", write=False), _nothing)])
    return lambda number: table.find(f"pages/{number}{'x' * LONG}")


def _use_keys() -> Callable[[int], object]:
    log, at = UseLog(), datetime(2026, 3, 2, tzinfo=UTC)
    agent = b"x" * LONG
    return lambda number: log.note(f"key{number}", UseKind.READ, at, None, agent + b"%d" % number)


def _ask_for_the_past() -> Callable[[int], object]:
    known = AskedFor(room=1_000_000)
    return lambda number: known.keep(("", f"/incidents/{number}/{'x' * LONG}"), None)


def _name_hosts() -> Callable[[int], object]:
    return lambda number: host_of(b"%d" % number + b"x" * LONG)


@pytest.mark.parametrize("make", [_ask_for_codings, _ask_for_paths, _use_keys, _ask_for_the_past, _name_hosts])
def test_long_requests_take_no_room(make: Callable[[], Callable[[int], object]]) -> None:
    """A hundred of them, each another, leave less behind than twenty are long."""
    send = make()
    send(0)
    tracemalloc.start()
    try:
        for number in range(1, 101):
            send(number)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 20 * LONG


def test_what_was_asked_for_makes_room() -> None:
    """For what is asked for next; what somebody asked for lately stays."""
    size = DOCUMENT.size + 300
    known = AskedFor(room=3 * size)
    for number in range(3):
        known.keep(("", str(number)), DOCUMENT)
    assert known.get(("", "0")) is DOCUMENT
    known.keep(("", "3"), DOCUMENT)
    assert [("", str(number)) in known for number in range(4)] == [True, False, True, True]
