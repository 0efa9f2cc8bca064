"""Under which hosts and paths each page is found. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlsplit

from desk.status_page.pages import PageFacts

RESERVED = frozenset(
    {
        *("api", "assets", "badge.svg", "embed.js", "favicon.ico", "history", "history.atom", "history.rss"),
        *("incidents", "index.html", "maintenances.ics", "robots.txt", "uptime"),
        *("healthz", "metrics", "readyz", "slack", "v1", "v2"),
    }
)
"""First parts of paths that are not pages."""
_OF_A_PAGE = frozenset(
    {*("api", "badge.svg", "embed.js", "history", "history.atom", "history.rss", "maintenances.ics", "uptime")}
)
"""First parts of paths below the root that are of the page which owns it."""


_HOST = "//"
"""What stands before a host among addresses."""


@dataclass(frozen=True, slots=True)
class Site:
    """A page at a place: on a host of its own, or below `base` (empty or `/acme`) of every other host."""

    page: PageFacts
    host: str | None
    base: str
    url: str
    """The page's own address, without a slash at its end: on its host if it has one."""
    permalinks: str
    """Below which feeds and calendars link to its incidents: the same, however many pages there are."""
    names: str
    """After which feeds and calendars name their entries: the first address that others could reach, for good."""
    aliases: tuple[str, ...] = ()
    """Where else on shared hosts it answers, as it may have been there once: addresses are for ever."""

    @property
    def folder(self) -> str:
        """Where its documents are in the folder, from the folder's root; empty for the root."""
        return f"_hosts/{self.host}" if self.host is not None else self.base.strip("/")


def plan_sites(
    pages: Sequence[PageFacts], base_url: str, addresses: Mapping[str, str] = MappingProxyType({})
) -> Sequence[Site]:
    """Every place of every page. `addresses` says which page was the first to have each path.

    One page owns the root for ever, whatever becomes of others: while it is the only one that is not hidden it is at
    `/`. Otherwise each is below its subdomain, `/` lists those that are not hidden, and everything else below the
    root goes on answering for its owner. A page with a domain of its own is there too. Each answers below every path
    that it had before, and on every domain that is no other page's by now.
    """
    shown = [page for page in pages if not page.hidden] or list(pages)
    owner = addresses.get("") or find_root_owner(pages)
    alone = shown[0] if len(shown) == 1 and shown[0].id == owner else None
    hosts = {find_host(page) for page in pages}
    sites = []
    for page in pages:
        own = find_base(page)
        base = "" if page is alone else own
        before = [path for path, page_id in sorted(addresses.items()) if path and page_id == page.id]
        had = [own, *(path for path in before if not path.startswith(_HOST))]
        had += [""] if page.id == owner else []
        aliases = tuple(path for path in dict.fromkeys(had) if path != base)
        host = f"https://{page.domain.lower()}" if page.domain else None
        url, permalinks = host or base_url + base, host or base_url
        names = page.entries_address or permalinks
        sites.append(Site(page, None, base, url, permalinks, names, aliases))
        former = [path.removeprefix(_HOST) for path in before if path.startswith(_HOST)]
        its = [find_host(page), *(name for name in former if name not in hosts)]
        sites += [Site(page, name, "", url, permalinks, names) for name in its if name]
    return sites


def find_host(page: PageFacts) -> str:
    """The host that is a page's own; empty where it has none."""
    host = (page.domain or "").lower()
    return host if is_host(host) else ""


def find_root_owner(pages: Sequence[PageFacts]) -> str:
    """The page to which the root is given when it was no page's yet: the oldest that is not hidden; empty: none."""
    shown = [page for page in pages if not page.hidden] or list(pages)
    return min(((page.created_at, page.id) for page in shown), default=(None, ""))[1]


def list_unclaimed(pages: Sequence[PageFacts], addresses: Mapping[str, str]) -> Mapping[str, str]:
    """The paths and hosts that pages have now and that were no page's before, with the page of each."""
    now = {find_base(page): page.id for page in pages}
    owner = find_root_owner(pages)
    now |= {_HOST + host: page.id for page in pages if (host := find_host(page))}
    if owner:
        now[""] = owner
    return {path: page_id for path, page_id in now.items() if path not in addresses}


def list_unnamed(sites: Sequence[Site]) -> Mapping[str, str]:
    """What entries of pages are named after from now on, by the page's id, where that was not settled yet.

    An address of this machine alone is for trying things out, and settles nothing.
    """
    unnamed = [site for site in sites if site.page.entries_address is None]
    return {site.page.id: site.names for site in unnamed if not _is_loopback(tag_host(site.names))}


def is_gone(host: str, path: str, gone: Collection[str]) -> bool:
    """Whether an address on a host that is no page's own was one of those that are `gone`."""
    if _HOST + host in gone and (path == "/" or is_below(path, "")):
        return True
    return any(is_below(path, base) for base in gone if not base.startswith(_HOST))


def is_below(path: str, base: str) -> bool:
    """Whether an address is one of a page that was at `base`; of the root only what is a page's own there."""
    if base:
        return path == base or path.startswith(f"{base}/")
    return path.removeprefix("/").partition("/")[0] in _OF_A_PAGE


def find_base(page: PageFacts) -> str:
    """The path of a page below hosts that it shares: its subdomain where that can be one, else its id."""
    if not page.subdomain or page.subdomain.lower() in RESERVED or not is_plain(page.subdomain):
        return f"/{page.id}"
    return f"/{page.subdomain}"


def is_plain(word: str) -> bool:
    """Whether a word can be one part of a path, and one name of a folder, as it is."""
    return word.replace("-", "").replace("_", "").isalnum() and word.isascii()


def is_host(word: str) -> bool:
    """Whether a word can be a host's name, and one name of a folder, as it is."""
    return all(is_plain(part) for part in word.split("."))


def host_of(header: bytes) -> str:
    """The host that a request is for, without its port."""
    host = header.decode("latin-1").lower()
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tag_host(url: str) -> str:
    """The host as feeds name it in their ids."""
    return urlsplit(url).hostname or "localhost"
