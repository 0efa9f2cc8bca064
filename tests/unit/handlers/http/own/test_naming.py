"""What commands are called where a program reads of them."""

import pytest

from desk.commands import SlackNames
from handlers.http.own.naming import on_api
from handlers.http.own.operations import OPERATIONS
from tests.own_story import OwnApi


def test_every_twin_is_called_by_its_operation() -> None:
    """Whatever follows; what only people do is called as Slack calls it, by the prefix that is set there."""
    name = on_api(SlackNames("acme-"))
    for one in OPERATIONS:
        for twin in one.twins:
            method, _, path = name(f"{twin} something").partition(" ")
            assert any(
                twin in other.twins and (method, path) == (other.method, f"/keydesk/v1/{other.path}")
                for other in OPERATIONS
            )
    assert name("keys list all") == "GET /keydesk/v1/keys?view=all"
    assert name("keys approve k1") == "/acme-keys approve k1 in Slack"
    assert name("incident") == "/acme-incident in Slack"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_hints_speak_of_the_api(api: OwnApi) -> None:
    """And so do those of Statuspage's own, whose callers have no Slack either."""
    caller = api.key("keys:read", "incidents:write")
    hint = (await caller.get("requests/nosuchthing0")).json()["hint"]
    assert hint == "Use POST /keydesk/v1/requests to make one."
    made = (await caller.post(f"pages/{api.page}/incidents", name="Slow")).json()["incident"]["id"]
    hint = (await caller.post(f"pages/{api.page}/incidents/{made}/reopen", body="Again.")).json()["hint"]
    assert "/incident" not in hint.replace("/keydesk/v1/pages/{page_id}/incidents", "")
