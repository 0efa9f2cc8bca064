"""A key for named components and from named addresses: asked for, narrowed, collected, shown, and called with."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from sandbox.player import words_of
from storage.models import ApiKey, Component, KeyRequest, KeyUse, Page
from tests.factories import add_component
from tests.scenario.conftest import Scenario, shows
from tests.scenario.requests_stage import everything, only, secret_in
from tests.scenario.test_use import call

pytestmark = pytest.mark.page

SCOPES = "scope:incidents:write scope:component_status:write"
LINE = f'/keys request "monitor" {SCOPES} components:API,Web from:127.0.0.1/8 page:acme because it sees'


@pytest.fixture(autouse=True)
def components(scenario: Scenario) -> dict[str, str]:
    """What is on the page, by name."""
    with scenario.database.write() as session:
        page = session.scalars(select(Page)).one()
        return {name: add_component(session, page, scenario.clock.now(), name=name).id for name in ("API", "Web")}


def _collect(scenario: Scenario) -> str:
    scenario.mia.press("Collect my key", shows(scenario.direct_messages(scenario.mia), "monitor", "ready"))
    return secret_in(scenario.mia.modal)


def _open(scenario: Scenario, secret: str, component_id: str) -> int:
    where = urlsplit(scenario.page.base_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    incident = {"name": f"Slow {component_id}", "components": {component_id: "partial_outage"}}
    page_id = only(everything(scenario, Page)).id
    try:
        headers = {"Authorization": f"OAuth {secret}"}
        connection.request("POST", f"/v1/pages/{page_id}/incidents", json.dumps({"incident": incident}), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_key_does_what_an_owner_left_of_it(scenario: Scenario, components: dict[str, str]) -> None:
    """The card, the window and /keys show say what narrows the key; an owner narrows it more; a call that keeps to
    it goes through, and one that does not is told why and counted as refused."""
    scenario.mia.type_command(LINE)
    card = shows(scenario.owners_channel(), "monitor", "Only the components", "API, Web", "Only from", "127.0.0.0/8")
    scenario.olivia.press("Change and approve", card)
    assert set(scenario.olivia.submit(components="API, Nothing")) == {"components"}
    assert set(scenario.olivia.submit(components="API", networks="10.0.0.0/8")) == {"networks"}
    assert scenario.olivia.submit(components="api", networks="127.0.0.0/8") == {}
    secret = _collect(scenario)
    assert "*Only the components*\nAPI" in words_of(scenario.mia.modal)
    key = only(everything(scenario, ApiKey))
    assert (key.components, key.networks) == ([components["API"]], ["127.0.0.0/8"])
    shown = words_of(scenario.mia.type_command("/keys show monitor"))
    assert "127.0.0.0/8" in shown
    assert "only one component, only from 127.0.0.0/8" in words_of(scenario.mia.type_command("/keys list"))

    assert _open(scenario, secret, components["API"]) == 201
    assert _open(scenario, secret, components["Web"]) == 403
    scenario.page.flush_uses()
    use = only(everything(scenario, KeyUse))
    assert (use.writes, use.refused) == (1, 1)
    states = {row.name: row.status for row in everything(scenario, Component)}
    assert states == {"API": "partial_outage", "Web": "operational"}
    assert scenario.violations() == []


def test_from_elsewhere_a_key_is_as_good_as_unknown(scenario: Scenario) -> None:
    """Whoever took it learns nothing, and who looks at the key sees that it was refused."""
    scenario.mia.type_command('/keys request "monitor" scope:read from:192.0.2.0/24 page:acme because it sees')
    scenario.olivia.press("Approve", shows(scenario.owners_channel(), "monitor", "192.0.2.0/24"))
    secret = _collect(scenario)
    assert call(scenario, "/v1/pages", secret) == call(scenario, "/v1/pages", "kd_unknown")
    scenario.page.flush_uses()
    assert "Last refused (1 in all)" in words_of(scenario.mia.type_command("/keys show monitor"))


def test_the_form_asks_for_the_same(scenario: Scenario, components: dict[str, str]) -> None:
    """What was typed stands in the form, what is wrong is said beside its field, and asking again fills it in."""
    scenario.mia.type_command('/keys request "bot" scope:component_status:write components:API from:10.0.0.0/8')
    words = {"purpose": "It sets states.", "pages": [only(everything(scenario, Page)).id]}
    assert set(scenario.mia.submit(**words, networks="home")) == {"networks"}
    assert set(scenario.mia.submit(**words, components="Nope")) == {"components"}
    assert scenario.mia.submit(**words, components=f"API, {components['Web']}", networks="10.0.0.0/8") == {}
    request = only(everything(scenario, KeyRequest))
    assert request.components == [components["API"], components["Web"]]
    assert request.networks == ["10.0.0.0/8"]
    scenario.olivia.press("Deny", shows(scenario.owners_channel(), "bot", "10.0.0.0/8"))
    scenario.olivia.submit(reason="No.")
    scenario.mia.press("Ask again", shows(scenario.direct_messages(scenario.mia), "bot", "denied"))
    filled = {
        block["block_id"]: block["element"].get("initial_value")
        for block in scenario.mia.modal["blocks"]
        if block.get("block_id") in {"components", "networks"}
    }
    assert filled == {"components": "API, Web", "networks": "10.0.0.0/8"}
    assert scenario.violations() == []
