"""What is recorded and told of incidents, drafts, templates and postmortems."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from desk.audit.trail import Action
from desk.incidents.components import set_statuses
from desk.incidents.drafts.drafts import discard_draft, revise_draft, send_back, take_back, write_draft
from desk.incidents.drafts.forgotten import discard_all, keep_draft, leave_draft, sweep_forgotten
from desk.incidents.drafts.posting import post_incident
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.waiting import sweep_waiting
from desk.incidents.incidents import create_incident, delete_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import list_updates
from desk.incidents.postmortems import (
    delete_postmortem,
    publish_postmortem,
    revert_postmortem,
    write_postmortem,
)
from desk.incidents.reminders import snooze_reminder, sweep_reminders
from desk.incidents.templates import change_template, create_template, delete_template
from desk.incidents.updates import edit_update
from desk.transaction import Actor
from storage.models import ComponentStatus, DraftKind, IncidentStatus, Page, Role, SecondPerson
from tests.factories import INES, MAX, OLIVIA, OMAR, add_component, add_grant, add_key
from tests.unit.desk.audit.chronicle import Event, Step, event, given, later, sent, story
from tests.unit.desk.stage import SWEEP, Stage

STATUS = "C0STATUS01"
HEAD, HEAD_AND_REPLY = sent("incident.head", STATUS), sent("incident.head", STATUS) | sent("incident.said", STATUS)
DOWN, UP = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.OPERATIONAL
SLOW = NewIncident(name="Slow", body="We look.")


def set_scene(stage: Stage, second_person: SecondPerson = SecondPerson.NEVER) -> str:
    """Ines and Max manage the page and its incidents, which are announced in a channel; gives a component's id."""
    with stage.desk.database.write() as session:
        page = session.get_one(Page, stage.page.id)
        page.announcement_channel, page.second_person = STATUS, second_person
        for user_id in (INES, MAX):
            for role in (Role.INCIDENT_MANAGER, Role.PAGE_CONFIGURATION):
                add_grant(session, user_id, role, stage.desk.clock.now(), page_id=page.id)
        return add_component(session, page, stage.desk.clock.now(), name="API").id


def changed(component_id: str, old: ComponentStatus, new: ComponentStatus, incident_id: str | None) -> Event:
    """A component's state is another one, by what Ines did."""
    states = {"old_status": str(old), "new_status": str(new)}
    return event(INES, Action.COMPONENT_CHANGED, component_id, name="API", **states, incident_id=incident_id)


def told_of(stage: Stage, action: Action, incident_id: str, status: str, **data: Any) -> Event:
    """What Ines did to the incident."""
    facts = {"name": "Slow", "page_id": stage.page.id, "status": status}
    return event(INES, action, incident_id, **(facts | data))


def spoken(stage: Stage, incident_id: str, *, aloud: bool = True) -> dict[str, Any]:
    """The incident's last update, as its event names it."""
    with stage.desk.database.read() as session:
        return {"update_id": list_updates(session, [incident_id])[0].id, "deliver_notifications": aloud}


UNSAID = {"update_id": None, "deliver_notifications": None}


@story(
    Action.INCIDENT_CREATED,
    Action.INCIDENT_UPDATED,
    Action.INCIDENT_EDITED,
    Action.INCIDENT_DELETED,
    Action.COMPONENT_CHANGED,
)
def an_incident_from_its_opening_to_its_deletion(stage: Stage) -> Iterator[Step]:
    """Its components' states are recorded with it, and every message in the channel follows."""
    api = set_scene(stage)
    new = NewIncident(name="Slow", body="We look.", components={api: DOWN})
    made = stage.do(INES, partial(create_incident, page_id=stage.page.id, new=new)).id
    created = told_of(stage, Action.INCIDENT_CREATED, made, "investigating", **spoken(stage, made))
    yield [changed(api, UP, DOWN, made), created], HEAD_AND_REPLY
    over = IncidentChange(
        status=IncidentStatus.RESOLVED, body="Over.", components={api: UP}, deliver_notifications=False
    )
    said = stage.do(INES, partial(update_incident, incident_id=made, change=over))
    assert said is not None
    told = told_of(stage, Action.INCIDENT_UPDATED, made, "resolved", **spoken(stage, made, aloud=False))
    yield [changed(api, DOWN, UP, made), told], HEAD
    stage.do(INES, partial(edit_update, update_id=said.id, body="It is over."))
    edited = told_of(stage, Action.INCIDENT_EDITED, made, "resolved", **spoken(stage, made, aloud=False))
    yield [edited], HEAD
    first = created.data["update_id"]
    stage.do(INES, partial(edit_update, update_id=first, body="We look into it."))
    spoken_first = {"update_id": first, "deliver_notifications": True}
    yield [told_of(stage, Action.INCIDENT_EDITED, made, "resolved", **spoken_first)], HEAD_AND_REPLY
    stage.do(INES, partial(update_incident, incident_id=made, change=IncidentChange(name="Very slow")))
    renamed = told_of(stage, Action.INCIDENT_EDITED, made, "resolved", **UNSAID | {"name": "Very slow"})
    yield [renamed], HEAD
    stage.do(INES, partial(delete_incident, incident_id=made))
    yield [event(INES, Action.INCIDENT_DELETED, made, name="Very slow", page_id=stage.page.id)], HEAD


@story(Action.COMPONENT_CHANGED)
def a_component_that_is_set_by_hand(stage: Stage) -> Iterator[Step]:
    """An open incident that is about it shows it in its head message."""
    api = set_scene(stage)
    new = NewIncident(name="Slow", body="We look.", components={api: None})
    stage.do(INES, partial(create_incident, page_id=stage.page.id, new=new))
    yield None
    stage.do(INES, partial(set_statuses, page_id=stage.page.id, wanted={api: DOWN}))
    yield [changed(api, UP, DOWN, None)], HEAD
    stage.do(INES, partial(set_statuses, page_id=stage.page.id, wanted={api: DOWN}))
    yield [], set()


@story(Action.INCIDENT_REMINDED, Action.INCIDENT_SNOOZED)
def an_incident_of_which_nothing_new_is_said(stage: Stage) -> Iterator[Step]:
    """Whoever spoke last is reminded, puts it off, and the channel is reminded next."""
    set_scene(stage)
    made = stage.do(INES, partial(create_incident, page_id=stage.page.id, new=SLOW)).id
    yield None
    later(stage, hours=4)
    assert stage.do(SWEEP, sweep_reminders) == 1
    yield [event(SWEEP, Action.INCIDENT_REMINDED, made, number=1)], sent("incident.reminder", INES)
    stage.do(MAX, partial(snooze_reminder, incident_id=made, span=timedelta(hours=1)))
    until = (stage.desk.clock.now() + timedelta(hours=1)).isoformat()
    yield [event(MAX, Action.INCIDENT_SNOOZED, made, until=until)], sent("incident.reminder", INES)
    later(stage, hours=1)
    assert stage.do(SWEEP, sweep_reminders) == 1
    yield [event(SWEEP, Action.INCIDENT_REMINDED, made, number=2)], sent("incident.reminder", STATUS)


@story(*(each for each in Action if each.startswith("postmortem.")))
def a_postmortem(stage: Stage) -> Iterator[Step]:
    """A draft is nobody's news; once it is public, or no more, the head message says so."""
    set_scene(stage)
    new = NewIncident(name="Slow", body="Over.", status=IncidentStatus.RESOLVED)
    made = stage.do(INES, partial(create_incident, page_id=stage.page.id, new=new)).id
    yield None
    stage.do(INES, partial(write_postmortem, incident_id=made, body="It was DNS."))
    yield [event(INES, Action.POSTMORTEM_WRITTEN, made, name="Slow")], set()
    stage.do(INES, partial(publish_postmortem, incident_id=made, notify_subscribers=False))
    published = event(INES, Action.POSTMORTEM_PUBLISHED, made, name="Slow", notify_subscribers=False)
    yield [published], HEAD
    stage.do(INES, partial(revert_postmortem, incident_id=made))
    yield [event(INES, Action.POSTMORTEM_REVERTED, made, name="Slow")], HEAD
    stage.do(INES, partial(delete_postmortem, incident_id=made))
    yield [event(INES, Action.POSTMORTEM_DELETED, made, name="Slow")], HEAD


@story(Action.TEMPLATE_CREATED, Action.TEMPLATE_CHANGED, Action.TEMPLATE_DELETED)
def a_template(stage: Stage) -> Iterator[Step]:
    """Words for the next time are nobody's news."""
    set_scene(stage)
    words: dict[str, Any] = {"name": "Slowness", "title": "Slow", "body": "We look."}
    template = stage.do(INES, partial(create_template, page_id=stage.page.id, **words))
    named = {"name": "Slowness", "page_id": stage.page.id}
    yield [event(INES, Action.TEMPLATE_CREATED, template.id, **named)], set()
    rest: dict[str, Any] = {"update_status": None, "component_ids": (), "should_send_notifications": False}
    stage.do(
        MAX,
        partial(
            change_template,
            template_id=template.id,
            seen_at=template.updated_at,
            **(words | rest | {"body": "We look again."}),
        ),
    )
    fields = ["body", "should_send_notifications"]
    yield [event(MAX, Action.TEMPLATE_CHANGED, template.id, **named, fields=fields)], set()
    stage.do(INES, partial(delete_template, page_id=stage.page.id, word="slowness"))
    yield [event(INES, Action.TEMPLATE_DELETED, template.id, **named)], set()


@story(
    Action.DRAFT_SUBMITTED,
    Action.DRAFT_TAKEN_BACK,
    Action.DRAFT_SENT_BACK,
    Action.DRAFT_REMINDED,
    Action.DRAFT_PUBLISHED,
    Action.INCIDENT_CREATED,
)
def a_draft_that_a_second_person_publishes(stage: Stage) -> Iterator[Step]:
    """Max is asked, asked again, reminded, and publishes it quietly; owners hear when he does not."""
    set_scene(stage, SecondPerson.ALWAYS)
    page = {"page_id": stage.page.id}
    write = partial(write_draft, page_id=stage.page.id, kind=DraftKind.INCIDENT, content=SLOW)
    draft = stage.do(INES, write).id
    yield [], set()
    cards = sent("draft.review", MAX) | sent("draft.mine", INES)
    decided = sent("draft.decided", INES)
    submitted = event(INES, Action.DRAFT_SUBMITTED, draft, **page, kind="incident")
    stage.do(INES, partial(publish_draft, draft_id=draft))
    yield [submitted], cards
    stage.do(INES, partial(take_back, draft_id=draft))
    yield [event(INES, Action.DRAFT_TAKEN_BACK, draft, **page)], cards
    stage.do(INES, partial(publish_draft, draft_id=draft))
    yield [submitted], cards | sent("draft.again", MAX)
    stage.do(MAX, partial(send_back, draft_id=draft, reason="Say what is slow."))
    yield [event(MAX, Action.DRAFT_SENT_BACK, draft, **page, reason="Say what is slow.")], cards | decided
    stage.do(INES, partial(revise_draft, draft_id=draft, content=NewIncident(name="Slow", body="It is.")))
    yield [], cards
    stage.do(INES, partial(publish_draft, draft_id=draft))
    yield [submitted], cards | sent("draft.again", MAX)
    later(stage, minutes=10)
    assert stage.do(SWEEP, sweep_waiting) == 1
    yield [event(SWEEP, Action.DRAFT_REMINDED, draft, told="reviewers")], sent("draft.reminder", MAX)
    later(stage, minutes=20)
    assert stage.do(SWEEP, sweep_waiting) == 1
    yield [event(SWEEP, Action.DRAFT_REMINDED, draft, told="owners")], sent("draft.late", OLIVIA, OMAR)
    _, incident = stage.do(MAX, partial(publish_draft, draft_id=draft, quietly=True))
    assert incident is not None
    facts = {"name": "Slow", **page, "status": "investigating"} | spoken(stage, incident.id, aloud=False)
    created = event(MAX, Action.INCIDENT_CREATED, incident.id, **facts)
    how = {"incident_id": incident.id, "author": INES, "alone": False, "quietly": True}
    reminders = sent("draft.reminder", MAX) | sent("draft.late", OLIVIA, OMAR)
    yield [created, event(MAX, Action.DRAFT_PUBLISHED, draft, **how)], cards | decided | reminders


@story(Action.DRAFT_SUBMITTED, Action.DRAFT_EDITED)
def what_a_key_said_is_changed(stage: Stage) -> Iterator[Step]:
    """Both are asked; Max changes it, so that Ines alone may publish it, and is asked again."""
    set_scene(stage, SecondPerson.ALWAYS)
    key = Actor.key(given(stage, add_key, scopes=["incidents:write"]).id)
    yield None
    draft = stage.do(key, partial(post_incident, page_id=stage.page.id, new=SLOW)).id
    cards, page = sent("draft.review", INES, MAX), {"page_id": stage.page.id}
    yield [event(key, Action.DRAFT_SUBMITTED, draft, **page, kind="incident")], cards
    stage.do(MAX, partial(revise_draft, draft_id=draft, content=NewIncident(name="Slow", body="It is.")))
    yield [event(MAX, Action.DRAFT_EDITED, draft, **page)], cards | sent("draft.again", INES)


@story(Action.DRAFT_DISCARDED)
def a_draft_that_an_owner_throws_away(stage: Stage) -> Iterator[Step]:
    """Ines waits for Max, and hears that Olivia decided."""
    set_scene(stage, SecondPerson.ALWAYS)
    write = partial(write_draft, page_id=stage.page.id, kind=DraftKind.INCIDENT, content=SLOW)
    draft = stage.do(INES, write).id
    stage.do(INES, partial(publish_draft, draft_id=draft))
    yield None
    stage.do(OLIVIA, partial(discard_draft, draft_id=draft))
    cards = sent("draft.review", MAX) | sent("draft.mine", INES)
    gone = event(OLIVIA, Action.DRAFT_DISCARDED, draft, page_id=stage.page.id)
    yield [gone], cards | sent("draft.decided", INES)


@story(Action.DRAFT_EXPIRED, Action.DRAFT_DISCARDED, Action.DRAFT_KEPT)
def drafts_that_nobody_comes_back_to(stage: Stage) -> Iterator[Step]:
    """Two are left for later, which their author is told of; one is thrown away with all they have, one by time."""
    set_scene(stage, SecondPerson.NEVER)
    write = partial(write_draft, page_id=stage.page.id, kind=DraftKind.INCIDENT, content=SLOW)
    first = stage.do(INES, write).id
    stage.do(INES, partial(leave_draft, draft_id=first))
    yield None
    assert stage.do(INES, discard_all) == 1
    yield [event(INES, Action.DRAFT_DISCARDED, first, page_id=stage.page.id)], sent("draft.mine", INES)
    second = stage.do(INES, write).id
    stage.do(INES, partial(leave_draft, draft_id=second))
    later(stage, hours=6 * 24)
    yield None
    stage.do(INES, partial(keep_draft, draft_id=second))
    until = (stage.desk.clock.now() + timedelta(days=28)).isoformat()
    kept = event(INES, Action.DRAFT_KEPT, second, page_id=stage.page.id, until=until)
    yield [kept], sent("draft.mine", INES)
    later(stage, hours=28 * 24 - 1)
    assert stage.do(SWEEP, sweep_forgotten) == 0
    later(stage, hours=1)
    assert stage.do(SWEEP, sweep_forgotten) == 1
    yield [event(SWEEP, Action.DRAFT_EXPIRED, second, page_id=stage.page.id)], sent("draft.mine", INES)


@story(Action.DRAFT_DISCARDED, Action.DRAFT_PUBLISHED, Action.INCIDENT_CREATED, Action.COMPONENT_CHANGED)
def drafts_that_nobody_else_decides_on(stage: Stage) -> Iterator[Step]:
    """One is thrown away while it waits; one is published alone since it is critical, and the channel is told so."""
    api = set_scene(stage, SecondPerson.ALWAYS)
    with stage.desk.database.write() as session:
        session.get_one(Page, stage.page.id).second_person_skipped_by = Role.INCIDENT_MANAGER
    write = partial(write_draft, page_id=stage.page.id, kind=DraftKind.INCIDENT)
    waiting = stage.do(INES, partial(write, content=SLOW)).id
    stage.do(INES, partial(publish_draft, draft_id=waiting))
    yield None
    stage.do(INES, partial(discard_draft, draft_id=waiting))
    discarded = event(INES, Action.DRAFT_DISCARDED, waiting, page_id=stage.page.id)
    yield [discarded], sent("draft.review", MAX) | sent("draft.mine", INES)
    critical = NewIncident(name="Slow", body="We look.", components={api: DOWN})
    draft = stage.do(INES, partial(write, content=critical)).id
    _, incident = stage.do(INES, partial(publish_draft, draft_id=draft))
    assert incident is not None
    created = told_of(stage, Action.INCIDENT_CREATED, incident.id, "investigating", **spoken(stage, incident.id))
    how = {"incident_id": incident.id, "author": INES, "alone": True, "quietly": False}
    published = event(INES, Action.DRAFT_PUBLISHED, draft, **how)
    yield [changed(api, UP, DOWN, incident.id), created, published], HEAD_AND_REPLY | sent("incident.alone", STATUS)
