"""Traces for OpenTelemetry: what a request, a job or a delivery waited for, from its beginning to its end.

Names and attributes come from closed vocabularies, and statements have placeholders where values stand, so that a
trace holds no secret and nothing that people wrote. Without a collector none of this is imported.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version as version_of
from types import SimpleNamespace
from typing import Any

import aiohttp
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event

from bot.tracing import Tracing
from desk.transaction import Transaction
from handlers.delivery.deliverer import Begin, Deliverer, Drawn, Parcel
from handlers.http.answers import HANDLER, OTHER, Message, Receive, Scope, Send, find_header
from handlers.http.app import HttpApp
from handlers.jobs.scheduler import Job
from handlers.slack.app import Around
from handlers.upstream.client import Incoming, Outgoing, UpstreamClient
from storage.models import Channel
from storage.outbox import Claim

_EXPORT_SECONDS = 2.0
"""How long a collector may take, at the end of the process too."""
_LONGEST_STATEMENT = 2000
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_SLACK_METHOD = re.compile(r"/api/([a-z]+(?:\.[A-Za-z]+)+)$")
_OPEN_STATEMENTS = "keydesk_spans"

Attributes = Mapping[str, str | int]


class OpenTelemetry(Tracing):
    """Sends what it follows to a collector, until `stop`."""

    def __init__(self, endpoint: str) -> None:
        release = version_of("keydesk")
        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say counts for more.
        named = Resource.create()
        own = Resource({"service.name": "keydesk", "service.version": release})
        given = Resource({name: value for name, value in named.attributes.items() if not _is_unset(name, value)})
        self._provider = TracerProvider(resource=own.merge(given), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=_EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("keydesk", release)

    @contextmanager
    def span(
        self, name: str, kind: SpanKind = SpanKind.INTERNAL, /, context: Any = None, **known: Any
    ) -> Iterator[Span]:
        """A span around the block, within the one that is open."""
        attributes = {f"keydesk.{key}": value for key, value in known.items()}
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                _fail(span, error)
                raise

    @property
    def around_slack(self) -> Around:
        """A span around the answer to each request."""
        return self._around_slack

    def _around_slack(self, kind: str, name: str) -> AbstractContextManager[Span]:
        return self.span(f"slack {kind} {name}", SpanKind.SERVER, kind=kind, name=name)

    def of_engine(self, engine: Engine) -> None:
        """Statements become spans of what causes them. What Keydesk asks by itself, as for new work, is left out."""
        event.listen(engine, "before_cursor_execute", self._begin_statement)
        event.listen(engine, "after_cursor_execute", _end_statement)
        event.listen(engine, "handle_error", _fail_statement)

    def _begin_statement(
        self, connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
    ) -> None:
        if not get_current_span().is_recording():
            return
        verb = statement.split(None, 1)[0].upper() if statement.strip() else "SQL"
        text, system = statement[:_LONGEST_STATEMENT], connection.dialect.name
        attributes: Attributes = {"db.query.text": text, "db.system.name": system}
        span = self._tracer.start_span(verb, kind=SpanKind.CLIENT, attributes=attributes)
        connection.info.setdefault(_OPEN_STATEMENTS, []).append(span)

    def of_calls(self) -> Sequence[aiohttp.TraceConfig]:
        """Calls to Slack become spans of what causes them, as statements do."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._begin_call)
        config.on_request_end.append(_end_call)
        config.on_request_exception.append(_fail_call)
        return [config]

    async def _begin_call(
        self, _session: object, call: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if get_current_span().is_recording():
            call.span = self._tracer.start_span(f"slack {_method_of(params.url.path)}", kind=SpanKind.CLIENT)

    def of_http(self, app: HttpApp) -> "TracedHttp":
        """Around each request over HTTP."""
        return TracedHttp(self, app)

    def of_jobs(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Around each run."""
        return [replace(job, work=self._around_work(job)) for job in jobs]

    def _around_work(self, job: Job) -> Any:
        async def work(scheduled_for: datetime) -> object:
            with self.span(f"job {job.name}", job=job.name):
                return await job.work(scheduled_for)

        return work

    def of_deliverers(self, deliverers: Mapping[Channel, Deliverer]) -> Mapping[Channel, Deliverer]:
        """Around the sending of each delivery."""
        return {channel: TracedDeliverer(self, channel, deliverer) for channel, deliverer in deliverers.items()}

    def of_upstream(self, client: UpstreamClient) -> "TracedUpstream":
        """Around each call to a Statuspage elsewhere."""
        return TracedUpstream(self, client)

    def stop(self) -> None:
        """Send what there is, and wait for it no longer than two seconds."""
        # A collector that is away is no reason for an end that looks like a failure.
        with suppress(Exception):
            self._provider.shutdown()


def _is_unset(name: str, value: object) -> bool:
    return name == "service.name" and str(value).startswith("unknown_service")


def _end_statement(connection: Any, *_: Any) -> None:
    if spans := connection.info.get(_OPEN_STATEMENTS):
        spans.pop().end()


def _fail_statement(context: Any) -> None:
    spans = context.connection.info.get(_OPEN_STATEMENTS) if context.connection is not None else None
    if spans:
        span = spans.pop()
        _fail(span, context.original_exception)
        span.end()


def _method_of(path: str) -> str:
    """Slack's name of a method; an address for answers is a secret, and has none."""
    found = _SLACK_METHOD.search(path)
    return found[1] if found else "response"


async def _end_call(_session: object, call: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
    if (span := getattr(call, "span", None)) is not None:
        span.set_attribute("http.response.status_code", params.response.status)
        span.end()


async def _fail_call(_session: object, call: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams) -> None:
    if (span := getattr(call, "span", None)) is not None:
        _fail(span, params.exception)
        span.end()


def _fail(span: Span, error: BaseException) -> None:
    """Of an error its type alone is kept: its words may hold what people wrote."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)


class TracedHttp:
    """An ASGI application whose requests are traced, in the trace of whoever calls if there is one."""

    def __init__(self, tracing: OpenTelemetry, app: HttpApp) -> None:
        self._tracing = tracing
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "HTTP"
        parent = find_header(scope["headers"], b"traceparent").decode("latin-1")
        context = TraceContextTextMapPropagator().extract({"traceparent": parent})
        with self._tracing.span(f"http {method}", SpanKind.SERVER, context=context) as span:

            async def note(message: Message) -> None:
                if "status" in message:
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self._app(scope, receive, note)
            finally:
                handler = scope.get(HANDLER, OTHER)
                span.update_name(f"{method} {handler}")
                span.set_attributes({"http.request.method": method, "keydesk.handler": handler})


class TracedDeliverer:
    """A deliverer whose parcels are traced."""

    def __init__(self, tracing: OpenTelemetry, channel: Channel, deliverer: Deliverer) -> None:
        self._tracing = tracing
        self._channel = channel
        self._deliverer = deliverer

    @property
    def lanes(self) -> int:
        """How many lanes are served at once."""
        return self._deliverer.lanes

    @property
    def pace(self) -> timedelta:
        """How long a lane rests after each delivery."""
        return self._deliverer.pace

    @property
    def timeout(self) -> timedelta:
        """No call takes longer."""
        return self._deliverer.timeout

    def draw(self, tx: Transaction, claim: Claim) -> Drawn:
        """Draw what is to be delivered."""
        with self._tracing.span(f"draw {self._channel}", channel=str(self._channel), delivery=claim.delivery_id):
            drawn = self._deliverer.draw(tx, claim)
        if drawn.parcel is None:
            return drawn
        return replace(drawn, parcel=_TracedParcel(self._tracing, self._channel, claim, drawn.parcel))

    def given_up(self, tx: Transaction, claim: Claim, error: str) -> None:
        """Keep that a delivery was given up."""
        self._deliverer.given_up(tx, claim, error)


class _TracedParcel:
    def __init__(self, tracing: OpenTelemetry, channel: Channel, claim: Claim, parcel: Parcel) -> None:
        self._tracing = tracing
        self._known = {"channel": str(channel), "delivery": claim.delivery_id, "attempt": claim.attempts}
        self._parcel = parcel

    async def find_arrived(self, since: datetime) -> bool:
        with self._tracing.span("look for arrived", SpanKind.CLIENT, **self._known):
            return await self._parcel.find_arrived(since)

    async def send(self, begin: Begin) -> None:
        with self._tracing.span(f"deliver {self._known['channel']}", SpanKind.CLIENT, **self._known):
            await self._parcel.send(begin)

    def note(self, tx: Transaction, *, won: bool) -> None:
        self._parcel.note(tx, won=won)


class TracedUpstream:
    """A client whose calls are traced. A call's span ends with its answer's body."""

    def __init__(self, tracing: OpenTelemetry, client: UpstreamClient) -> None:
        self._tracing = tracing
        self._client = client

    @asynccontextmanager
    async def send(self, call: Outgoing) -> AsyncIterator[Incoming]:
        """Send it."""
        method = call.method if call.method in _METHODS else "HTTP"
        with self._tracing.span(f"statuspage {method}", SpanKind.CLIENT) as span:
            span.set_attribute("http.request.method", method)
            async with self._client.send(call) as answer:
                span.set_attribute("http.response.status_code", answer.status)
                yield answer

    async def close(self) -> None:
        """Let go of its connections."""
        await self._client.close()
