"""What the demo prints."""

import re

from bot.demo.welcome import welcome
from desk.incidents.drafts.content import content_of
from desk.incidents.inputs import NewIncident
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, Transaction
from handlers.slack.incidents.drafts.writing import keep_draft
from handlers.slack.incidents.parsing import parse_incident
from handlers.slack.incidents.starting import begin_new
from storage.models import Page, Role
from tests.clock import MONDAY_MORNING
from tests.factories import INES, add_grant, add_member


def test_the_printed_line_says_all_that_is_needed(desk: Desk) -> None:
    """The line that a newcomer copies leads to the preview, though Ines may publish on every page."""
    desk.write_now(Actor.operator("demo"), lambda tx: plant_seed(tx, read_acme()))
    with desk.database.write() as session:
        add_member(session, INES, MONDAY_MORNING)
        add_grant(session, INES, Role.INCIDENT_MANAGER, MONDAY_MORNING)
    (line,) = re.findall(r"/incident new (.*)", welcome("http://workspace", "http://page"))

    def write(tx: Transaction) -> None:
        state, values = begin_new(tx, parse_incident(line))
        assert values.problems == ()
        content = content_of(keep_draft(tx, state, values))
        assert isinstance(content, NewIncident)
        assert (content.name, len(content.components)) == ("Checkout errors", 1)
        assert tx.session.get_one(Page, state.page_id).name == "Acme"

    desk.write_now(Actor.member(INES), write)
