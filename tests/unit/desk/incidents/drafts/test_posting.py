"""What keys hand in, and what a page's rule makes of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete

from desk.errors import ConflictError, InvalidInputError, KeydeskError, NotAllowedError, Problems
from desk.incidents.components import set_statuses
from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.drafts import discard_draft, revise_draft, send_back
from desk.incidents.drafts.posting import (
    find_promised,
    get_own_draft,
    post_change,
    post_incident,
    post_postmortem,
    promised_id,
)
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.steps import Step, list_steps
from desk.incidents.held import decide_hold
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import find_incident, get_incident, list_updates
from desk.incidents.port import port_of
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import (
    ApiKey,
    ApiPosts,
    ComponentStatus,
    DraftStatus,
    Grant,
    Incident,
    IncidentDraft,
    IncidentStatus,
    Page,
    Role,
    Scope,
    SecondPerson,
    SlackMessage,
)
from tests.databases import both_databases
from tests.factories import add_component, add_grant, add_key, add_member, add_owner, add_page

OPERATOR = Actor.operator("test")
PEOPLE = ("U0INES00001", "U0MAX000001", "U0HOLDER001", "U0OLIVIA01")
INES, MAX, HOLDER, OLIVIA = map(Actor.member, PEOPLE)
NEW = NewIncident(name="Slow", body="We look.")


@dataclass(frozen=True, slots=True)
class Stage:
    """A page with people who may publish on it, one of whom answers for a key that may write it."""

    desk: Desk
    page: str
    component: str
    key: Actor

    def do(self, actor: Actor, work: Callable[[Transaction], Any]) -> Any:
        """In one transaction."""
        return self.desk.write_now(actor, work)

    def post(self, new: NewIncident = NEW) -> Any:
        """What becomes of an incident that the key hands in."""
        return self.do(self.key, lambda tx: post_incident(tx, self.page, new))

    def change(self, incident_id: str, **values: Any) -> Any:
        """The same of a change."""
        change = IncidentChange(**values)
        return self.do(self.key, lambda tx: post_change(tx, incident_id, change))

    def rule(self, second_person: SecondPerson, api_posts: ApiPosts = ApiPosts.PUBLISH) -> None:
        """The page's rule from now on."""

        def set_rule(tx: Transaction) -> None:
            page = tx.session.get_one(Page, self.page)
            page.second_person, page.api_posts = second_person, api_posts

        self.do(OPERATOR, set_rule)

    def steps(self, actor: Actor, draft: IncidentDraft) -> frozenset[Step]:
        """What somebody may do with a draft."""
        steps: frozenset[Step] = self.do(
            actor, lambda tx: list_steps(tx, tx.session.get_one(IncidentDraft, draft.id))
        )
        return steps

    def cards(self, kind: str) -> set[str]:
        """In which conversations there are messages of a kind."""
        with self.desk.database.read() as session:
            return {row.conversation for row in session.query(SlackMessage).filter_by(kind=kind)}


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """No rule as yet."""

    def furnish(tx: Transaction) -> tuple[str, str, str]:
        page = add_page(tx.session, tx.now)
        add_owner(tx.session, OLIVIA.id, tx.now)
        for member in (INES, MAX, HOLDER):
            add_member(tx.session, member.id, tx.now)
            add_grant(tx.session, member.id, Role.INCIDENT_MANAGER, tx.now)
        scopes = [Scope.INCIDENTS_WRITE, Scope.COMPONENTS_WRITE]
        key = add_key(tx.session, tx.now, scopes=scopes, holder_id=HOLDER.id)
        return page.id, add_component(tx.session, page, tx.now).id, key.id

    page, component, key = desk.write_now(OPERATOR, furnish)
    return Stage(desk, page, component, Actor.key(key))


@pytest.mark.parametrize("api_posts", ApiPosts)
@pytest.mark.parametrize("second_person", SecondPerson)
@pytest.mark.parametrize("first", [True, False])
def test_the_rule(second_person: SecondPerson, api_posts: ApiPosts, first: bool) -> None:
    """A page whose rule holds people back holds keys back too, and `draft` holds back every key."""
    held = decide_hold(second_person, api_posts, is_first_post=first)
    by_people = {SecondPerson.ALWAYS: True, SecondPerson.FIRST_POST: first, SecondPerson.NEVER: False}
    assert held == (api_posts is ApiPosts.DRAFT or by_people[second_person])


def test_without_a_rule_a_key_publishes(stage: Stage) -> None:
    """At once, under its own name."""
    made = stage.post()
    assert isinstance(made, Incident)
    assert made.created_by == str(stage.key)
    assert stage.cards("draft.review") == set()


@pytest.mark.parametrize(
    ("second_person", "api_posts"), [(SecondPerson.ALWAYS, ApiPosts.PUBLISH), (SecondPerson.NEVER, ApiPosts.DRAFT)]
)
def test_what_waits_is_published_under_the_id_it_was_promised(
    stage: Stage, second_person: SecondPerson, api_posts: ApiPosts
) -> None:
    """Nothing is public before; the others are asked, and whoever answers for the key hears how it ended."""
    stage.rule(second_person, api_posts)
    draft = stage.post(replace(NEW, components={stage.component: ComponentStatus.MAJOR_OUTAGE}))
    assert isinstance(draft, IncidentDraft)
    assert (draft.status, draft.author_id, draft.on_behalf_of) == (DraftStatus.WAITING, str(stage.key), HOLDER.id)
    promised = promised_id(draft)
    assert promised is not None
    assert stage.do(OPERATOR, lambda tx: find_incident(tx.session, promised)) is None
    asked = {INES.id, MAX.id} | ({HOLDER.id} if second_person is SecondPerson.NEVER else set())
    assert stage.cards("draft.review") == asked
    _, incident = stage.do(INES, lambda tx: publish_draft(tx, draft.id))
    assert (incident.id, incident.impact) == (promised, "critical")
    assert stage.cards("draft.decided") == {HOLDER.id}
    found = stage.do(stage.key, lambda tx: find_promised(tx, draft.id))
    assert promised_id(found) == promised


@both_databases
@pytest.mark.parametrize("rule", [SecondPerson.ALWAYS, SecondPerson.NEVER])
def test_people_change_what_a_key_said(stage: Stage, rule: SecondPerson) -> None:
    """Whoever may publish it: the words, and nothing of what only clients say. It waits on as the key's, under the id
    that was promised; where a second person is needed, that is somebody else than who changed it."""
    stage.rule(rule, ApiPosts.DRAFT)
    said = replace(NEW, components={stage.component: ComponentStatus.MAJOR_OUTAGE}, metadata={"a": {"b": 1}})
    draft = stage.post(replace(said, deliver_notifications=False))
    assert Step.EDIT in stage.steps(INES, draft)
    better = replace(NEW, name="Slower", components={stage.component: ComponentStatus.PARTIAL_OUTAGE})
    stage.do(INES, lambda tx: revise_draft(tx, draft.id, better))
    assert stage.do(stage.key, lambda tx: promised_id(get_own_draft(tx, draft.id))) == promised_id(draft)
    with pytest.raises(NotAllowedError):
        stage.do(stage.key, lambda tx: revise_draft(tx, draft.id, better))
    if rule is SecondPerson.ALWAYS:
        assert Step.PUBLISH not in stage.steps(INES, draft)
        for who in (INES, HOLDER):
            with pytest.raises(NotAllowedError, match="Somebody else must publish this"):
                stage.do(who, lambda tx: publish_draft(tx, draft.id))
    _, incident = stage.do(MAX if rule is SecondPerson.ALWAYS else INES, lambda tx: publish_draft(tx, draft.id))
    assert (incident.id, incident.name, incident.impact) == (promised_id(draft), "Slower", "major")
    assert incident.metadata_ == {"a": {"b": 1}}
    [update] = stage.do(OPERATOR, lambda tx: list_updates(tx.session, [incident.id]))
    assert not update.deliver_notifications
    with pytest.raises(ConflictError, match="was published already"):
        stage.do(MAX, lambda tx: revise_draft(tx, draft.id, better))


@both_databases
def test_a_maintenance_that_is_changed_moves_what_its_key_wanted(stage: Stage) -> None:
    """A form has no word of what happens to components by itself: that stays as the client said."""
    stage.rule(SecondPerson.NEVER, ApiPosts.DRAFT)
    now, hour = stage.desk.clock.now(), timedelta(hours=1)
    window = Schedule(scheduled_for=now + hour, scheduled_until=now + 2 * hour, to_operational_state=False)

    def widen(tx: Transaction) -> None:
        tx.session.get_one(ApiKey, stage.key.id).scopes = [Scope.MAINTENANCES_WRITE, Scope.COMPONENTS_WRITE]
        add_grant(tx.session, INES.id, Role.MAINTENANCE_MANAGER, tx.now)

    stage.do(OPERATOR, widen)
    draft = stage.post(replace(NEW, schedule=window))
    later = replace(window, scheduled_until=now + 3 * hour, to_operational_state=True, notify_at_end=False)
    stage.do(INES, lambda tx: revise_draft(tx, draft.id, replace(NEW, schedule=later)))
    kept = stage.do(OPERATOR, lambda tx: content_of(tx.session.get_one(IncidentDraft, draft.id)))
    assert kept.schedule == replace(window, scheduled_until=later.scheduled_until)


@both_databases
def test_nobody_changes_what_nobody_else_could_publish(stage: Stage) -> None:
    """Where each of the others is gone, the words stay, and the refusal says whom to appoint."""
    stage.rule(SecondPerson.ALWAYS)
    draft = stage.post()
    stage.do(OPERATOR, lambda tx: tx.session.execute(delete(Grant).where(Grant.subject_id.in_([MAX.id, OLIVIA.id]))))
    with pytest.raises(ConflictError, match="nobody else may"):
        stage.do(INES, lambda tx: revise_draft(tx, draft.id, replace(NEW, name="Slower")))


@both_databases
def test_no_key_gets_round_the_rule(stage: Stage) -> None:
    """Not by the port, nor by correcting or renaming what waited; and neither does whoever answers for it."""
    stage.rule(SecondPerson.ALWAYS)
    draft = stage.post()
    with pytest.raises(NotAllowedError):
        stage.do(HOLDER, lambda tx: publish_draft(tx, draft.id))
    with pytest.raises(NotAllowedError):
        stage.do(stage.key, lambda tx: publish_draft(tx, draft.id))
    _, incident = stage.do(MAX, lambda tx: publish_draft(tx, draft.id))
    [said] = stage.do(OPERATOR, lambda tx: [row.id for row in list_updates(tx.session, [incident.id])])
    port = port_of
    deeds: list[Callable[[Transaction], object]] = [
        lambda tx: port(tx, stage.page).create_incident(tx, stage.page, NEW),
        lambda tx: port(tx, stage.page).update_incident(tx, incident.id, IncidentChange(body="Worse.")),
        lambda tx: port(tx, stage.page).update_incident(tx, incident.id, IncidentChange(name="Other")),
        lambda tx: port(tx, stage.page).edit_update(tx, said, body="Other."),
    ]
    for deed in deeds:
        with pytest.raises(NotAllowedError, match="a person reads what a key says"):
            stage.do(stage.key, deed)
    for values in ({"body": "Worse."}, {"name": "Other"}, {"status": IncidentStatus.RESOLVED}):
        assert isinstance(stage.change(incident.id, **values), IncidentDraft)
    assert isinstance(stage.change(incident.id, metadata={"a": {}}), Incident)
    critical = replace(NEW, components={stage.component: ComponentStatus.MAJOR_OUTAGE})
    stage.do(
        OPERATOR,
        lambda tx: setattr(tx.session.get_one(Page, stage.page), "second_person_skipped_by", "incident_manager"),
    )
    assert isinstance(stage.post(critical), IncidentDraft)


@both_databases
@pytest.mark.parametrize("second_person", SecondPerson)
def test_what_waits_needs_the_same_scopes(stage: Stage, second_person: SecondPerson) -> None:
    """A person who publishes it lends a key no right to move components, nor one to other components or kinds."""
    stage.rule(second_person)
    down = replace(NEW, components={stage.component: ComponentStatus.MAJOR_OUTAGE})
    later = stage.desk.clock.now() + timedelta(days=1)
    plan = replace(NEW, schedule=Schedule(scheduled_for=later, scheduled_until=later + timedelta(hours=1)))
    with pytest.raises(NotAllowedError, match="maintenances:write"):
        stage.post(plan)
    for lacking, scopes, components in (
        ("component_status:write", [Scope.INCIDENTS_WRITE], None),
        ("certain components", [Scope.INCIDENTS_WRITE, Scope.COMPONENT_STATUS_WRITE], ["anotherone00"]),
    ):
        stage.do(OPERATOR, partial(_set_key, key_id=stage.key.id, scopes=scopes, components=components))
        with pytest.raises(NotAllowedError, match=lacking):
            stage.post(down)
    assert stage.cards("draft.review") == set()


def _set_key(tx: Transaction, key_id: str, **values: Any) -> None:
    key = tx.session.get_one(ApiKey, key_id)
    for name, value in values.items():
        setattr(key, name, value)


def test_what_would_leave_components_down_is_refused_at_once(stage: Stage) -> None:
    """The client reads why, rather than whoever would publish it."""
    stage.rule(SecondPerson.ALWAYS)
    over = replace(NEW, status=IncidentStatus.RESOLVED, components={stage.component: ComponentStatus.MAJOR_OUTAGE})
    with pytest.raises(InvalidInputError, match="left in a major outage"):
        stage.post(over)


def test_whoever_reads_it_is_warned(stage: Stage) -> None:
    """Of addresses that lead inside, as with drafts of people."""
    stage.rule(SecondPerson.ALWAYS)
    draft = stage.post(replace(NEW, body="See http://10.0.0.7/graphs"))
    assert [warning["kind"] for warning in draft.warnings] == ["internal_link"]


def test_first_posts_alone(stage: Stage) -> None:
    """An incident that begins, or begins again, waits; what goes on is published."""
    stage.rule(SecondPerson.FIRST_POST)
    draft = stage.post()
    _, incident = stage.do(INES, lambda tx: publish_draft(tx, draft.id))
    assert isinstance(stage.change(incident.id, body="Still."), Incident)
    assert isinstance(stage.change(incident.id, status=IncidentStatus.RESOLVED), Incident)
    assert isinstance(stage.change(incident.id, status=IncidentStatus.INVESTIGATING), IncidentDraft)


def test_a_key_does_not_look_again(stage: Stage) -> None:
    """What it said waits through whatever others change meanwhile, one after the other, and is published as it is."""
    incident = stage.post()
    stage.rule(SecondPerson.ALWAYS)
    first, second = stage.change(incident.id, body="One."), stage.change(incident.id, status=IncidentStatus.RESOLVED)
    stage.do(OPERATOR, lambda tx: set_statuses(tx, stage.page, {stage.component: ComponentStatus.PARTIAL_OUTAGE}))
    for draft in (first, second):
        stage.do(INES, partial(publish_draft, draft_id=draft.id))
    assert stage.do(OPERATOR, lambda tx: get_incident(tx.session, incident.id)).status == "resolved"


def test_a_postmortem_waits_too(stage: Stage) -> None:
    """Its text is what is published, and the page has it once somebody has read it."""
    incident = stage.post()
    stage.change(incident.id, status=IncidentStatus.RESOLVED)
    stage.rule(SecondPerson.ALWAYS)
    stage.do(stage.key, lambda tx: port_of(tx, stage.page).write_postmortem(tx, incident.id, "A cable."))
    draft = stage.do(stage.key, lambda tx: post_postmortem(tx, incident.id, notify_subscribers=False))
    assert content_of(draft) == "A cable."
    _, published = stage.do(INES, lambda tx: publish_draft(tx, draft.id, quietly=True))
    assert published.postmortem_body == "A cable."


@pytest.mark.parametrize("way", ["sent back", "thrown away"])
def test_what_somebody_decides_is_heard(stage: Stage, way: str) -> None:
    """By whoever answers for the key or, where nobody does, by the owners; and nothing is promised any more."""
    stage.rule(SecondPerson.ALWAYS)
    draft = stage.post()
    assert stage.steps(MAX, draft) == {Step.PUBLISH, Step.SEND_BACK, Step.EDIT}
    assert stage.steps(HOLDER, draft) == {Step.SEND_BACK, Step.DISCARD, Step.EDIT}
    assert stage.steps(OLIVIA, draft) == {Step.PUBLISH, Step.SEND_BACK, Step.DISCARD, Step.EDIT}
    if way == "sent back":
        stage.do(INES, lambda tx: send_back(tx, draft.id, reason="Say which."))
        assert stage.cards("draft.decided") == {HOLDER.id}
    else:
        stage.do(HOLDER, lambda tx: discard_draft(tx, draft.id))
    assert stage.do(stage.key, lambda tx: find_promised(tx, draft.id)) is None


def test_of_a_key_without_a_holder_owners_hear(stage: Stage) -> None:
    """Or of one whose holder left: somebody has to see to its client."""
    stage.rule(SecondPerson.ALWAYS)
    stage.do(OPERATOR, partial(_set_key, key_id=stage.key.id, holder_id=None))
    draft = stage.post()
    assert stage.steps(Actor.job(JobName.SWEEP), draft) == set()
    stage.do(INES, lambda tx: send_back(tx, draft.id, reason="Say which."))
    assert stage.cards("draft.decided") == {OLIVIA.id}


@both_databases
def test_where_nobody_may_publish_nothing_waits(stage: Stage) -> None:
    """The client is told, rather than left to wait."""
    stage.rule(SecondPerson.ALWAYS)

    stage.do(OPERATOR, lambda tx: tx.session.execute(delete(Grant)))
    with pytest.raises(ConflictError, match="nobody else may"):
        stage.post()


def test_all_that_is_wrong_is_said_together(stage: Stage) -> None:
    """What the caller found before, what the desk finds, and each component that is none."""
    problems = Problems()
    problems.add("Status is no status.")
    new = NewIncident(name="", reminder_intervals="x", components=dict.fromkeys(("nosuchcomp00", "nosuchcomp01")))
    with pytest.raises(KeydeskError) as refused:
        stage.do(stage.key, lambda tx: post_incident(tx, stage.page, new, problems))
    assert len(refused.value.together) == 5  # type: ignore[attr-defined]
