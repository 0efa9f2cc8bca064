"""What the public sees of a page, as plain values that outlive the transaction they were read in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from desk.clock import CLOCKS_APART
from desk.pages.status import Headline, Impact, decide_headline
from desk.status_page.components import ComponentView
from desk.status_page.incidents import IncidentView

TICK = timedelta(minutes=5)
"""How often a page is shown anew without a change, for today's bars and for the turn of the day."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page itself. `configuration` has the fields that presentation reads, under Statuspage's names."""

    id: str
    name: str
    subdomain: str | None
    domain: str | None
    url: str | None
    description: str | None
    time_zone: str
    configuration: Mapping[str, Any]
    updated_at: datetime
    created_at: datetime = _LONG_AGO
    entries_address: str | None = None
    """After which its entries in feeds and calendars are named for good."""

    def setting(self, name: str) -> str:
        """A text of the configuration; empty where it is not set."""
        value = self.configuration.get(name)
        return value.strip() if isinstance(value, str) else ""

    @property
    def hidden(self) -> bool:
        """Whether search engines should leave it out."""
        return bool(self.configuration.get("hidden_from_search"))

    @property
    def has_feeds(self) -> bool:
        """Whether Atom and RSS are offered."""
        return self.configuration.get("allow_rss_atom_feeds") is not False


@dataclass(frozen=True, slots=True)
class PageView:
    """A page with its components in order, everything that is open, and the latest of what is over."""

    page: PageFacts
    components: tuple[ComponentView, ...]
    """A group is followed by its components."""
    incidents: tuple[IncidentView, ...]
    """The newest first."""
    first_incident_at: datetime | None
    history: tuple[IncidentView, ...] = ()
    """Everything that began in this month or in one of the two before, the newest first."""
    retired: tuple[ComponentView, ...] = ()
    """What is not on the page any more: incidents of the past name it still."""

    def as_of(self, now: datetime) -> datetime:
        """The instant that what is shown speaks of: the last tick, or a later change.

        So every replica shows the same of the same rows, also one whose clock is behind that of who wrote them.
        """
        tick = datetime.fromtimestamp(now.timestamp() // TICK.total_seconds() * TICK.total_seconds(), UTC)
        written = [self.page.updated_at, *(row.updated_at for row in self.incidents)]
        for row in self.components:
            written += [row.updated_at, *(change.at for change in row.changes[-1:])]
        return max([tick, *(at for at in written if at <= now + CLOCKS_APART)])

    @property
    def zone(self) -> ZoneInfo:
        """The page's time zone."""
        return ZoneInfo(self.page.time_zone)

    def children(self, group_id: str) -> tuple[ComponentView, ...]:
        """The components of a group."""
        return tuple(row for row in self.components if row.group_id == group_id)

    @property
    def leaves(self) -> tuple[ComponentView, ...]:
        """All components but groups."""
        return tuple(row for row in self.components if not row.group)

    @property
    def realtime(self) -> tuple[IncidentView, ...]:
        """Incidents that were not scheduled, the newest first."""
        return tuple(row for row in self.incidents if not row.is_maintenance)

    @property
    def open_incidents(self) -> tuple[IncidentView, ...]:
        """Incidents that are not resolved, the newest first."""
        return tuple(row for row in self.realtime if row.is_open)

    @property
    def headline(self) -> Headline:
        """What people read first of the page."""
        impacts = [Impact(row.impact) for row in self.open_incidents]
        return decide_headline([row.status for row in self.leaves], impacts, in_maintenance=bool(self.active))

    @property
    def maintenances(self) -> tuple[IncidentView, ...]:
        """Scheduled maintenances, the one that begins last first."""
        scheduled = [row for row in self.incidents if row.is_maintenance]
        return tuple(sorted(scheduled, key=lambda row: (row.began_at, row.number), reverse=True))

    @property
    def upcoming(self) -> tuple[IncidentView, ...]:
        """Maintenances that have not begun, the next one first."""
        return tuple(row for row in reversed(self.maintenances) if row.is_upcoming)

    @property
    def active(self) -> tuple[IncidentView, ...]:
        """Maintenances that go on."""
        return tuple(row for row in reversed(self.maintenances) if row.is_open and not row.is_upcoming)
