"""Links to the public page, and what stands in their place where the public cannot read it."""

from functools import partial

from desk.incidents.announcements import HEAD_CARD
from desk.incidents.incidents import update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.transaction import Desk
from handlers.slack.incidents.details import details_view
from handlers.slack.incidents.drafts.views import published_view
from sandbox.player import words_of
from storage.models import IncidentStatus
from tests.databases import both_databases
from tests.factories import INES
from tests.unit.handlers.slack.incidents.card_stage import CardStage, set_card_stage

NAME = "Acme *&* Co"
NAMED = "Published on *Acme ∗&amp;∗ Co*"


def stories(stage: CardStage) -> tuple[str, str]:
    """The permalink of an incident with many updates and a postmortem, and everything Slack shows of it."""
    incident = stage.open()
    more = IncidentChange(body="Still looking.")
    stage.do(INES, lambda tx: [update_incident(tx, incident.id, more) for _ in range(40)])
    said = [stage.says(HEAD_CARD, incident.id)]
    stage.say(incident, body="Over.", status=IncidentStatus.RESOLVED)
    stage.do(INES, partial(write_postmortem, incident_id=incident.id, body="A full disk."))
    stage.do(INES, partial(publish_postmortem, incident_id=incident.id))
    said.append(stage.says(HEAD_CARD, incident.id))
    draft = stage.draft()
    said += [
        words_of(stage.do(INES, partial(details_view, incident_id=incident.id))),
        words_of(stage.do(INES, lambda tx: published_view(tx, draft, incident))),
    ]
    return incident.shortlink, "\n".join(said)


@both_databases
def test_a_page_for_everybody_is_linked(desk: Desk) -> None:
    """The channel, *Show* and the word after publishing lead to the incident on the page."""
    link, said = stories(set_card_stage(desk, name=NAME))
    for words in ("On the page", "Look at it", "the page has all of them"):
        assert f"<{link}|{words}>" in said
    assert f"<{link}#postmortem|Postmortem>" in said
    assert "ublished on" not in said


def test_a_page_for_some_is_named(desk: Desk) -> None:
    """No link leads to where nobody gets: the page's name stands there instead."""
    link, said = stories(set_card_stage(desk, name=NAME, configuration={"viewers_must_be_team_members": True}))
    assert link not in said
    assert said.count(NAMED) == 3
    assert f"*Checkout errors* is {NAMED[0].lower()}{NAMED[1:]}." in said
    assert ":memo: Postmortem, published" in said
    assert "earlier Incident id" in said
