"""Under which hosts and paths each page is found. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Site:
    """A page at a place: on a host of its own, or below `base` (empty or `/acme`) of every other host."""

    page: PageFacts
    host: str | None
    base: str
    url: str
    """The page's own address, without a slash at its end: on its host if it has one."""
    permalinks: str
    """Below which feeds and calendars name its incidents: the same, however many pages there are."""
    aliases: tuple[str, ...] = ()
    """Where else on shared hosts it answers, as it may have been there once: addresses are for ever."""

    @property
    def folder(self) -> str:
        """Where its documents are in the folder, from the folder's root; empty for the root."""
        return f"_hosts/{self.host}" if self.host is not None else self.base.strip("/")


def plan_sites(pages: Sequence[PageFacts], base_url: str) -> Sequence[Site]:
    """Every place of every page.

    The only page that is not hidden is at `/`; where there are several, each is below its subdomain, and `/` lists
    those that are not hidden. A page with a domain of its own is there too. Below the root everything of the oldest
    one goes on answering, which was there by itself once, and the only page answers below its subdomain as well.
    """
    shown = [page for page in pages if not page.hidden] or list(pages)
    alone = shown[0] if len(shown) == 1 else None
    oldest = min(shown, key=lambda page: (page.created_at, page.id), default=None)
    sites = []
    for page in pages:
        own = find_base(page)
        base = "" if page is alone else own
        aliases = tuple(other for other in ((own, "") if page is oldest else (own,)) if other != base)
        host = f"https://{page.domain.lower()}" if page.domain else None
        url, permalinks = host or base_url + base, host or base_url
        sites.append(Site(page, None, base, url, permalinks, aliases))
        if page.domain and is_host(page.domain.lower()):
            sites.append(Site(page, page.domain.lower(), "", url, permalinks))
    return sites


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


def tag_host(url: str) -> str:
    """The host as feeds name it in their ids."""
    return urlsplit(url).hostname or "localhost"
