"""What Keydesk counts and times, as Prometheus reads it. Counts are of this process, since its start.

Labels come from closed vocabularies, so that nobody outside can make series: what is in none of them is `other`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `render` gives, by Prometheus' exposition format."""
_SLACK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""Slack waits three seconds."""
_CALL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Value = tuple[float, *tuple[str, ...]]
"""A gauge's value, and what its labels say."""
Look = Callable[["Metrics"], Awaitable[None]]
"""Sets gauges to what is so now."""


class Metrics:
    """All series. `looks` set the gauges whenever they are asked for."""

    def __init__(self, looks: Sequence[Look] = ()) -> None:
        self._looks = [*looks]
        self.registry = CollectorRegistry()
        self._slack = self._histogram(
            "slack_request_seconds", "From Slack's request to its answer.", ("kind", "name"), _SLACK_BUCKETS
        )
        self._calls = self._histogram(
            "http_request_seconds", "From a request's head to the end of its answer.", ("handler",), _CALL_BUCKETS
        )
        self._answers = self._counter("http_answers", "Answers over HTTP.", ("handler", "status"))
        self._checks = self._counter("key_checks", "Calls by what the check of their key said.", ("result",))
        self._events = self._counter("audit_events", "What was recorded, by what it was.", ("action",))
        self._runs = self._counter("job_runs", "Runs of jobs, by whether they were done.", ("job", "done"))
        self._job_seconds = self._gauge("job_seconds", "How long the last run of a job took.", ("job",))
        self._job_late = self._gauge("job_late_seconds", "How late the last run of a job began.", ("job",))
        self._gauges: dict[str, Gauge] = {}

    def _histogram(self, name: str, what: str, labels: Sequence[str], buckets: Sequence[float]) -> Histogram:
        return Histogram(f"keydesk_{name}", what, labels, buckets=buckets, registry=self.registry)

    def _counter(self, name: str, what: str, labels: Sequence[str]) -> Counter:
        return Counter(f"keydesk_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, labels: Sequence[str]) -> Gauge:
        return Gauge(f"keydesk_{name}", what, labels, registry=self.registry)

    def add_look(self, look: Look) -> None:
        """Ask it too, whenever somebody reads."""
        self._looks.append(look)

    def slack_answered(self, kind: str, name: str, seconds: float) -> None:
        """A request of Slack's was answered: a `command`, `button`, … of that name."""
        self._slack.labels(kind, name).observe(seconds)

    def call_answered(self, handler: str, status: int, seconds: float) -> None:
        """A request over HTTP was answered; status 0: it was cut off before that."""
        self._calls.labels(handler).observe(seconds)
        self._answers.labels(handler, str(status)).inc()

    def key_checked(self, result: str) -> None:
        """The check of a key said so."""
        self._checks.labels(result).inc()

    def recorded(self, actions: Iterable[str]) -> None:
        """These audit events were kept."""
        for action in actions:
            self._events.labels(action).inc()

    def job_ran(self, job: str, *, late: float, seconds: float, done: bool) -> None:
        """A job ran: how late it began, how long it took, and whether it was done."""
        self._runs.labels(job, "yes" if done else "no").inc()
        self._job_late.labels(job).set(late)
        self._job_seconds.labels(job).set(seconds)

    def show(self, name: str, what: str, labels: Sequence[str], values: Iterable[Value]) -> None:
        """A gauge has these values now, and no others."""
        gauge = self._gauges.get(name)
        if gauge is None:
            gauge = self._gauges[name] = self._gauge(name, what, labels)
        gauge.clear()
        for value, *own in values:
            (gauge.labels(*own) if own else gauge).set(value)

    async def render(self) -> bytes:
        """All series as text. Raises what a look raises."""
        for look in self._looks:
            await look(self)
        return generate_latest(self.registry)


def seconds_since(instant: datetime | None, now: datetime) -> float:
    """How long ago something was; 0 where it was not."""
    return max((now - instant).total_seconds(), 0.0) if instant is not None else 0.0
