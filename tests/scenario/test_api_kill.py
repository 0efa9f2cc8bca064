"""A POST that is cut off by a kill before, at and after its commit, and sent again."""

import http.client
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import SandboxServer
from storage.models import Incident, Scope
from tests.api_client import ApiClient, mint_key
from tests.factories import INES
from tests.scenario.keydesk_processes import Town, seeded
from tests.waiting import wait_until


@pytest.fixture
def town(slack_server: SandboxServer, database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A page and its components."""
    with seeded(slack_server, database_url, tmp_path, [INES]) as town:
        yield town


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("where", "kept"), [("committing", 0), ("committed", 1)])
def test_the_same_call_after_a_kill_opens_one_incident(town: Town, where: str, kept: int) -> None:
    """A client that tries again after its connection broke finds what was opened, or opens it."""
    _dies_and_is_sent_again(town, where, kept)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_same_where_the_database_outlives_the_process(town: Town) -> None:
    """Between commit and answer."""
    _dies_and_is_sent_again(town, "committed", 1)


def _dies_and_is_sent_again(town: Town, where: str, kept: int) -> None:
    _, secret = mint_key(town.desk, scopes=[Scope.INCIDENTS_WRITE])
    path, body = f"pages/{town.page_id}/incidents", {"incident": {"name": "Checkout errors", "body": "We look."}}
    dying = town.start(where)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ApiClient(dying.url, secret).send("POST", path, body)
    assert wait_until(dying.death) == -signal.SIGKILL
    assert len(town.rows(Incident)) == kept
    client = ApiClient(town.start().url, secret)
    answers = [client.send("POST", path, body) for _ in range(4)]
    (incident,) = town.rows(Incident)
    assert [(code, said["id"]) for code, said in answers] == [(201, incident.id)] * 4
