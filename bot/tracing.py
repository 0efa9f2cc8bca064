"""Where traces are taken, and what takes none: OpenTelemetry is an extra, and imported only for a collector."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import aiohttp
from sqlalchemy import Engine

from bot.settings import Settings
from desk.errors import KeydeskError
from handlers.delivery.deliverer import Deliverer
from handlers.http.app import HttpApp
from handlers.jobs.scheduler import Job
from handlers.slack.app import Around
from handlers.upstream.client import UpstreamClient
from storage.models import Channel


class Tracing:
    """Traces nothing: each method gives back what it is given."""

    @property
    def around_slack(self) -> Around | None:
        """What is entered while one of Slack's requests is answered."""
        return None

    def of_calls(self) -> Sequence[aiohttp.TraceConfig]:
        """What calls to Slack are followed with."""
        return ()

    def of_engine(self, engine: Engine) -> None:
        """Follow statements."""

    def of_http(self, app: HttpApp) -> Any:
        """An ASGI application whose requests are followed."""
        return app

    def of_jobs(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Jobs whose runs are followed."""
        return jobs

    def of_deliverers(self, deliverers: Mapping[Channel, Deliverer]) -> Mapping[Channel, Deliverer]:
        """Deliverers whose deliveries are followed."""
        return deliverers

    def of_upstream(self, client: UpstreamClient) -> UpstreamClient:
        """A client whose calls to Statuspage are followed."""
        return client

    def stop(self) -> None:
        """Send what there is, and wait for it no longer than two seconds."""


UNTRACED = Tracing()


@contextmanager
def tracing(settings: Settings) -> Iterator[Tracing]:
    """What the settings want, within the block. Raises KeydeskError where OpenTelemetry is wanted and missing."""
    if settings.otlp_endpoint is None:
        yield UNTRACED
        return
    try:
        from bot.opentelemetry import OpenTelemetry
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise KeydeskError(
            "KEYDESK_OTLP_ENDPOINT is set, and OpenTelemetry is not installed.",
            "Install keydesk[opentelemetry], or take the setting away.",
        ) from error
    traced = OpenTelemetry(settings.otlp_endpoint)
    try:
        yield traced
    finally:
        traced.stop()
