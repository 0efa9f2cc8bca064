"""Where pages are found."""

from datetime import UTC, datetime
from typing import Any

import pytest

from desk.status_page.pages import PageFacts
from handlers.http.public.sites import host_of, plan_sites

BASE = "https://keydesk.example"


def page(name: str, **values: Any) -> PageFacts:
    """A page with believable defaults."""
    defaults: dict[str, Any] = {
        "id": f"{name}0000001",
        "name": name,
        "subdomain": name,
        "domain": None,
        "url": None,
        "description": None,
        "time_zone": "Etc/UTC",
        "configuration": {},
        "updated_at": datetime(2026, 3, 2, tzinfo=UTC),
    }
    return PageFacts(**(defaults | values))


def places(*pages: PageFacts) -> list[tuple[str, str | None, str, str]]:
    """Name, host, base and address of every place."""
    return [(site.page.name, site.host, site.base, site.url) for site in plan_sites(pages, BASE)]


def test_one_page_is_at_the_root() -> None:
    """A single page needs no path."""
    assert places(page("acme")) == [("acme", None, "", BASE)]


def test_several_pages_are_below_their_subdomains() -> None:
    """Each page has its path; the root is for the list of them."""
    assert places(page("acme"), page("beta")) == [
        ("acme", None, "/acme", f"{BASE}/acme"),
        ("beta", None, "/beta", f"{BASE}/beta"),
    ]


def test_a_hidden_page_leaves_the_root_to_the_other() -> None:
    """The only page that is not hidden is at the root, the hidden one below its path."""
    hidden = page("secret", configuration={"hidden_from_search": True})
    assert places(page("acme"), hidden) == [
        ("acme", None, "", BASE),
        ("secret", None, "/secret", f"{BASE}/secret"),
    ]


def test_the_root_is_given_once() -> None:
    """Whose it is by the first rendering it stays: the only page that is shown now is below its path."""
    sites = plan_sites([page("acme"), page("beta")], BASE, {"": "beta0000001", "/old": "acme0000001"})
    assert [(site.page.name, site.base, site.aliases) for site in sites] == [
        ("acme", "/acme", ("/old",)),
        ("beta", "/beta", ("",)),
    ]
    alone = plan_sites([page("acme")], BASE, {"": "gone00000001"})
    assert [(site.base, site.aliases) for site in alone] == [("/acme", ())]


def test_a_domain_is_a_place_of_its_own() -> None:
    """A page with a domain is named by it everywhere, and found below its path too."""
    url = "https://status.acme.example"
    assert places(page("acme", domain="Status.Acme.example"), page("beta"))[:2] == [
        ("acme", None, "/acme", url),
        ("acme", "status.acme.example", "", url),
    ]


@pytest.mark.parametrize("subdomain", ["v1", "slack", "assets", "incidents", "a/b", "..", "ä", None, ""])
def test_words_that_cannot_be_paths_are_not(subdomain: str | None) -> None:
    """A page never takes an address that means something else, nor leaves the folder: it is below its id then."""
    found = places(page("acme", subdomain=subdomain), page("beta"))
    assert found[0][2] == "/acme0000001"


@pytest.mark.parametrize("domain", ["../../etc", "a..b", "status.acme.example/x", "a b"])
def test_words_that_cannot_be_hosts_are_not(domain: str) -> None:
    """A domain that is none gets no place, and no folder."""
    assert [place[1] for place in places(page("acme", domain=domain))] == [None]


@pytest.mark.parametrize(
    ("header", "host"),
    [
        (b"Status.Acme.example:8080", "status.acme.example"),
        (b"a.example", "a.example"),
        (b"[::1]:80", "[::1]"),
        (b"", ""),
    ],
)
def test_hosts_without_ports(header: bytes, host: str) -> None:
    """The port does not matter for which page is meant."""
    assert host_of(header) == host
