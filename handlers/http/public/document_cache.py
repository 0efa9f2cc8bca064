"""All public documents of all pages, as they are at one moment: what readers are answered from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from desk.status_page.pages import PageFacts, PageView
from desk.status_page.reading import list_public_pages, read_page_view
from handlers.http.public.assets import Assets, make_assets
from handlers.http.public.document import Document, make_document
from handlers.http.public.headers import HTML_HEADERS
from handlers.http.public.html import headline, render_pages
from handlers.http.public.rendering import Rendered, render_page
from handlers.http.public.sites import is_gone, plan_sites

_HTML = "text/html; charset=utf-8"
_NOBODY = PageFacts("", "Status", None, None, None, None, "UTC", {}, datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class DocumentCache:
    """What each host answers. `tables` has the hosts of single pages; every other host is answered from `shared`."""

    places: Sequence[Rendered] = ()
    shared: Mapping[str, Document] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Document]] = field(default_factory=dict)
    missing: Document | None = None
    """What a browser gets where there is nothing."""
    gone: frozenset[str] = frozenset()
    """Paths and hosts whose page was removed."""
    removed: Document | None = None
    """What a browser gets below these."""

    def find(self, host: str, path: str) -> Document | None:
        """The document at an address; a slash at its end may be left out."""
        table = self.tables.get(host)
        if table is None:
            # A host whose page was removed shows nobody else's.
            table = {} if is_gone(host, "/", self.gone) else self.shared
        return table.get(path) or table.get(f"{path}/")

    def is_gone(self, host: str, path: str) -> bool:
        """Whether an address was a page's that was removed."""
        return host not in self.tables and is_gone(host, path, self.gone)

    def places_of(self, host: str) -> Sequence[Rendered]:
        """The pages that a host shows."""
        wanted = host if host in self.tables else None
        return [place for place in self.places if place.site.host == wanted]


def read_views(session: Session, now: datetime, before: DocumentCache | None = None) -> Sequence[PageView]:
    """What there is to show of every public page; incidents that are as in the cache before are not read again."""
    known = {place.view.page.id: place.view for place in before.places} if before else {}
    return [read_page_view(session, page, now, known.get(page.id)) for page in list_public_pages(session)]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Which page was the first to have each path, and the paths whose page was removed."""

    owners: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


def fill_cache(
    views: Sequence[PageView],
    base_url: str,
    now: datetime,
    before: DocumentCache | None = None,
    addresses: Addresses | None = None,
) -> DocumentCache:
    """Render what differs from the cache before; pages that nothing changed of are taken over."""
    addresses = addresses or Addresses()
    known = {(place.site.host, place.site.base): place for place in before.places} if before else {}
    of_page = {view.page.id: view for view in views}
    places = []
    for site in plan_sites([view.page for view in views], base_url, addresses.owners):
        view = of_page[site.page.id]
        old = known.get((site.host, site.base))
        fresh = old is not None and (old.site, old.view, old.as_of) == (site, view, view.as_of(now))
        places.append(old if old is not None and fresh else render_page(view, site, now, old))
    if (
        before is not None
        # The cache that a site begins with has not even this.
        and before.missing is not None
        and all(a is b for a, b in zip(before.places, places, strict=False))
        and len(before.places) == len(places)
        and before.gone == addresses.gone
    ):
        return before
    shared: dict[str, Document] = {}
    tables: dict[str, dict[str, Document]] = {}
    for place in places:
        table = shared if place.site.host is None else tables.setdefault(place.site.host, {})
        table.update({place.site.base + path: document for path, document in place.documents.items()})
    _add_front(shared, places)
    _add_aliases(shared, places)
    _add_shortlinks(shared, places)
    missing, removed = _missing(shared), _removed(shared)
    return DocumentCache(places, MappingProxyType(shared), MappingProxyType(tables), missing, addresses.gone, removed)


def _add_front(shared: dict[str, Document], places: Sequence[Rendered]) -> None:
    """`/`, where no page is: the list of those that are not hidden."""
    if "/" in shared or not places:
        return
    listed = [place for place in places if place.site.host is None and not place.view.page.hidden]
    pages = [{"name": place.view.page.name, "base": place.site.base, **headline(place.view)} for place in listed]
    assets = _own_assets(shared)
    body = render_pages("Status pages", "", pages, assets)
    shared["/"] = make_document(body, _HTML, headers=HTML_HEADERS)


def _add_aliases(shared: dict[str, Document], places: Sequence[Rendered]) -> None:
    """What a page says where it may have been before; the list of pages and the pages themselves come first."""
    for place in places:
        for alias in place.site.aliases:
            for path, document in place.documents.items():
                shared.setdefault(alias + path, document)


def _add_shortlinks(shared: dict[str, Document], places: Sequence[Rendered]) -> None:
    """Permalinks as messages carry them, without the page's path."""
    for place in places:
        if place.site.host is None and place.site.base:
            for path, document in place.documents.items():
                if path.startswith("/incidents/"):
                    shared.setdefault(path, document)


def _missing(shared: dict[str, Document]) -> Document:
    assets = _own_assets(shared)
    words = "There is nothing at this address. It may have been removed, or the address may be mistyped."
    body = render_pages("Nothing here", words, [], assets, back="/")
    return make_document(body, _HTML, headers=HTML_HEADERS, status=404)


def _removed(shared: dict[str, Document]) -> Document:
    words = "The status page that was at this address was removed."
    body = render_pages("Removed", words, [], _own_assets(shared), back="/")
    return make_document(body, _HTML, headers=HTML_HEADERS, status=410)


def _own_assets(shared: dict[str, Document]) -> Assets:
    assets = make_assets(_NOBODY, "")
    shared.update(assets.documents)
    return assets
