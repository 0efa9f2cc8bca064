"""Everything that runs, made here and handed in; started in order, and stopped so that nothing is lost."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.database import find_public_folder, make_desk
from bot.jobs import list_jobs
from bot.readiness import make_checks, make_warnings
from bot.server import HttpServer, address_of, listen
from bot.settings import Settings
from bot.slack_link import SlackLink, make_client, make_session
from bot.tracing import UNTRACED, Tracing
from bot.upstream import find_seal, list_setting_keys, make_upstream_client
from desk.clock import Clock, SteeredClock
from desk.transaction import Desk
from handlers.delivery.atlassian.deliverer import AtlassianDeliverer
from handlers.delivery.deliverer import Deliverer
from handlers.delivery.slack.deliverer import SlackDeliverer
from handlers.delivery.worker import OutboxWorker
from handlers.http.app import HttpApp, HttpSettings, create_http_app
from handlers.http.auth.budgets import Budgets
from handlers.http.gateway.assembly import UpstreamOptions, UpstreamParts
from handlers.jobs.channels import check_channels
from handlers.jobs.clock_watch import ClockWatch
from handlers.jobs.copies import follow_page
from handlers.jobs.reconcile import reconcile_at_start
from handlers.jobs.scheduler import Scheduler, ignore_run
from handlers.jobs.sweep import follow_people, sweep_unheard_now
from handlers.measuring import look_at_outbox
from handlers.metrics import Metrics
from handlers.slack.app import all_renderers, create_bolt_app
from handlers.slack.directory.reading import Acquaintances
from handlers.slack.framework.afterwards import Afterwards
from handlers.slack.framework.client import SlackClient
from handlers.slack.framework.outcomes import follow_questions
from handlers.upstream.access import UpstreamAccess
from storage.background import finish, finish_all
from storage.database import Database
from storage.models import Channel
from storage.open_questions import OpenQuestions

_LAST_DELIVERIES_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_KEPT_SECONDS = 3.0
"""Of the time that a stop may take, what is kept for the last deliveries, the last uses and the files."""
_CUTTING_SECONDS = 0.3
"""What it takes to cut off in order what is in hand by then: to tell whoever waits, and to close what is open."""

MakeWorker = Callable[[Desk, AsyncWebClient, UpstreamParts], OutboxWorker]

_log = structlog.get_logger(__name__)


def make_deliverers(desk: Desk, client: AsyncWebClient, upstreams: UpstreamParts) -> Mapping[Channel, Deliverer]:
    """A deliverer for each channel that this Keydesk has."""
    return {
        Channel.SLACK: SlackDeliverer(client, desk.clock, all_renderers()),
        Channel.ATLASSIAN: AtlassianDeliverer(
            upstreams.client, upstreams.book.find, desk.clock, on_refused=upstreams.hear_refused
        ),
    }


class Program:
    """Keydesk as one process. Make it with `create_program` within a running event loop, then `run` it once."""

    def __init__(
        self,
        settings: Settings,
        desk: Desk,
        client: AsyncWebClient,
        link: SlackLink,
        worker: OutboxWorker,
        watch: ClockWatch,
        scheduler: Scheduler,
        http: HttpApp,
        server: HttpServer,
        afterwards: Afterwards,
        questions: OpenQuestions,
        management: HttpServer | None = None,
    ) -> None:
        self._management = management
        self._settings = settings
        self._desk = desk
        self._client = client
        self._link = link
        self._worker = worker
        self._watch = watch
        self._scheduler = scheduler
        self._http = http
        self._server = server
        self._afterwards = afterwards
        self._questions = questions

    async def run(self, stopping: asyncio.Event, serving: Callable[[], None] = lambda: None) -> None:
        """Run until `stopping` is set, then finish what is in hand. `serving` is called when requests are answered.

        Raises what ended a part that should have gone on, once all others are stopped.
        """
        await self._watch.begin()
        async with self._http.running():
            await self._server.start()
            if self._management is not None:
                await self._management.start()
            parts = [
                asyncio.create_task(self._link.run(), name="slack"),
                asyncio.create_task(self._worker.run(), name="outbox"),
            ]
            self._scheduler.start()
            watching = asyncio.create_task(self._watch.run(), name="clock")
            following = asyncio.create_task(follow_people(self._desk, self._watch.find_doubt), name="people")
            asking = asyncio.create_task(
                follow_questions(self._desk, self._afterwards, self._questions), name="questions"
            )
            serving()
            asked = asyncio.create_task(stopping.wait())
            beginning = asyncio.create_task(self._begin(), name="beginning")
            try:
                await asyncio.wait([asked, *parts], return_when=asyncio.FIRST_COMPLETED)
            finally:
                asked.cancel()
                beginning.cancel()
                watching.cancel()
                following.cancel()
                asking.cancel()
                stopping.set()
                await self._stop(parts)
            await asyncio.gather(*(part for part in parts if part.done() and not part.cancelled()))

    async def _begin(self) -> None:
        """What is done at each start: look who is there, which channels take messages, and what nobody ever saw."""
        await self._link.known.wait()
        for begin, failed in (
            (partial(reconcile_at_start, self._client, self._desk), "directory_not_read"),
            (partial(check_channels, self._client, self._desk), "channels_not_checked"),
            (partial(sweep_unheard_now, self._desk), "unheard_messages_not_sent"),
        ):
            try:
                await begin()
            except Exception as error:
                _log.error(failed, exc_info=error)

    async def _stop(self, parts: Sequence[asyncio.Task[None]]) -> None:
        """Take nothing new, finish what is in hand, deliver what that caused; and leave time for what comes then."""
        loop, seconds = asyncio.get_running_loop(), self._settings.shutdown_seconds
        deadline = loop.time() + seconds
        kept = _time_kept(self._settings)
        grace = _grace(self._settings)
        _log.info("stopping", seconds_at_most=seconds)
        await asyncio.gather(
            finish(self._link.stop(grace), "slack", until=deadline - kept),
            finish(self._server.stop(), "http", until=deadline - kept),
            self._scheduler.stop(patience=timedelta(seconds=grace)),
        )
        await self._afterwards.drain(max(deadline - kept - loop.time(), 0))
        if self._management is not None:
            await finish(self._management.stop(), "management", until=deadline - kept)
        last = min(deadline - kept * 2 / 3, loop.time() + _LAST_DELIVERIES_SECONDS)
        await finish(self._last_deliveries(last), "last deliveries", until=last)
        self._worker.stop()
        await finish_all(parts, until=deadline - kept * 2 / 3)

    async def _last_deliveries(self, until: float) -> None:
        """Let the worker go on until nothing is due; what is still there then waits on disk for the next start."""
        loop = asyncio.get_running_loop()
        self._worker.wake()
        while loop.time() < until:
            try:
                due = await self._worker.find_next_due()
            except Exception as error:
                _log.warning("last_deliveries_unknown", exc_info=error)
                return
            if due is None or due > self._desk.clock.now():
                return
            await asyncio.sleep(_LOOK_SECONDS)


def _time_kept(settings: Settings) -> float:
    return min(settings.shutdown_seconds / 3, _KEPT_SECONDS)


def _grace(settings: Settings) -> float:
    """How long what is in hand may take at a stop."""
    return max(settings.shutdown_seconds - _time_kept(settings) - _CUTTING_SECONDS, 0.0)


async def run_program(
    settings: Settings,
    database: Database,
    listener: socket.socket,
    stopping: asyncio.Event,
    *,
    clock: Clock | None = None,
    make_worker: MakeWorker | None = None,
    tracing: Tracing = UNTRACED,
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Assemble Keydesk and run it on an up-to-date database until `stopping` is set."""
    async with make_session(tracing.of_calls()) as session:
        client = make_client(settings, session)
        desk = await asyncio.to_thread(make_desk, settings, database, clock=clock)
        management = _listen_for_management(settings)
        program = create_program(
            settings,
            desk,
            client,
            listener,
            stopping,
            make_worker=make_worker,
            tracing=tracing,
            management=management,
        )
        _log.info("serving", address=address_of(listener), slack="socket" if settings.slack_app_token else "http")
        await program.run(stopping, serving)
    _log.info("stopped")


def _listen_for_management(settings: Settings) -> socket.socket | None:
    if settings.management_port is None:
        return None
    listener = listen(settings.management_host, settings.management_port, setting="KEYDESK_MANAGEMENT")
    _log.info("management", address=address_of(listener))
    return listener


def create_program(
    settings: Settings,
    desk: Desk,
    client: SlackClient,
    listener: socket.socket,
    stopping: asyncio.Event,
    *,
    make_worker: MakeWorker | None = None,
    tracing: Tracing = UNTRACED,
    management: socket.socket | None = None,
) -> Program:
    """Every part, made and connected; nothing is started yet.

    A desk whose clock can be steered goes by the database's where this machine's is behind.
    `tracing` follows what they do. `management`: where metrics and readiness are read, when they have an address of
    their own.
    """
    metrics = None
    if management is not None:
        metrics = Metrics([look_at_outbox(desk.database, desk.clock)])
        desk = replace(desk, on_recorded=metrics.recorded)
    afterwards = Afterwards()
    questions = OpenQuestions(settings.data_folder / "unknown-outcomes", desk.database.engine.url)
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""

    def make_app(identity: AuthorizeResult) -> AsyncApp:
        return create_bolt_app(
            desk,
            client,
            signing_secret=secret,
            identity=identity,
            ensure_known=Acquaintances(),
            afterwards=afterwards,
            on_answered=metrics.slack_answered if metrics is not None else None,
            around=tracing.around_slack,
            upstream=UpstreamAccess(http.upstreams.client, seal),
            questions=questions,
        )

    tracing.of_engine(desk.database.engine)
    seal = find_seal(settings)
    steered = desk.clock if isinstance(desk.clock, SteeredClock) else None
    watch = ClockWatch(desk, steered=steered, on_jump=lambda: scheduler.look_anew())
    link = SlackLink(settings, client, make_app, seconds_now=lambda: desk.clock.now().timestamp())
    http = create_http_app(
        desk,
        routes=link.routes(),
        checks=make_checks(desk, client, link, watch, stopping),
        warnings=make_warnings(desk, client, watch, seal),
        settings=HttpSettings(
            use_flush_interval=timedelta(seconds=settings.use_flush_seconds),
            distrust_after=timedelta(seconds=settings.key_trust_seconds),
            trusted_proxies=settings.trusted_proxies,
            budgets=Budgets(settings.api_calls_per_minute, settings.api_calls_of_keys, settings.api_limit_code),
            public_folder=find_public_folder(settings),
            upstreams=UpstreamOptions(
                seal=seal,
                keys=list_setting_keys(settings),
                wait_seconds=settings.upstream_wait_seconds,
                keep_seconds=settings.upstream_cache_seconds,
                client=tracing.of_upstream(make_upstream_client(settings)),
                limit_code=settings.api_limit_code,
            ),
        ),
        metrics=metrics,
    )
    jobs = list_jobs(desk, client, http.upstreams)
    there = http.upstreams
    there.hooks.look = partial(follow_page, there.client, there.book, desk, there.hear_refused)
    on_run = metrics.job_ran if metrics is not None else ignore_run
    scheduler = Scheduler(desk, tracing.of_jobs(jobs), find_doubt=watch.find_doubt, on_run=on_run)
    if make_worker is None:
        worker = OutboxWorker(desk, tracing.of_deliverers(make_deliverers(desk, client, http.upstreams)))
    else:
        worker = make_worker(desk, client, http.upstreams)
    grace = _grace(settings)
    return Program(
        settings,
        desk,
        client,
        link,
        worker,
        watch,
        scheduler,
        http,
        HttpServer(tracing.of_http(http), listener, grace_seconds=grace),
        afterwards,
        questions,
        management=HttpServer(http.management, management, grace_seconds=grace) if management is not None else None,
    )
