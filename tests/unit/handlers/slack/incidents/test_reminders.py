"""What a reminder of an incident says, while it is to the point and afterwards."""

from datetime import timedelta
from functools import partial

import pytest

from desk.errors import ConflictError, NotAllowedError
from desk.incidents.drafts.composing import draft_nothing_new
from desk.incidents.drafts.content import content_of
from desk.incidents.incidents import delete_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.lookup import list_updates
from desk.incidents.reminders import REMINDER_CARD
from desk.transaction import Desk
from handlers.slack.incidents.reminders import SNOOZES
from sandbox.player import elements_of, options_of, text_of
from storage.models import ComponentStatus, Incident, IncidentStatus
from tests.clock import MONDAY_MORNING, HeldClock
from tests.factories import INES, MAX, MIA, OLIVIA, add_member
from tests.unit.handlers.slack.incidents.card_stage import HOSTILE, CardStage, problems, set_card_stage


@pytest.fixture
def stage(desk: Desk) -> CardStage:
    """A page on which Ines speaks."""
    return set_card_stage(desk)


def _subject(stage: CardStage, incident: Incident) -> str:
    with stage.desk.database.read() as session:
        return f"{incident.id}:{list_updates(session, [incident.id])[0].id}:1"


def test_a_reminder_says_what_subscribers_read_since_when(stage: CardStage, clock: HeldClock) -> None:
    """Name, status, impact, the silence, the last words and their speaker, with what can be done at once."""
    incident = stage.open(components=stage.states(api=ComponentStatus.PARTIAL_OUTAGE))
    subject = _subject(stage, incident)
    clock.advance(minutes=90)
    words = stage.says(REMINDER_CARD, subject)
    assert words.startswith("Time for an update: Checkout errors. Investigating, and nothing was said for 90 minutes")
    assert "*Time for an update*: *Checkout errors*. Nothing was said for 90 minutes." in words
    assert ":mag: Investigating · Major impact" in words
    assert f"subscribers read, from <@{INES}>:" in words
    assert "We are looking into it." in words
    assert stage.labels(REMINDER_CARD, subject) == ["Update", "Nothing new"]
    message = stage.drawn(REMINDER_CARD, subject)
    assert message is not None
    menu = [element for _, element in elements_of(message.blocks)][-1]
    assert [text_of(one) for one in options_of(menu)] == ["30 minutes", "1 hour", "2 hours", "4 hours"]
    assert [one["value"] for one in options_of(menu)] == [
        f"{incident.id}:{span.total_seconds() / 60:.0f}" for span in SNOOZES
    ]


def test_a_snoozed_reminder_says_until_when(stage: CardStage, clock: HeldClock) -> None:
    """While it is put off the card says until when and by whom, and keeps its buttons; after that, no more."""
    subject = _subject(stage, stage.open())
    until = clock.now() + timedelta(hours=1)
    facts = {"snoozed_by": f"member:{MAX}", "until": until.isoformat()}
    words = stage.says(REMINDER_CARD, subject, facts=facts)
    assert f":zzz: Snoozed until <!date^{int(until.timestamp())}^" in words
    assert f"by <@{MAX}>." in words
    assert stage.labels(REMINDER_CARD, subject, facts=facts) == ["Update", "Nothing new"]
    clock.advance(hours=1)
    assert "Snoozed" not in stage.says(REMINDER_CARD, subject, facts=facts)


def test_a_reminder_that_was_heeded_says_so(stage: CardStage, clock: HeldClock) -> None:
    """After an update it says by whom, at the end that it is resolved, without buttons; unsent, it stays unsaid."""
    incident = stage.open()
    subject = _subject(stage, incident)
    clock.advance(minutes=1)
    stage.say(incident, MAX, body="News.")
    clock.advance(minutes=1)
    assert f"Updated since, by <@{MAX}> <!date^" in stage.says(REMINDER_CARD, subject, ts="1.0")
    assert stage.drawn(REMINDER_CARD, subject) is None
    stage.say(incident, INES, status=IncidentStatus.RESOLVED)
    words = stage.says(REMINDER_CARD, subject, ts="1.0")
    assert words.startswith("Resolved since: Checkout errors")
    assert f":white_check_mark: Resolved since, by <@{INES}>" in words
    assert stage.labels(REMINDER_CARD, subject, ts="1.0") == []
    stage.do(OLIVIA, partial(delete_incident, incident_id=incident.id))
    assert "was deleted" in stage.says(REMINDER_CARD, subject, ts="1.0")
    assert stage.drawn(REMINDER_CARD, subject) is None


def test_nobodys_text_comes_alive(stage: CardStage) -> None:
    """Whatever stands in an incident's name and words, its reminder shows it as words."""
    incident = stage.open(name=(HOSTILE * 9)[:255], body=HOSTILE * 99)
    subject = _subject(stage, incident)
    assert problems(stage.drawn(REMINDER_CARD, subject), incident) == []
    stage.say(incident, body=HOSTILE)
    assert problems(stage.drawn(REMINDER_CARD, subject, ts="1.0"), incident) == []


def test_nothing_new_keeps_the_status_in_its_own_words(stage: CardStage) -> None:
    """The draft stays with the status and has Statuspage's words for it; not for what is over or for anybody."""
    incident = stage.open(status=IncidentStatus.MONITORING)
    hold = partial(draft_nothing_new, incident_id=incident.id)
    assert content_of(stage.do(INES, hold)) == IncidentChange(
        status=IncidentStatus.MONITORING, body="We are continuing to monitor for any further issues."
    )
    with stage.desk.database.write() as session:
        add_member(session, MIA, MONDAY_MORNING)
    with pytest.raises(NotAllowedError):
        stage.do(MIA, hold)
    stage.say(incident, status=IncidentStatus.RESOLVED)
    with pytest.raises(ConflictError, match="“Checkout errors” is resolved"):
        stage.do(INES, hold)
