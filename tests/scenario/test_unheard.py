"""Whoever asks others is told so only where those hear of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sandbox.player import words_of
from storage.models import SecondPerson
from tests.factories import MIA
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.incidents_stage import set_stage
from tests.scenario.keys_stage import add, said
from tests.scenario.requests_stage import LINE, mine

SILENT = "Slack lets me post nothing at present (`missing_scope`)"
CLOSED = f"Slack takes no message of mine in <#{OWNERS_CHANNEL}>"


@contextmanager
def without_posting(scenario: Scenario) -> Iterator[None]:
    """The app is installed without the permission to post."""
    workspace = scenario.server.workspace
    whole = workspace.manifest
    workspace.manifest = replace(whole, bot_scopes=tuple(set(whole.bot_scopes) - {"chat:write"}))
    scenario.bot.call(scenario.bot.client.auth_test())
    try:
        yield
    finally:
        workspace.manifest = whole


def _archive(scenario: Scenario, *, archived: bool = True) -> None:
    scenario.server.workspace.conversations[OWNERS_CHANNEL].is_archived = archived


def test_a_request_without_the_permission_to_post(scenario: Scenario) -> None:
    """It is kept, and whoever asked reads that owners know nothing of it, and whom to ask; later it goes out."""
    with without_posting(scenario):
        answer = words_of(said(scenario.mia, LINE))
        assert SILENT in answer and "Ask an owner: Olivia" in answer
        assert "Owners were asked" not in answer
        scenario.deliver()
    scenario.bot.call(scenario.bot.client.auth_test())
    scenario.clock.advance(minutes=2)
    shows(scenario.owners_channel(), "asks for an API key")
    assert "not told" not in words_of(mine(scenario, scenario.mia))
    assert "Owners were asked" in words_of(said(scenario.mia, LINE))


def test_questions_without_the_permission_to_post(scenario: Scenario) -> None:
    """Of more time that is asked for, of a holder who is asked and of a draft for a second person: nobody reads that
    somebody was told."""
    set_stage(scenario).set_page(second_person=SecondPerson.ALWAYS)
    key_id = add(scenario)
    with without_posting(scenario):
        extend = words_of(said(scenario.mia, f"/keys extend {key_id} for 100d because the migration is late"))
        assert f"owners were not told of it: {SILENT}" in extend
        scenario.olivia.press("Ask its holder", said(scenario.olivia, f"/keys show {key_id}"))
        shows(scenario.olivia.messages("C0GENERAL1"), f"<@{MIA}> was not told: {SILENT}")
        scenario.ines.type_command('/incident new "Checkout errors" component:checkout=partial_outage We look.')
        scenario.ines.press("Publish", scenario.ines.modal)
        assert f"They were not told: {SILENT}" in words_of(scenario.ines.modal).replace("*", "")


def test_the_owners_channel_is_archived(scenario: Scenario) -> None:
    """The first who asks reads it on their card, once Slack has refused; the next ones at once, and no longer once
    something arrived there."""
    _archive(scenario)
    assert "Owners were asked" in words_of(said(scenario.mia, LINE))
    card = words_of(mine(scenario, scenario.mia))
    assert f"owners were not told of it: {CLOSED} (`is_archived`)" in card
    assert CLOSED in words_of(said(scenario.mia, LINE))
    _archive(scenario, archived=False)
    letter = shows(scenario.direct_messages(scenario.olivia), "could not be delivered")
    scenario.olivia.press("Retry", letter)
    shows(scenario.owners_channel(), "asks for an API key")
    assert "Owners were asked" in words_of(said(scenario.mia, LINE))
