"""What is looked at when somebody reads the metrics: the outbox, mirrors, and turns at a Statuspage elsewhere."""

from collections.abc import Sequence
from typing import Any

from desk.clock import Clock
from handlers.http.gateway.connections import ConnectionBook
from handlers.metrics import Look, Metrics, seconds_since
from storage.database import Database
from storage.load import LaneLoad, count_dead, list_loads
from storage.mirror import Mirror
from storage.models import Channel

WORST_LANES = 10
"""So many lanes have series of their own: those that have waited longest."""


def look_at_outbox(database: Database, clock: Clock) -> Look:
    """Depth and age, by channel and of the worst lanes, and dead letters."""

    async def look(metrics: Metrics) -> None:
        loads, dead = await database.everywhere.run_read(lambda session: (list_loads(session), count_dead(session)))
        now = clock.now()

        def age(of: Sequence[LaneLoad]) -> float:
            return max((seconds_since(one.due_at, now) for one in of), default=0.0)

        for_channel = [(str(channel), [one for one in loads if one.channel is channel]) for channel in Channel]
        waiting = [(float(sum(one.waiting for one in of)), name) for name, of in for_channel]
        metrics.show("outbox_waiting", "Deliveries that wait.", ("channel",), waiting)
        ages = [(age(of), name) for name, of in for_channel]
        metrics.show("outbox_age_seconds", "How long the oldest has been due.", ("channel",), ages)
        letters = [(float(dead.get(channel, 0)), str(channel)) for channel in Channel]
        metrics.show("outbox_dead", "Dead letters that nobody has decided on.", ("channel",), letters)
        labels, worst = ("channel", "lane"), loads[:WORST_LANES]
        waiting_there = [(float(one.waiting), str(one.channel), one.lane) for one in worst]
        metrics.show("outbox_lane_waiting", "Of lanes that have waited longest.", labels, waiting_there)
        ages_there = [(age([one]), str(one.channel), one.lane) for one in worst]
        metrics.show("outbox_lane_age_seconds", "How long their oldest has been due.", labels, ages_there)

    return look


def look_at_mirrors(mirrors: Sequence[Mirror[Any]]) -> Look:
    """For how long nobody has been able to say that what is in memory is up to date."""

    async def look(metrics: Metrics) -> None:
        ages: dict[str, float] = {}
        for mirror in mirrors:
            topic = str(mirror.topic)
            ages[topic] = max(ages.get(topic, 0.0), mirror.age())
        what = "Since when a copy in memory is not known to be up to date."
        metrics.show("mirror_age_seconds", what, ("topic",), [(age, topic) for topic, age in ages.items()])

    return look


def look_at_upstreams(book: ConnectionBook) -> Look:
    """Turns at Statuspages elsewhere, by key."""

    async def look(metrics: Metrics) -> None:
        loads = [connection.budget.find_load() for connection in book.list_open()]
        used = [(float(load.used.get(key, 0)), key) for load in loads for key in load.limits]
        metrics.show("upstream_calls_in_last_minute", "Calls with a key of Statuspage.", ("key",), used)
        most = [(float(limit), key) for load in loads for key, limit in load.limits.items() if limit is not None]
        metrics.show("upstream_calls_a_minute", "How many it is good for.", ("key",), most)
        waiting = float(sum(load.waiting for load in loads))
        metrics.show("upstream_waiting", "Calls that wait for their turn.", (), [(waiting,)])

    return look
