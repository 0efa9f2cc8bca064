"""What is done to a page that a Statuspage elsewhere keeps is done there once, whatever befalls it on the way."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from desk.errors import ConflictError, NotAllowedError
from desk.incidents.elsewhere.amending import Words, amend_and_retry
from desk.incidents.elsewhere.changes import STEP_WAITS
from desk.incidents.elsewhere.refused import REFUSED_NOTE, Standing, list_progress, retry_changes
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import get_incident_by_word
from desk.incidents.maintenances.runs import sweep_maintenances
from desk.incidents.port import port_of
from desk.messages.dead_letters import list_dead
from desk.transaction import Actor, Desk, JobName
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import ComponentThere, PageThere, copy_pages
from handlers.delivery.worker import OutboxWorker
from handlers.jobs.housekeeping import KEEP_DELIVERIES, tidy
from handlers.upstream.client import ReqwestClient
from storage.models import (
    Backend,
    Channel,
    Component,
    ComponentStatus,
    Delivery,
    Incident,
    IncidentStatus,
    IncidentUpdate,
    Page,
    Revision,
    Role,
    SecondPerson,
    SlackMessage,
    UpstreamChange,
)
from storage.signals import Topic
from tests.clock import HeldClock
from tests.contract import dying_deliverer
from tests.contract.failing_statuspage import API, PAGE, FailingStatuspage, StatuspageFault
from tests.contract.statuspage_elsewhere import connection_to, deliverer_to
from tests.databases import both_databases, url_on_sqlite
from tests.factories import INES, MAX, OLIVIA, add_component, add_grant, add_member, add_owner, add_page
from tests.forking import Fork
from tests.waiting import eventually

# What is sent, and when, does not depend on the database; where the rows are the subject, both are tried.
database_url = url_on_sqlite

MAJOR, OPERATIONAL = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.OPERATIONAL
FIRST, SECOND = "1" * 64, "2" * 64
PATIENCE = timedelta(milliseconds=400)
SLOW = 1.0
PASSING = {
    "asks to wait": {"status": 429},
    "is unwell": {"status": 503},
    "cuts the line": {},
    "says nothing": {"seconds": SLOW},
    "takes it and is unwell": {"status": 500, "takes_it": True},
    "takes it and cuts the line": {"takes_it": True},
    "takes it and says nothing": {"seconds": SLOW, "takes_it": True},
    "takes it and answers nonsense": {"status": 201, "takes_it": True, "body": ["no incident"]},
    "leads elsewhere": {"status": 302},
}
SAID = {
    "a list": ({"error": ["Name can't be blank", "Body is too long"]}, "Name can't be blank; Body is too long"),
    "a sentence": ({"error": "Name can't be blank"}, "Name can't be blank"),
    "by field": ({"error": {"name": ["can't be blank"]}}, "name can't be blank"),
    "a message": ({"message": "Bad request"}, "Bad request"),
    "nothing": (None, "http_422"),
}


@dataclass(slots=True)
class Far:
    """A page that a Statuspage elsewhere keeps, the Statuspage, and the worker between them."""

    desk: Desk
    clock: HeldClock
    there: FailingStatuspage
    client: ReqwestClient
    worker: OutboxWorker = field(init=False)
    told: list[str] = field(default_factory=list)
    """Keys that were said to be refused."""

    def __post_init__(self) -> None:
        self.use(FIRST)

    def use(self, *secrets: str) -> None:
        """Call with these keys from now on."""
        connection = connection_to(self.there.url, self.clock, *secrets)
        deliverer = deliverer_to(
            self.client,
            connection,
            self.clock,
            on_refused=lambda _organization, key: self.told.append(key),
            timeout=PATIENCE,
        )
        self.worker = OutboxWorker(self.desk, {Channel.ATLASSIAN: deliverer})

    def write(self, method: str, *args: Any, who: str = INES, **values: Any) -> Any:
        """Do something through the page's port."""
        return self.desk.write_now(
            Actor.member(who), lambda tx: getattr(port_of(tx, PAGE), method)(tx, *args, **values)
        )

    def open(self, name: str = "Slow", **values: Any) -> str:
        """Open an incident; gives its id here."""
        new = NewIncident(name=name, **({"body": "We look."} | values))
        incident: Incident = self.write("create_incident", PAGE, new)
        return incident.id

    def say(self, incident_id: str, **values: Any) -> None:
        """Change an incident."""
        self.write("update_incident", incident_id, IncidentChange(**values))

    async def deliver(self) -> None:
        """One pass."""
        await self.worker.deliver_due()

    async def settle(self) -> None:
        """Deliver, moving the clock on to whatever is due next, until nothing waits."""
        for _ in range(200):
            await self.worker.deliver_due()
            due = await self.worker.find_next_due()
            if due is None:
                return
            self.clock.advance(max(due - self.clock.now(), timedelta(seconds=1)))
        raise AssertionError("still not done")

    def only(self) -> dict[str, Any]:
        """The only incident there."""
        [incident] = self.there.incidents.values()
        return incident

    def here(self, incident_id: str) -> Incident:
        """An incident here."""
        with self.desk.database.read() as session:
            return session.get_one(Incident, incident_id)

    def standings(self, incident_id: str) -> list[tuple[Standing, str]]:
        """How far its changes got."""
        found = self.desk.read_now(Actor.member(INES), partial(list_progress, incident_id=incident_id))
        return [(one.standing, one.error) for one in found]

    def change_ids(self) -> list[str]:
        """Of all changes, the oldest first."""
        with self.desk.database.read() as session:
            rows = select(UpstreamChange.id).join(Delivery, Delivery.subject == UpstreamChange.id)
            return list(session.scalars(rows.order_by(Delivery.id)))

    def notes(self) -> list[tuple[str, str]]:
        """Who was told of what was not taken, and why."""
        with self.desk.database.read() as session:
            rows = select(SlackMessage).where(SlackMessage.kind == REFUSED_NOTE).order_by(SlackMessage.created_at)
            return [(row.conversation, row.facts["error"]) for row in session.scalars(rows)]

    def retry(self, number: int = 0, who: str = INES) -> None:
        """Try a change again."""
        again = partial(retry_changes, change_id=self.change_ids()[number])
        self.desk.write_now(Actor.member(who), again)


@pytest.fixture(scope="module")
def statuspage() -> Iterator[FailingStatuspage]:
    """The other side."""
    there = FailingStatuspage()
    there.start()
    yield there
    there.stop()


@pytest_asyncio.fixture
async def far(statuspage: FailingStatuspage, desk: Desk, clock: HeldClock) -> AsyncIterator[Far]:
    """Nothing is open, nothing wrong."""
    statuspage.reset()
    statuspage.clock = clock
    with desk.database.write() as session:
        add_owner(session, OLIVIA, clock.now())
        page = add_page(session, clock.now(), id=PAGE, backend=Backend.ATLASSIAN)
        add_component(session, page, clock.now(), name="API").id = API
        for person in (INES, MAX):
            add_member(session, person, clock.now())
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER, Role.PAGE_CONFIGURATION):
            add_grant(session, INES, role, clock.now(), page_id=PAGE)
    async with AsyncExitStack() as stack:
        client = ReqwestClient()
        stack.push_async_callback(client.close)
        yield Far(desk, clock, statuspage, client)


async def test_what_is_said_here_is_there_under_its_mark(far: Far) -> None:
    """A new incident, what is said of it and its end are there as they were said, and known here by their ids."""
    incident_id = far.open(components={API: MAJOR}, metadata={"jira": {"issue": "X-1"}})
    assert (far.here(incident_id).shortlink, far.standings(incident_id)) == ("", [(Standing.QUEUED, "")])
    far.say(incident_id, status=IncidentStatus.RESOLVED, body="Mended.", components={API: OPERATIONAL})
    await far.deliver()
    there = far.only()
    assert (there["name"], there["status"], far.there.said(there["id"])) == (
        "Slow",
        "resolved",
        ["We look.", "Mended."],
    )
    assert there["metadata"] == {"jira": {"issue": "X-1"}, "keydesk": {"incident": incident_id}}
    assert (there["component_ids"], far.there.states) == ([API], {API: "operational"})
    here = far.here(incident_id)
    assert (here.upstream_id, here.shortlink) == (there["id"], there["shortlink"])
    assert far.standings(incident_id) == [(Standing.THERE, "")] * 2
    with far.desk.database.read() as session:
        said = session.scalars(select(IncidentUpdate.upstream_id).order_by(IncidentUpdate.created_at.desc())).all()
    assert said == [row["id"] for row in there["incident_updates"]]


@both_databases
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_an_incident_is_opened_once(far: Far, fault: dict[str, Any]) -> None:
    """Whatever befalls the call that opens it, twice, there is one incident, with all that was said in its order."""
    incident_id = far.open()
    far.say(incident_id, status=IncidentStatus.IDENTIFIED, body="A cable.")
    far.there.faults.append(StatuspageFault(match="Slow", times=2, **fault))
    await far.settle()
    there = far.only()
    assert far.there.said(there["id"]) == ["We look.", "A cable."]
    assert far.here(incident_id).upstream_id == there["id"]
    assert far.standings(incident_id) == [(Standing.THERE, "")] * 2


@both_databases
@pytest.mark.parametrize("step", ["commit-1", "claimed", "calling", "answered", "commit-2", "stored"])
async def test_killed_at_any_step_of_an_opening(far: Far, database_url: str, step: str) -> None:
    """However far it had come when its worker was killed: after a restart there is one incident there."""
    incident_id = far.open()
    far.say(incident_id, body="More.")
    now = far.clock.now().isoformat()
    dying = Fork(dying_deliverer.main, Channel.ATLASSIAN, database_url, far.there.url, step, now)
    assert await eventually(dying.poll, 60) == -signal.SIGKILL
    far.clock.advance(dying_deliverer.TIMING.lease)
    await far.settle()
    assert far.there.said(far.only()["id"]) == ["We look.", "More."]
    assert far.here(incident_id).upstream_id == far.only()["id"]


async def test_what_is_taken_long_after_nobody_waits_is_not_opened_twice(far: Far) -> None:
    """A call of which no answer came may be under way still: for a minute it is looked for, and not made again."""
    far.open()
    far.there.faults.append(StatuspageFault(match="Slow", seconds=SLOW, takes_it_after=0.8))
    await far.deliver()
    far.clock.advance(seconds=3)
    await far.deliver()
    assert (len(far.there.incidents), len(far.there.writes)) == (0, 1)
    await eventually(lambda: bool(far.there.incidents))
    await far.settle()
    assert (len(far.there.incidents), len(far.there.writes)) == (1, 1)


@pytest.mark.parametrize("fault", [{"takes_it": True}, {"status": 500, "takes_it": True}, {}], ids=str)
async def test_what_was_said_in_the_same_words_before_is_said_again(far: Far, fault: dict[str, Any]) -> None:
    """An update is known again by its words, of those that are not known as others': the same words twice are there
    twice, and not three times."""
    incident_id = far.open()
    for _ in range(2):
        far.say(incident_id, status=IncidentStatus.INVESTIGATING, body="Still *looking* &amp; digging.")
    await far.deliver()
    far.there.faults.append(StatuspageFault(match="looking"))
    far.say(incident_id, status=IncidentStatus.INVESTIGATING, body="Still *looking* &amp; digging.")
    far.there.faults[-1] = StatuspageFault(match="looking", **fault)
    await far.settle()
    assert len(far.there.said(far.only()["id"])) == 4


async def test_somebody_who_says_the_same_there_is_not_taken_for_us_long_before(far: Far) -> None:
    """Words that stood there before the first try are somebody else's."""
    incident_id = far.open()
    await far.deliver()
    far.there._change(far.only(), {"status": "identified", "body": "A cable."})
    far.clock.advance(hours=1)
    far.say(incident_id, status=IncidentStatus.IDENTIFIED, body="A cable.")
    far.there.faults.append(StatuspageFault(match="cable"))
    await far.settle()
    assert far.there.said(far.only()["id"]) == ["We look.", "A cable.", "A cable."]


@pytest.mark.parametrize(("body", "words"), SAID.values(), ids=SAID)
async def test_what_is_refused_comes_back_to_its_author_in_its_own_words(far: Far, body: Any, words: str) -> None:
    """Who wrote it is told at once, with what was said against it; owners can read it too; and nothing else waits."""
    incident_id = far.open()
    other = far.open("Other")
    far.there.faults.append(StatuspageFault(match="Slow", status=422, body=body))
    await far.deliver()
    assert far.standings(incident_id) == [(Standing.FAILED, words)]
    assert far.standings(other) == [(Standing.THERE, "")]
    assert far.notes() == [(INES, words)]
    [letter] = far.desk.read_now(Actor.operator("test"), list_dead)
    assert (letter.what, letter.error) == ("Open “Slow” on Acme: We look.", words)


async def test_what_was_refused_is_tried_again_with_what_followed(far: Far) -> None:
    """What is said of an incident that is not there fails too and says so; one *Retry* brings all of it in order."""
    incident_id = far.open()
    far.there.faults.append(StatuspageFault(match="Slow", status=422, body={"error": "No."}))
    await far.deliver()
    far.say(incident_id, status=IncidentStatus.IDENTIFIED, body="A cable.")
    await far.deliver()
    assert far.standings(incident_id) == [(Standing.FAILED, "No."), (Standing.FAILED, "incident_not_there")]
    with pytest.raises(NotAllowedError):
        far.retry(who=MAX)
    far.retry(1)
    assert {standing for standing, _ in far.standings(incident_id)} == {Standing.QUEUED}
    await far.settle()
    assert far.there.said(far.only()["id"]) == ["We look.", "A cable."]
    with pytest.raises(ConflictError, match="settled already"):
        far.retry(1)


async def test_other_words_are_tried_here_and_there(far: Far) -> None:
    """*Edit and retry* changes name and words of what was not taken, where no second person must read them."""
    incident_id = far.open()
    far.there.faults.append(StatuspageFault(match="Slow", status=422, body={"error": "Name is odd"}))
    await far.deliver()
    amend = partial(amend_and_retry, change_id=far.change_ids()[0], words=Words("Slower", "We look again."))
    _set_rule(far, SecondPerson.FIRST_POST)
    with pytest.raises(ConflictError, match="second person"):
        far.desk.write_now(Actor.member(INES), amend)
    _set_rule(far, SecondPerson.NEVER)
    with pytest.raises(NotAllowedError):
        far.desk.write_now(Actor.member(MAX), amend)
    far.desk.write_now(Actor.member(INES), amend)
    await far.deliver()
    assert (far.only()["name"], far.there.said(far.only()["id"])) == ("Slower", ["We look again."])
    assert far.here(incident_id).name == "Slower"


def _set_rule(far: Far, rule: SecondPerson) -> None:
    with far.desk.database.write() as session:
        session.get_one(Page, PAGE).second_person = rule


async def test_older_words_never_come_behind_newer_ones(far: Far) -> None:
    """A refused update is not tried again once a later status is there: it would undo that."""
    incident_id = far.open()
    await far.deliver()
    far.say(incident_id, status=IncidentStatus.IDENTIFIED, body="A cable.")
    far.there.faults.append(StatuspageFault(match="cable", status=422))
    far.say(incident_id, status=IncidentStatus.RESOLVED, body="Mended.")
    await far.deliver()
    with pytest.raises(ConflictError, match="newer"):
        far.retry(1)
    assert (far.only()["status"], far.there.said(far.only()["id"])) == ("resolved", ["We look.", "Mended."])


async def test_another_key_is_tried_where_one_is_not_taken(far: Far) -> None:
    """A key that is refused is told of, and the next one is called with; without any, nothing is given up."""
    far.use(FIRST, SECOND)
    far.there.refused.add(FIRST)
    incident_id = far.open()
    await far.deliver()
    assert (len(far.there.incidents), [key for key, *_ in far.there.writes]) == (1, [FIRST, SECOND])
    assert far.told == ["key 1"]
    far.there.refused.add(SECOND)
    far.say(incident_id, body="More.")
    await far.deliver()
    far.clock.advance(minutes=2)
    await far.deliver()
    assert far.standings(incident_id)[-1] == (Standing.QUEUED, "key_not_taken")
    far.there.refused.clear()
    await far.settle()
    assert far.there.said(far.only()["id"]) == ["We look.", "More."]
    assert far.notes() == []


async def test_without_a_key_or_a_connection_everything_waits(far: Far) -> None:
    """Nothing is given up while there is no key to call with; with one it is done."""
    far.use()
    incident_id = far.open()
    await far.deliver()
    far.clock.advance(days=2)
    await far.deliver()
    assert far.standings(incident_id) == [(Standing.QUEUED, "no_key")]
    far.use(FIRST)
    await far.settle()
    assert far.standings(incident_id) == [(Standing.THERE, "")]


async def test_a_call_that_no_key_may_make_is_the_messages_own_trouble(far: Far) -> None:
    """403 for what a key asks that may ask for others comes back to the author, and stops nothing else."""
    incident_id, other = far.open(), far.open("Other")
    far.there.faults.append(StatuspageFault(match="Slow", status=403, body={"error": "Not on your plan"}))
    await far.deliver()
    assert far.standings(incident_id) == [(Standing.FAILED, "Not on your plan")]
    assert (far.standings(other), far.told) == ([(Standing.THERE, "")], [])


async def test_what_is_gone_there_says_so(far: Far) -> None:
    """An update of what somebody deleted there is refused; deleting it here as well is no trouble."""
    incident_id = far.open()
    await far.deliver()
    far.there.incidents.clear()
    far.say(incident_id, body="More.")
    await far.deliver()
    assert far.standings(incident_id)[-1] == (Standing.FAILED, "not found")
    far.write("delete_incident", incident_id)
    await far.settle()
    assert far.desk.read_now(Actor.operator("test"), list_dead) == []


async def test_what_is_deleted_before_it_was_told_is_never_told(far: Far) -> None:
    """Nobody there reads of an incident that is gone here again: it is not opened, or deleted where it was."""
    far.write("delete_incident", far.open())
    await far.settle()
    assert (far.there.incidents, far.there.writes) == ({}, [])
    incident_id = far.open()
    far.there.faults.append(StatuspageFault(match="Slow", takes_it=True))
    await far.deliver()
    far.write("delete_incident", incident_id)
    await far.settle()
    assert far.there.incidents == {}
    assert [method for _, method, _ in far.there.writes] == ["POST", "DELETE"]


async def test_states_of_components_arrive_as_they_were_meant_last(far: Far) -> None:
    """An incident's states that come late do not undo those that somebody brought about since."""
    incident_id = far.open()
    await far.deliver()
    far.say(incident_id, body="It is down.", components={API: MAJOR})
    far.there.faults.append(StatuspageFault(match="down", times=1, status=503))
    await far.deliver()
    far.say(incident_id, status=IncidentStatus.RESOLVED, body="Up.", components={API: OPERATIONAL})
    far.write("set_statuses", PAGE, {API: ComponentStatus.DEGRADED_PERFORMANCE})
    await far.deliver()
    assert far.there.states == {API: "degraded_performance"}
    await far.settle()
    assert far.there.said(far.only()["id"]) == ["We look.", "It is down.", "Up."]
    assert far.there.states == {API: "degraded_performance"}


async def test_components_are_added_to_those_that_it_has_there(far: Far) -> None:
    """A component that stays in its state joins those of the incident there, also those that somebody added there."""
    incident_id = far.open()
    await far.deliver()
    far.only()["components"] = [{"id": "theirs000000"}]
    far.say(incident_id, body="The API as well.", components={API: None})
    await far.deliver()
    assert far.only()["component_ids"] == ["theirs000000", API]


async def test_only_what_was_changed_is_sent(far: Far) -> None:
    """What somebody changed there meanwhile stays, where nobody changed it here."""
    incident_id = far.open()
    await far.deliver()
    far.only().update(name="Renamed there", impact_override="critical", metadata={"theirs": {"a": 1}})
    far.say(incident_id, body="More.")
    await far.deliver()
    there = far.only()
    assert (there["name"], there["impact_override"]) == ("Renamed there", "critical")
    assert there["metadata"] == {"theirs": {"a": 1}}


async def test_copies_leave_alone_what_is_on_its_way(far: Far) -> None:
    """What a Statuspage says of a component before it was told, or that it was asked before, is out of date."""
    far.desk.write_now(Actor.operator("test"), partial(connect_upstream, base_url=far.there.url))
    incident_id = far.open(components={API: MAJOR})
    asked_at = far.clock.now()
    stale = [PageThere(id=PAGE, name="Acme", components=[ComponentThere(id=API, name="The API", position=1)])]

    def copied() -> tuple[str, str]:
        far.desk.write_now(Actor.job(JobName.COPIES), partial(copy_pages, there=stale, asked_at=asked_at))
        with far.desk.database.read() as session:
            row = session.get_one(Component, API)
            return row.name, row.status

    assert copied() == ("The API", MAJOR)
    far.clock.advance(seconds=2)
    await far.deliver()
    assert copied() == ("The API", MAJOR)
    asked_at = far.clock.advance(seconds=1)
    assert copied() == ("The API", OPERATIONAL)
    assert far.here(incident_id).upstream_id is not None


async def test_the_gateway_keeps_no_answer_from_before(far: Far) -> None:
    """What was posted from here is a change there: answers that were kept are given no more, in any process."""

    def revision() -> int:
        with far.desk.database.read() as session:
            return session.get_one(Revision, Topic.ELSEWHERE).value

    far.open()
    before = revision()
    await far.deliver()
    assert revision() > before


async def test_it_is_found_by_its_links_there(far: Far) -> None:
    """What people paste from the Statuspage names the incident."""
    incident_id = far.open()
    await far.deliver()
    there = far.only()
    for word in (there["id"], there["shortlink"], f"https://acme.statuspage.io/incidents/{there['id']}"):
        with far.desk.database.read() as session:
            assert get_incident_by_word(session, word).id == incident_id, word


async def test_what_was_told_long_ago_is_forgotten(far: Far) -> None:
    """Thirty days after it was there; not what was given up. The incident is still known by its id there."""
    incident_id = far.open()
    far.open("Other")
    far.there.faults.append(StatuspageFault(match="Other", status=422))
    await far.deliver()
    far.clock.advance(KEEP_DELIVERIES + timedelta(days=1))
    await tidy(far.desk, far.clock.now())
    assert len(far.change_ids()) == 1
    assert far.standings(incident_id) == []
    far.write("delete_incident", incident_id)
    await far.settle()
    assert far.there.incidents == {}


WINDOW = timedelta(hours=2)


async def begin_maintenance(far: Far) -> tuple[str, dict[str, Any]]:
    """A maintenance that is there and has just begun here, by itself."""
    begins = far.clock.now() + WINDOW
    schedule = Schedule(scheduled_for=begins, scheduled_until=begins + WINDOW)
    incident_id = far.open(schedule=schedule, components={API: None})
    await far.deliver()
    sweep = Actor.job(JobName.SWEEP)
    # The reminder, which the Statuspage gives by itself.
    far.clock.advance(hours=1)
    assert await far.desk.write(sweep, sweep_maintenances) == 1
    far.clock.advance(hours=1)
    assert await far.desk.write(sweep, sweep_maintenances) == 1
    await far.deliver()
    assert [method for _, method, _ in far.there.writes] == ["POST"]
    assert far.here(incident_id).status == IncidentStatus.IN_PROGRESS
    return incident_id, far.only()


async def test_a_maintenance_runs_by_itself_there(far: Far) -> None:
    """What a Statuspage does when it is time is not done a second time, and its own words are known."""
    incident_id, there = await begin_maintenance(far)
    far.there._change(there, {"status": "in_progress", "body": "Scheduled maintenance is currently in progress."})
    far.clock.advance(STEP_WAITS)
    await far.settle()
    assert len(far.there.writes) == 1
    assert far.standings(incident_id) == [(Standing.THERE, "")] * 2
    with far.desk.database.read() as session:
        told = session.scalars(select(IncidentUpdate.upstream_id).where(IncidentUpdate.status == "in_progress")).one()
    assert told == there["incident_updates"][0]["id"]


async def test_a_step_that_was_not_taken_there_is_taken_for_it(far: Far) -> None:
    """Where it did not begin by itself, it is begun; not where people took it further here or there."""
    incident_id, there = await begin_maintenance(far)
    far.clock.advance(STEP_WAITS)
    await far.deliver()
    assert (there["status"], far.there.states) == ("in_progress", {API: "under_maintenance"})
    far.say(incident_id, status=IncidentStatus.COMPLETED, body="Done early.")
    await far.settle()
    assert far.there.said(there["id"])[-1] == "Done early."
    assert there["status"] == "completed"


async def test_what_people_said_meanwhile_is_not_undone_by_a_step(far: Far) -> None:
    """A step that waits is none any more once people completed the maintenance."""
    incident_id, there = await begin_maintenance(far)
    far.say(incident_id, status=IncidentStatus.COMPLETED, body="Done early.")
    await far.deliver()
    far.clock.advance(STEP_WAITS)
    await far.settle()
    assert (there["status"], far.there.said(there["id"])) == ("completed", ["We look.", "Done early."])


@pytest.mark.parametrize("fault", [{"takes_it": True}, {"status": 500}], ids=str)
async def test_a_postmortem_is_published_once(far: Far, fault: dict[str, Any]) -> None:
    """Drafted, published, taken back and removed there as here; subscribers hear of it once."""
    incident_id = far.open(status=IncidentStatus.RESOLVED)
    far.write("write_postmortem", incident_id, "A cable.")
    far.write("publish_postmortem", incident_id, notify_subscribers=False)
    far.there.faults.append(StatuspageFault(match="publish", **fault))
    await far.settle()
    [there] = far.there.postmortems.values()
    assert (there["body"], there["published"], there["notify_subscribers"]) == ("A cable.", 1, False)
    far.write("revert_postmortem", incident_id)
    far.there.faults.append(StatuspageFault(match="revert", takes_it=True))
    await far.settle()
    assert there["published_at"] is None
    far.write("delete_postmortem", incident_id)
    far.there.faults.append(StatuspageFault(match="postmortem", takes_it=True))
    await far.settle()
    assert far.there.postmortems == {}


async def test_a_correction_finds_what_was_said(far: Far) -> None:
    """Words are corrected there where they stand, also where their id is not known; of what is not there, not."""
    incident_id = far.open()
    await far.deliver()
    with far.desk.database.write() as session:
        [said] = session.scalars(select(IncidentUpdate)).all()
        said.upstream_id = None
    far.write("edit_update", said.id, body="We are looking.")
    await far.deliver()
    assert far.there.said(far.only()["id"]) == ["We are looking."]
    far.only()["incident_updates"] = []
    far.write("edit_update", said.id, body="We look closely.")
    await far.deliver()
    assert far.standings(incident_id)[-1] == (Standing.FAILED, "update_not_there")


async def test_turns_are_waited_for(far: Far) -> None:
    """Where the budget is used up, changes wait and nothing is lost."""
    connection = connection_to(far.there.url, far.clock, FIRST)
    connection.budget.use({"key 1": 1})
    deliverer = deliverer_to(far.client, connection, far.clock)
    far.worker = OutboxWorker(far.desk, {Channel.ATLASSIAN: deliverer})
    incidents = [far.open(), far.open("Other")]
    await far.deliver()
    assert sorted(far.standings(one)[0] for one in incidents) == [(Standing.QUEUED, "no_turn"), (Standing.THERE, "")]
    await far.settle()
    assert len(far.there.incidents) == 2


async def test_two_workers_open_it_once(far: Far) -> None:
    """Any number of workers share the work."""
    far.open()
    first = far.worker
    far.use(FIRST)
    await asyncio.gather(first.deliver_due(), far.worker.deliver_due())
    assert len(far.there.incidents) == 1
