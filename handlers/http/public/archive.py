"""What lies further back than the cache: incidents and months of the past, rendered ahead and kept in memory."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from desk.status_page.incidents import IncidentView
from desk.status_page.marks import ArchiveMark, count_newer, list_incident_ids, read_archive_mark, read_versions
from desk.status_page.months import Month, recent_months
from desk.status_page.reading import read_incidents, read_period
from handlers.http.public.document import Document
from handlers.http.public.document_cache import DocumentCache
from handlers.http.public.rendering import Rendered, is_old, month_in, render_incident, render_month
from storage.database import Database
from storage.models import Incident

ROOM = 64 * 1024 * 1024
"""Bytes of old documents that are kept in memory, in all their forms: some eight thousand incidents."""


class Keeper(Protocol):
    """Keeps what the archive renders somewhere else as well."""

    openings: int
    """How often it began anew, not knowing what it holds; after each time it must be offered everything."""

    @property
    def is_behind(self) -> bool:
        """Whether it could not do all that it was told, and is to be told again."""

    def keep_only(self, incident_ids: Collection[str]) -> None:
        """Let go at once of what shows other incidents."""

    def keep(self, place: Rendered, documents: Mapping[str, Document]) -> None:
        """Take documents over, by their path below the page."""

    def settle(self, past: Iterable[tuple[Rendered, str]]) -> None:
        """Told of everything old that there is: let go of the rest."""


@dataclass(slots=True)
class _Past:
    """What is known of one page at one place."""

    place: Rendered
    mark: ArchiveMark
    versions: Mapping[str, int]
    """Of each incident, as it was rendered last."""
    next_month: Month | None
    """The month to render next, going back; None at the end of the way."""
    documents: dict[str, Document] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    """Of all that was rendered, also of what found no room."""
    months: dict[str, Month] = field(default_factory=dict)
    """In which each incident was shown last."""
    size: int = 0

    @property
    def is_complete(self) -> bool:
        return self.next_month is None and len(self.documents) == len(self.paths)


class Archive:
    """Renders the past of every page: from the newest month back, one month in each step, then what changes.

    It starts anew for a page whose frame changed (its name, its colours, its components) or that lost an incident.
    What finds no room is left to whoever asks for it.
    """

    def __init__(self, database: Database, *, room: int = ROOM, keeper: Keeper | None = None) -> None:
        self._database = database
        self._room = room
        self._keeper = keeper
        self._openings = 0
        self._pasts: dict[str, _Past] = {}
        self._marks: dict[str, ArchiveMark] = {}

    def find(self, place: Rendered, path: str) -> Document | None:
        """A document that is there already. Fit for the event loop."""
        past = self._past_of(place)
        return past.documents.get(path if path.endswith("/") else f"{path}/") if past is not None else None

    def is_complete(self, place: Rendered) -> bool:
        """Whether what `find` does not find is not there at all. Fit for the event loop."""
        past = self._past_of(place)
        return past is not None and past.is_complete

    def let_go(self, cache: DocumentCache) -> None:
        """Where an incident or a page is gone, have the keeper let go of it. Raises what the database raises."""
        if self._keeper is None:
            return
        page_ids = {place.view.page.id for place in cache.places}
        with self._database.read() as session:
            marks = {page_id: read_archive_mark(session, page_id) for page_id in page_ids}
            is_whole = self._marks.keys() <= page_ids and all(
                before.count + count_newer(session, page_id, before) == marks[page_id].count
                for page_id, before in self._marks.items()
            )
            if not self._marks or not is_whole or self._keeper.is_behind:
                self._keeper.keep_only(list_incident_ids(session, page_ids))
        self._marks = marks

    def follow(self, cache: DocumentCache) -> None:
        """Take up what a new cache means for the past. Raises what the database raises."""
        if self._keeper is not None and self._keeper.openings != self._openings:
            self._openings = self._keeper.openings
            self._pasts = {}
        places = {place.site.folder: place for place in cache.places}
        for gone in self._pasts.keys() - places.keys():
            del self._pasts[gone]
        for place in places.values():
            self._follow(place)

    def step(self) -> bool:
        """Render one month more; whether there are others. Raises what the database raises."""
        past = next((past for past in self._pasts.values() if past.next_month is not None), None)
        if past is not None and past.next_month is not None:
            month = past.next_month
            self._keep(past, self._render(past, month))
            past.next_month = self._before(past, month)
        if any(past.next_month is not None for past in self._pasts.values()):
            return True
        if self._keeper is not None:
            self._keeper.settle(self._everything())
        return False

    def _past_of(self, place: Rendered) -> _Past | None:
        past = self._pasts.get(place.site.folder)
        # The same frame, not one like it: comparing hundreds of components is no work for a reader's call.
        return past if past is not None and past.place.frame is place.frame else None

    def _follow(self, place: Rendered) -> None:
        past = self._pasts.get(place.site.folder)
        changed: Sequence[IncidentView] = ()
        with self._database.read() as session:
            mark = read_archive_mark(session, place.view.page.id)
            if past is not None and past.mark == mark:
                versions = past.versions
            else:
                versions = read_versions(session, place.view.page.id)
            if past is not None and past.versions != versions:
                moved = [one for one, version in versions.items() if past.versions.get(one) != version]
                changed = read_incidents(session, place.view, Incident.id.in_(moved))
        if past is None or past.place.frame != place.frame or past.versions.keys() - versions.keys():
            past = _Past(place, mark, versions, next_month=None)
            past.next_month = self._before(past, recent_months(place.as_of, place.view.zone)[-1])
        else:
            left = {path: document for path, document in past.place.documents.items() if is_old(path)}
            past.place, past.mark, past.versions = place, mark, versions
            self._keep(past, left)
            self._keep(past, _render_incidents(place, changed))
            for month in _list_months(past, changed):
                self._keep(past, self._render(past, month, only_itself=True))
        self._pasts[place.site.folder] = past

    def _render(self, past: _Past, month: Month, *, only_itself: bool = False) -> Mapping[str, Document]:
        place = past.place
        with self._database.read() as session:
            rows = list(read_period(session, place.view, month.start, month.end))
        past.months.update((row.id, month) for row in rows)
        documents = {f"/history/{month}/": render_month(place, month, rows)}
        if not only_itself:
            documents |= _render_incidents(place, rows)
        return documents

    def _keep(self, past: _Past, documents: Mapping[str, Document]) -> None:
        """Put documents in memory while there is room, and hand them on; those in the cache are nobody's past."""
        documents = {path: found for path, found in documents.items() if path not in past.place.documents}
        for path, document in documents.items():
            past.paths.add(path)
            before = past.documents.pop(path, None)
            past.size -= before.size if before is not None else 0
            if self._used() + document.size <= self._room:
                past.documents[path] = document
                past.size += document.size
        if documents and self._keeper is not None:
            self._keeper.keep(past.place, documents)

    def _before(self, past: _Past, month: Month) -> Month | None:
        first = past.place.view.first_incident_at
        is_over = first is None or month.start <= first
        # Without a keeper, nobody would have what is rendered beyond the room.
        is_full = self._keeper is None and len(past.documents) < len(past.paths)
        return None if is_over or is_full else month.previous()

    def _used(self) -> int:
        return sum(past.size for past in self._pasts.values())

    def _everything(self) -> Iterator[tuple[Rendered, str]]:
        for past in self._pasts.values():
            for path in past.paths:
                yield past.place, path


def _list_months(past: _Past, changed: Sequence[IncidentView]) -> Collection[Month]:
    """The months of the past in which these incidents were, and those in which they are now."""
    place, months = past.place, set[Month]()
    for row in changed:
        now = Month.at(row.began_at, place.view.zone)
        months |= {past.months.get(row.id, now), now}
        past.months[row.id] = now
    paths = {f"/history/{month}/": month for month in months}
    # A clock that was ahead may have written what begins in a month that has not come.
    known = {path: month for path, month in paths.items() if month_in(path, place.view, place.as_of) is not None}
    return [month for path, month in known.items() if path not in place.documents]


def _render_incidents(place: Rendered, rows: Sequence[IncidentView]) -> Mapping[str, Document]:
    """The permalinks that the cache does not have."""
    paths = {f"/incidents/{row.id}/": row for row in rows}
    return {path: render_incident(place, row) for path, row in paths.items() if path not in place.documents}
