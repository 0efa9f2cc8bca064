"""An owner imports one key by a form: its value works at once, and stands nowhere."""

import pytest
from sqlalchemy import inspect, text
from structlog.testing import capture_logs

from desk.policy import Policy
from desk.secret import sha256
from sandbox.player import words_of
from storage.models import ApiKey
from tests.factories import MAX, MIA
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.keys_stage import surely
from tests.scenario.requests_stage import everything, only
from tests.scenario.test_use import call

VALUE = "89a229ce-1a8b-4e0e-8f4b-2f6f1f3c0a77"


def _kept(scenario: Scenario) -> str:
    with scenario.database.read() as session:
        tables = inspect(session.get_bind()).get_table_names()
        return "".join(str(session.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)  # noqa: S608


@pytest.mark.page
def test_a_key_is_imported_and_used(scenario: Scenario) -> None:
    """The form asks for everything. From its submission on the value opens the API; owners and whoever answers for it
    hear of it. Nothing that Keydesk keeps, logs or sends to Slack holds the value."""
    with capture_logs() as logs:
        assert scenario.olivia.type_command("/keys import") is None
        errors = scenario.olivia.submit(key=VALUE, email="mia@acme.example", holder=MIA)
        assert errors == {}
        assert "works from now on" in words_of(scenario.olivia.modal)
        status, pages = call(scenario, "/v1/pages", VALUE)
        assert (status, [page["name"] for page in pages]) == (200, ["Acme"])
        shows(scenario.owners_channel(), "imported the key", "Key migrated from mia@acme.example")
        shows(scenario.direct_messages(scenario.mia), "you answer for it")
    key = only(everything(scenario, ApiKey))
    assert (key.sha256, key.scopes, key.pages, key.holder_id) == (sha256(VALUE), ["read"], None, MIA)
    said = [scenario.calls(method) for method in ("views.open", "chat.postMessage")]
    assert all(VALUE[:8] not in place for place in (_kept(scenario), str(logs), str(said)))
    assert VALUE[:8] not in words_of(scenario.olivia.modal)


@pytest.mark.parametrize(
    "line",
    [
        f"/keys request {VALUE} scope:read page:acme for 30d because of it",
        f'/keys request "grafana" scope:read page:acme for 30d because {VALUE} is old',
        f"/keys show {VALUE}",
        f"/roles grant {VALUE} owner",
        f"/page texts acme {VALUE}",
        f'/incident template save "T" as "{VALUE}"',
    ],
)
def test_its_value_in_a_line_is_repeated_nowhere(scenario: Scenario, line: str) -> None:
    """Neither in the refusal, nor in a form that is filled in with what was typed."""
    scenario.olivia.type_command("/keys import")
    assert scenario.olivia.submit(key=VALUE, email="a@acme.example", holder=MIA) == {}
    opened = len(scenario.calls("views.open"))
    refusal = scenario.olivia.type_command(line)
    assert refusal is not None
    assert "That holds the secret of an API key, so it was not kept." in words_of(refusal)
    assert VALUE[:12] not in str(refusal)
    assert len(scenario.calls("views.open")) == opened


def test_what_is_wrong_stands_beside_its_input_and_repeats_nothing(scenario: Scenario) -> None:
    """Too short, in the wrong place, or here already; also where the refusal gives back what was typed."""
    scenario.olivia.type_command("/keys import")
    short = VALUE[:20]
    refusals = [
        scenario.olivia.submit(key=short, email="a@acme.example"),
        scenario.olivia.submit(key=f"{VALUE} and words", email="a@acme.example"),
        scenario.olivia.submit(key=VALUE, email="a@acme.example", holder="U0GUS00001"),
        scenario.olivia.submit(key=VALUE, email=f"{VALUE}@acme.example"),
    ]
    assert [set(one) for one in refusals] == [{"key"}, {"key"}, {"holder"}, {"email"}]
    assert scenario.olivia.submit(key=VALUE, email="a@acme.example", holder=MIA) == {}
    scenario.omar.type_command("/keys import")
    again = scenario.omar.submit(key=VALUE, email="b@acme.example")
    assert "is here already as “Key migrated from a@acme.example”" in again["key"]
    assert short[:8] not in str([*refusals, again])
    assert len(everything(scenario, ApiKey)) == 1


def test_whoever_is_no_owner_gets_no_form(scenario: Scenario) -> None:
    """Also one who was an owner when the form opened; what was typed into it is not given back."""
    refusal = scenario.mia.type_command("/keys import")
    assert refusal is not None
    assert "Only owners" in words_of(refusal)
    scenario.omar.type_command("/keys import")
    surely(scenario.olivia, "/roles revoke @omar owner")
    scenario.omar.submit(key=f"{VALUE} with more words", email="a@acme.example")
    seen = words_of(scenario.omar.modal)
    assert "Only owners" in seen
    assert VALUE[:8] not in seen
    assert everything(scenario, ApiKey) == []


def test_a_value_behind_the_command_is_not_repeated(scenario: Scenario) -> None:
    """Slack keeps what is typed there: it is said so, and nothing is imported."""
    answer = scenario.olivia.type_command(f"/keys import {VALUE} for mia and the others")
    assert answer is not None
    assert "Nothing was imported" in words_of(answer)
    assert VALUE[:8] not in str(answer)


@pytest.fixture
def policy(request: pytest.FixtureRequest) -> Policy:
    """As always, or with addresses looked up."""
    return policy_of(owners_channel=OWNERS_CHANNEL, match_emails=getattr(request, "param", False))


@pytest.mark.parametrize("policy", [True], indirect=True)
def test_where_slack_does_not_say_nothing_is_imported(scenario: Scenario) -> None:
    """The app of this workspace may not see addresses: whoever imports hears what to do. With somebody named, nobody
    has to be looked for."""
    scenario.olivia.type_command("/keys import")
    scenario.olivia.submit(key=VALUE, email="max@acme.example")
    assert "does not let Keydesk see e-mail addresses" in words_of(scenario.olivia.modal)
    assert everything(scenario, ApiKey) == []
    scenario.olivia.close()
    scenario.olivia.type_command("/keys import")
    assert scenario.olivia.submit(key=VALUE, email="max@acme.example", holder=MAX) == {}
    assert only(everything(scenario, ApiKey)).holder_id == MAX
