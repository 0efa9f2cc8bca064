"""Which call leads where."""

import pytest

from desk.keys.check import Need
from handlers.http.answers import Answer
from handlers.http.v1.routing import Call, Route, RouteTable

READ = Need("incidents", write=False)


async def _handler(_call: Call) -> Answer:
    return Answer(200)


def route(pattern: str, method: str = "GET") -> Route:
    """A route to nowhere."""
    return Route(method, pattern, READ, _handler)


TABLE = RouteTable(
    [
        route("pages"),
        route("pages/{page_id}"),
        route("pages/{page_id}", "PATCH"),
        route("pages/{page_id}/incidents"),
        route("pages/{page_id}/incidents/unresolved"),
        route("pages/{page_id}/incidents/{incident_id}"),
        route("pages/{page_id}/incidents/{incident_id}/postmortem"),
    ]
)


@pytest.mark.parametrize(
    ("path", "pattern", "parameters"),
    [
        ("pages", "pages", {}),
        ("pages.json", "pages", {}),
        ("pages/", "pages", {}),
        ("pages/abc", "pages/{page_id}", {"page_id": "abc"}),
        ("pages/abc.json", "pages/{page_id}", {"page_id": "abc"}),
        ("pages/abc/incidents/unresolved", "pages/{page_id}/incidents/unresolved", {"page_id": "abc"}),
        ("pages/abc/incidents/unresolved.json", "pages/{page_id}/incidents/unresolved", {"page_id": "abc"}),
        (
            "pages/abc/incidents/x1",
            "pages/{page_id}/incidents/{incident_id}",
            {"page_id": "abc", "incident_id": "x1"},
        ),
        (
            "pages/abc/incidents/unresolved/postmortem",
            "pages/{page_id}/incidents/{incident_id}/postmortem",
            {"page_id": "abc", "incident_id": "unresolved"},
        ),
    ],
)
def test_paths_lead_to_routes(path: str, pattern: str, parameters: dict[str, str]) -> None:
    """With or without .json, a fixed word wins over an id where the rest of the path fits both."""
    found = TABLE.find(path)
    assert found is not None
    routes, found_parameters = found
    assert routes["GET"].pattern == pattern
    assert found_parameters == parameters


@pytest.mark.parametrize(
    "path", ["", ".json", "page", "pages//", "pages//incidents", "pages/a/b", "pages/a/incidents/b/c/d"]
)
def test_other_paths_lead_nowhere(path: str) -> None:
    """An empty part is no id, and what no pattern fits is not found."""
    assert TABLE.find(path) is None


def test_methods_of_one_path_are_found_together() -> None:
    """Whoever uses the wrong method can be told the right ones."""
    found = TABLE.find("pages/abc")
    assert found is not None
    assert set(found[0]) == {"GET", "PATCH"}


def test_the_same_route_twice_is_a_mistake() -> None:
    """Two handlers for one call would hide one another."""
    with pytest.raises(ValueError, match="twice"):
        RouteTable([route("pages"), route("pages")])


def test_one_place_has_one_name() -> None:
    """A parameter that is page_id in one pattern is page_id in all: the key check reads it by that name."""
    with pytest.raises(ValueError, match="page_id"):
        RouteTable([route("pages/{page_id}"), route("pages/{id}/incidents")])
