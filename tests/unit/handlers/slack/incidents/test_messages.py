"""What a page's channel reads of an incident, at each point of its life."""

from datetime import timedelta
from functools import partial

import pytest

from desk.incidents.announcements import ALONE_CARD, HEAD_CARD, UPDATE_CARD, Delivery, DeliveryState
from desk.incidents.incidents import delete_incident
from desk.incidents.inputs import Schedule
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.incidents.updates import edit_update
from desk.transaction import Actor, Desk, JobName
from handlers.slack.incidents.messages import delivery_text, retry_button
from handlers.slack.incidents.text import speaker
from storage.models import ComponentStatus, IncidentStatus, Page, SlackMessage
from tests.clock import MONDAY_MORNING, HeldClock
from tests.factories import INES, MAX, OLIVIA, add_component, add_key, add_page
from tests.unit.handlers.slack.incidents.card_stage import DELIVERY, HOSTILE, CardStage, problems, set_card_stage

BAD, WORSE, WELL = ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.MAJOR_OUTAGE, ComponentStatus.OPERATIONAL
WINDOW = Schedule(
    scheduled_for=MONDAY_MORNING + timedelta(hours=10), scheduled_until=MONDAY_MORNING + timedelta(hours=12)
)


@pytest.fixture
def stage(desk: Desk) -> CardStage:
    """A page whose clock is Berlin's."""
    return set_card_stage(desk, time_zone="Europe/Berlin")


def test_the_head_shows_how_things_stand(stage: CardStage, clock: HeldClock) -> None:
    """Status, impact, components with the worst first, the latest words, who said them, a link and three buttons."""
    incident = stage.open(components=stage.states(website=BAD, api=WORSE))
    clock.advance(minutes=20)
    stage.say(
        incident, MAX, status=IncidentStatus.IDENTIFIED, body="It is the **database**.", deliver_notifications=False
    )
    words = stage.says(HEAD_CARD, incident.id)
    assert words.startswith(
        "Identified: Checkout errors\n:red_circle: *Checkout errors*\n:dart: Identified  ·  Critical"
    )
    assert ":red_circle: Europe - API: Major outage\n:large_orange_circle: Website: Partial outage" in words
    assert "It is the *database*." in words
    assert "looking into it" not in words
    assert f"Last update by <@{MAX}> <!date^{int(clock.now().timestamp())}^" in words
    assert ", quietly" in words
    assert f"<{incident.shortlink}|On the page>" in words
    assert stage.labels(HEAD_CARD, incident.id) == ["Update", "Resolve", "Show"]


def test_the_page_is_named_where_there_are_several(stage: CardStage) -> None:
    """With one page its name is no news; with two, title and notification say which one is meant."""
    incident = stage.open()
    assert "Acme" not in stage.says(HEAD_CARD, incident.id)
    with stage.desk.database.write() as session:
        add_page(session, MONDAY_MORNING, name="Other", subdomain="other")
    assert stage.says(HEAD_CARD, incident.id).count("on Acme") == 2


def test_many_components_are_cut_behind_the_worst(stage: CardStage) -> None:
    """Of ten components the eight worst are listed, and the rest is counted."""
    with stage.desk.database.write() as session:
        page = session.get_one(Page, stage.page_id)
        ids = [add_component(session, page, MONDAY_MORNING, name=f"Part {n}", position=n).id for n in range(4, 14)]
    incident = stage.open(components={**dict.fromkeys(ids, WELL), ids[-1]: WORSE})
    words = stage.says(HEAD_CARD, incident.id)
    assert ":red_circle: Part 13: Major outage\n:large_green_circle: Part 4: Operational" in words
    assert "Part 10: Operational\n…and 2 more" in words
    assert "Part 11" not in words


def test_a_maintenance_shows_its_window_and_its_next_step(stage: CardStage, clock: HeldClock) -> None:
    """The window is told by the reader's clock and the page's; *Start* and *Cancel* before, *Complete* during it."""
    incident = stage.open(name="Upgrade", schedule=WINDOW, components=stage.states(website=BAD, api=WELL))
    words = stage.says(HEAD_CARD, incident.id)
    assert ":wrench: *Upgrade*\n:calendar: Scheduled\nFrom <!date^" in words
    assert "(Mon 2 Mar 2026 20:00 CET)\nUntil <!date^" in words
    assert "(Mon 2 Mar 2026 22:00 CET) Affects Website, Europe - API We are looking" in words
    assert stage.labels(HEAD_CARD, incident.id) == ["Update", "Start", "Cancel", "Show"]
    clock.advance(hours=10)
    stage.say(incident, status=IncidentStatus.IN_PROGRESS)
    assert "Website: Partial outage" in stage.says(HEAD_CARD, incident.id)
    assert stage.labels(HEAD_CARD, incident.id) == ["Update", "Complete", "Takes longer", "Show"]
    stage.say(incident, status=IncidentStatus.COMPLETED)
    assert "Completed <!date^" in stage.says(HEAD_CARD, incident.id)
    assert stage.labels(HEAD_CARD, incident.id) == ["Reopen", "Show"]


def test_a_resolved_incident_is_calm(stage: CardStage, clock: HeldClock) -> None:
    """It says when and after how long, which components were not well then, and later where the postmortem is."""
    incident = stage.open(components=stage.states(website=BAD, api=WORSE))
    clock.advance(hours=2)
    stage.say(incident, status=IncidentStatus.RESOLVED, body="All is well.", components=stage.states(api=WELL))
    words = stage.says(HEAD_CARD, incident.id)
    assert words.startswith("Resolved: Checkout errors\n:white_check_mark: *Checkout errors*\nResolved <!date^")
    assert ", after 2 hours\nNot operational when it ended:\n:large_orange_circle: Website: Partial outage" in words
    assert "Europe - API" not in words
    assert "#postmortem" not in words
    assert stage.labels(HEAD_CARD, incident.id) == ["Reopen", "Postmortem", "Show"]
    stage.do(INES, partial(write_postmortem, incident_id=incident.id, body="A full disk."))
    stage.do(INES, partial(publish_postmortem, incident_id=incident.id))
    assert f":memo: <{incident.shortlink}#postmortem|Postmortem>, published" in stage.says(HEAD_CARD, incident.id)


def test_a_deleted_incident_says_so_where_it_was_posted(stage: CardStage) -> None:
    """The head of a deleted incident names it and offers nothing; one that was never posted stays unsaid."""
    incident = stage.open()
    said = stage.say(incident, body="More.")
    stage.do(OLIVIA, partial(delete_incident, incident_id=incident.id))
    facts = {"name": HOSTILE, "page_id": stage.page_id}
    assert stage.drawn(HEAD_CARD, incident.id, facts=facts) is None
    message = stage.drawn(HEAD_CARD, incident.id, facts=facts, ts="1.0")
    assert problems(message, incident) == []
    assert "was deleted" in stage.says(HEAD_CARD, incident.id, facts=facts, ts="1.0")
    assert stage.labels(HEAD_CARD, incident.id, facts=facts, ts="1.0") == []
    assert stage.drawn(UPDATE_CARD, said.id) is None
    assert stage.drawn(ALONE_CARD, "gone", facts={"incident_id": incident.id, "by": f"member:{INES}"}) is None


def test_an_update_says_what_changed_and_by_whom(stage: CardStage, clock: HeldClock) -> None:
    """Words, components old → new (and none that stayed), quietness, its speaker, and that it was corrected."""
    incident = stage.open(components=stage.states(website=BAD))
    said = stage.say(
        incident, body="Worse.", components=stage.states(website=BAD, api=WORSE), deliver_notifications=False
    )
    words = stage.says(UPDATE_CARD, said.id)
    assert words.startswith("Checkout errors: Investigating. Worse.\n:mag: Investigating")
    assert ":red_circle: Europe - API: Operational → Major outage" in words
    assert "Website" not in words
    assert f"<@{INES}> <!date^" in words
    assert words.endswith(", quietly")
    clock.advance(minutes=5)
    stage.do(INES, partial(edit_update, update_id=said.id, body="Worse, sorry."))
    words = stage.says(UPDATE_CARD, said.id)
    assert "Worse, sorry." in words
    assert ", quietly · corrected <!date^" in words


def test_an_update_outside_its_thread_names_its_incident(stage: CardStage) -> None:
    """Where the head could not be posted its replies stand alone, and carry the name; in the thread they do not."""
    said = stage.say(stage.open(), body="More.")
    assert ":mag: Investigating · *Checkout errors*" in stage.says(UPDATE_CARD, said.id)
    with stage.desk.database.write() as session:
        row = {"subject_id": "x", "conversation": "C0", "facts": {}, "created_at": MONDAY_MORNING}
        session.add(SlackMessage(id="head", kind=HEAD_CARD, channel_id="C0", ts="1.0", **row))
    assert "*Checkout errors*" not in stage.says(UPDATE_CARD, said.id, thread_of="head")


def test_speakers_are_told_apart(stage: CardStage) -> None:
    """People are mentioned, keys are named, and what happens by itself is Keydesk's."""
    with stage.desk.database.write() as session:
        key = add_key(session, MONDAY_MORNING, name="deploy <bot>").id

    def name(actor: str) -> str:
        return stage.desk.read_now(DELIVERY, lambda tx: speaker(tx, actor))

    assert name(f"member:{INES}") == f"<@{INES}>"
    assert name(f"key:{key}") == "the API key *deploy &lt;bot&gt;*"
    assert name("key:gone") == "an API key"
    assert name(str(Actor.job(JobName.SWEEP))) == "Keydesk itself"


def test_publishing_alone_is_said_aloud(stage: CardStage) -> None:
    """The thread learns who published what without a second person, and why that was possible."""
    incident = stage.open()
    draft = stage.draft(incident)
    facts = {"incident_id": incident.id, "by": f"member:{INES}"}
    words = stage.says(ALONE_CARD, draft.id, facts=facts)
    assert words.startswith(f"<@{INES}> published “Checkout errors” without a second person")
    assert f"<@{INES}> published an update of *Checkout errors* *without a second person*" in words
    assert "because its impact is critical" in words


def test_nobodys_text_comes_alive(stage: CardStage) -> None:
    """Whatever stands in names and words of incidents and components, no mention, mark or broadcast comes of it."""
    with stage.desk.database.write() as session:
        add_page(session, MONDAY_MORNING, name="Other", subdomain="other")
        page = session.get_one(Page, stage.page_id)
        evil = add_component(session, page, MONDAY_MORNING, name=HOSTILE * 4, position=9).id
        page.name = HOSTILE
    incident = stage.open(name=(HOSTILE * 9)[:255], body=HOSTILE * 300, components={evil: WORSE})
    said = stage.say(incident, body=f"{HOSTILE}\n\n```\n{HOSTILE * 200}\n```", components={evil: BAD})
    facts = {"incident_id": incident.id, "by": f"member:{INES}"}
    for kind, subject in ((HEAD_CARD, incident.id), (UPDATE_CARD, said.id), (ALONE_CARD, "draft")):
        assert problems(stage.drawn(kind, subject, facts=facts), incident) == []
    stage.say(incident, status=IncidentStatus.RESOLVED, body=HOSTILE)
    assert problems(stage.drawn(HEAD_CARD, incident.id), incident) == []


@pytest.mark.parametrize(
    ("state", "error", "ts", "words"),
    [
        (DeliveryState.QUEUED, "", "", ":hourglass_flowing_sand: Waits to be posted."),
        (DeliveryState.QUEUED, "timeout", "", "Waits to be posted. Slack did not take it yet; it is tried again."),
        (DeliveryState.QUEUED, "", "1.0", "Its latest change waits to be shown."),
        (DeliveryState.POSTED, "", "1.0", ":white_check_mark: Posted in <#C0STATUS01>."),
        (DeliveryState.FAILED, "is_archived", "", ":x: It could not be posted. The channel is archived."),
        (
            DeliveryState.FAILED,
            "is_archived",
            "1.0",
            "Its latest change did not reach Slack. The channel is archived.",
        ),
    ],
)
def test_a_delivery_in_words(state: DeliveryState, error: str, ts: str, words: str) -> None:
    """Each state says how far the announcement got; only one that failed offers *Retry*."""
    delivery = Delivery(state, "m1", HEAD_CARD, "i1", error, "C0STATUS01" if ts else "", ts)
    assert words in delivery_text(delivery)
    button = retry_button(delivery)
    assert (button is not None and button["value"] == "m1") is (state is DeliveryState.FAILED)
