"""Traces, as an OpenTelemetry collector gets them from a running Keydesk."""

import gzip
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bot.settings.table import GivenSettings
from bot.tracing import tracing
from desk.errors import KeydeskError
from sandbox.player import Control
from sandbox.server import SandboxServer
from tests.ports import free_port
from tests.process.conftest import Start
from tests.waiting import wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "kd_" + "0123456789abcdefghijklmnopqrstuvwxyzAB"


class Collector(ThreadingHTTPServer):
    """Takes traces by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        """What the setting names."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self) -> list[Span]:
        """All that came."""
        exports = map(ExportTraceServiceRequest.FromString, self.bodies)
        scopes = [scope for export in exports for resource in export.resource_spans for scope in resource.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def find(self, name: str) -> Span:
        """The first of a name."""
        return next(span for span in self.spans if span.name == name)

    def inside(self, outer: Span) -> set[str]:
        """The names of those directly within another."""
        return {span.name for span in self.spans if span.parent_span_id == outer.span_id}


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        """One batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector within the block."""
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


def test_what_was_done_and_waited_for_is_in_the_trace(
    start_on: Start, database_url: str, slack: SandboxServer
) -> None:
    """A command holds its statements and calls, a delivery its call; a call by HTTP goes on with its caller's trace.
    Nothing that somebody wrote is in it, and no secret."""
    with collecting() as collector:
        keydesk = start_on(database_url, KEYDESK_OTLP_ENDPOINT=collector.url)
        keydesk.wait_until_ready()
        control = Control(slack.url)
        # The first owners are told.
        wait_until(control.person("U0OMAR0001").direct_messages)
        control.person("U0MIA00001").type_command('/keys request "Zebra" scope:read for 30d because giraffes')
        headers = {"Authorization": f"OAuth {SECRET}", "traceparent": f"00-{TRACE}-{PARENT}-01"}
        assert keydesk.ask("GET", "/v1/pages", None, **headers)[0] == 401
        assert keydesk.stop() == 0
        assert keydesk.troubles() == []
        command = collector.find("slack command /keys")
        assert {"SELECT", "slack views.open"} <= collector.inside(command)
        delivery = collector.find("deliver slack")
        assert "slack chat.postMessage" in collector.inside(delivery)
        call = collector.find("GET /v1/pages")
        assert (call.trace_id.hex(), call.parent_span_id.hex()) == (TRACE, PARENT)
        everything = b"".join(collector.bodies)
        for told in ("Zebra", "giraffes", SECRET, SECRET[3:], "xoxb-", "xapp-", "U0MIA00001"):
            assert told.encode() not in everything, told
        assert b"keydesk" in everything


def test_a_collector_that_is_away_holds_nothing_up(start_on: Start, database_url: str, slack: SandboxServer) -> None:
    """People are answered and a stop ends well; that traces are lost is said."""
    keydesk = start_on(database_url, KEYDESK_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    keydesk.wait_until_ready()
    assert Control(slack.url).person("U0MIA00001").type_command("/keys mine") is not None
    assert keydesk.stop() == 0
    assert {line["logger"].partition(".")[0] for line in keydesk.troubles()} == {"opentelemetry"}


def test_without_the_extra_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Where OpenTelemetry is not installed, wanting traces is refused, and wanting none needs nothing of it."""
    monkeypatch.delitem(sys.modules, "bot.opentelemetry", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with (
        pytest.raises(KeydeskError, match="OpenTelemetry is not installed") as refused,
        tracing(GivenSettings(otlp_endpoint="http://127.0.0.1:4318")),
    ):
        pass
    assert refused.value.hint == "Install keydesk[opentelemetry], or take the setting away."
    with tracing(GivenSettings()) as traced:
        assert traced.around_slack is None
