"""What phones and screen readers give is a message's `text` alone: it says who, what and with which outcome."""

from handlers.slack.app import all_renderers
from tests.factories import MAX, MIA, OLIVIA
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario
from tests.scenario.incidents_made import open_incident
from tests.scenario.incidents_stage import set_stage
from tests.scenario.keys_stage import add, said
from tests.scenario.texts_alone import SAYS, list_dumb


def _texts(scenario: Scenario, channel: str = OWNERS_CHANNEL) -> list[str]:
    scenario.deliver()
    return [message["text"] for message in scenario.olivia.messages(channel)]


def test_what_a_command_did(scenario: Scenario) -> None:
    """The answer names the key and what became of it."""
    key = add(scenario, holder_id=MIA)
    assert said(scenario.olivia, f"/keys suspend {key} because of a leak")["text"].startswith(
        "“terraform prod”: Suspended"
    )
    assert said(scenario.olivia, f"/keys restore {key}")["text"] == "“terraform prod”: Restored: it works again."


def test_lists(scenario: Scenario) -> None:
    """What is on a list, or what was looked for and is not there; not how many there are alone."""
    stage = set_stage(scenario)
    open_incident(stage, "Search & more is slow")
    add(scenario, name="nightly <export>")
    for line, says in (
        ("/keys list", "1 key: nightly &lt;export&gt;"),
        ("/keys list zeta", "No key matching `zeta`"),
        ("/keys list R&amp;D <http://api.acme.com|api.acme.com>", "No key matching `R&amp;D api.acme.com`"),
        ("/keys show nightly &lt;export&gt;", "Key “nightly &lt;export&gt;”: active"),
        ("/incident list", "1 open or planned: Search &amp; more is slow (Investigating)"),
        ("/incident list zeta", "No incident or maintenance matching `zeta`"),
        ('/incident show "Search &amp; more is slow"', "Search &amp; more is slow (Investigating)"),
        ("/maintenance list", "No maintenance is planned, and none is in progress."),
        ("/page list", "Pages that you configure: Acme"),
        ("/page retired", "Retired on Acme: nothing"),
        ("/roles who owner", f"Who is owner: <@{OLIVIA}>"),
    ):
        assert said(scenario.olivia, line)["text"].startswith(says), line


def test_what_is_done_with_a_component(scenario: Scenario) -> None:
    """What was done with which, as it is called, without signs of markup."""
    set_stage(scenario)
    assert said(scenario.olivia, "/page retire website")["text"] == "Website is retired"


def test_roles(scenario: Scenario) -> None:
    """Who got which role from whom, and which owner there is now."""
    scenario.olivia.type_command(f"/roles grant <@{MAX}> owner")
    [to_max] = [message["text"] for message in scenario.direct_messages(scenario.max)]
    assert "owner" in to_max and f"<@{OLIVIA}>" in to_max
    [to_owners] = _texts(scenario)
    assert to_owners.startswith(f"<@{OLIVIA}> made <@{MAX}> *owner*")


def test_a_dead_letter(scenario: Scenario) -> None:
    """Where it was to go, what it would have said, and how it was settled."""
    channel = scenario.server.workspace.conversations[OWNERS_CHANNEL]
    channel.is_archived = True
    scenario.mia.type_command('/keys request "terraform prod" scope:read page:acme because we automate it')
    scenario.deliver()
    [letter] = scenario.direct_messages(scenario.olivia)
    for words in ("could not be delivered", f"<#{OWNERS_CHANNEL}>", "terraform prod"):
        assert words in letter["text"]
    channel.is_archived = False
    scenario.olivia.press("Retry", letter)
    [settled] = scenario.direct_messages(scenario.olivia)
    assert "Delivered after all" in settled["text"] and f"<@{OLIVIA}>" in settled["text"]


def test_no_kind_is_forgotten() -> None:
    """Each kind of message has its sentences, and they turn away a text that says only half."""
    assert SAYS.keys() == all_renderers().keys()
    for kind in SAYS:
        assert list_dumb(kind, ["Done", "1 key", "Somebody's standing changed.", "A message could not be delivered."])
        assert len(list_dumb(kind, ["Done", "“terraform prod”", "Key digest: 3 keys", "<@U0MIA00001>"])) == 4
