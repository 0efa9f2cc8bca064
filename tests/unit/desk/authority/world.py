"""A desk on which everything can be done by somebody, and what each door is given there.

Arguments are found by a parameter's type or, where that says too little, by its name. What takes a new kind of
argument finds none and fails until there is one here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.audit.chain import Extract, Head
from desk.configuration.fields import ComponentFields, GroupFields
from desk.digest.sent import send_digest
from desk.directory.groups import MembershipChange, SeenGroup
from desk.directory.syncs import Snapshot
from desk.identifiers import new_id
from desk.incidents.drafts.composing import Said
from desk.incidents.drafts.content import Content
from desk.incidents.drafts.drafts import send_back, write_draft
from desk.incidents.drafts.posting import post_incident
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.elsewhere.amending import Words
from desk.incidents.elsewhere.changes import There
from desk.incidents.elsewhere.following import IncidentThere
from desk.incidents.elsewhere.pages import AtlassianPages
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.listing import IncidentFilter
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.incidents.templates import create_template
from desk.keys.collecting import mint_for_ticket
from desk.keys.lookup import KeyFilter
from desk.keys.questions import ask_for_extension
from desk.keys.ring import KeyRing
from desk.keys.rules import Change, Refusal
from desk.keys.tickets import find_ticket_of_request
from desk.keys.uses import SuspendedUse
from desk.messages.dead_letters import Keep, bury
from desk.moving.records import MovedIncident, MovedPage, MovedTemplate
from desk.people import SeenUser, Subject, SubjectWord
from desk.requests.approvals import approve
from desk.requests.held_keys import HeldKey
from desk.requests.requests import make_request
from desk.requests.terms import Asked
from desk.restoring import Revived
from desk.roles.orders import GrantOrder, RevokeOrder
from desk.seeds import PastKey, Seed, read_seed
from desk.status_page.marks import ArchiveMark
from desk.transaction import Actor, ActorKind, Desk, JobName, Transaction
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import PageThere
from desk.upstreams.hooks import make_hook
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key
from storage.models import (
    Act,
    Announcement,
    ApiKey,
    Audience,
    ChangeKind,
    Channel,
    Component,
    ComponentStatus,
    Delivery,
    DeliveryStatus,
    Departure,
    DirectorySync,
    DraftKind,
    Grant,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentTemplate,
    IncidentUpdate,
    KeyRequest,
    KeyStatus,
    Organization,
    Page,
    PageMove,
    RequestStatus,
    Role,
    Scope,
    SecondPerson,
    SlackMessage,
    SubjectKind,
    SyncStatus,
    Ticket,
    TicketStatus,
    UpstreamChange,
    UserGroup,
)
from storage.outbox import Claim, claim_next
from storage.uses import UseMark
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.factories import (
    GUS,
    INES,
    MAX,
    MIA,
    OLIVIA,
    OMAR,
    TEAM,
    add_component,
    add_grant,
    add_key,
    add_member,
    add_owner,
    add_page,
    add_request,
    add_ticket,
)
from tests.policies import policy_of

T = TypeVar("T")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEFORE = NOW - 2 * HOUR
"""When everything was made that waits now."""
OPERATOR = Actor.operator("ann")
NOBODY: Mapping[str, Actor] = {
    "a stranger": Actor.member("U0NOBODY01"),
    "a guest": Actor.member(GUS),
    "somebody who left": Actor.member("U0GONE0001"),
    "a bot": Actor.member("U0BOT00001"),
    "somebody of another workspace": Actor.member("U0FOREIGN1"),
    "a key without scopes": Actor.key("kno0scopes00"),
    "a key that only reads": Actor.key("konlyreads00"),
    "a suspended key": Actor.key("ksuspended00"),
    "a revoked key": Actor.key("krevoked0000"),
    "an expired key": Actor.key("kexpired0000"),
    "a key for components that are not there": Actor.key("knamedparts0"),
    "an unknown key": Actor.key("kunknown0000"),
    "a job without a name here": Actor(ActorKind.JOB, "cron"),
    "a kind that there is not": Actor(cast(ActorKind, "robot"), OLIVIA),
}
"""Actors who may nothing. Those who once were somebody have an owner's grant still, or a key with every scope."""
FULL_KEY = Actor.key("kfull0000000")
"""A key with every scope on all pages, for which an owner answers."""
LONELY_KEY = Actor.key("klonely00000")
"""The same, and nobody answers for it."""
WRITING = (
    Scope.INCIDENTS_WRITE,
    Scope.MAINTENANCES_WRITE,
    Scope.COMPONENT_STATUS_WRITE,
    Scope.COMPONENTS_WRITE,
    Scope.PAGE_CONFIGURATION_WRITE,
    Scope.KEYS_WRITE,
    Scope.USERS_WRITE,
    Scope.DELIVERIES_WRITE,
)
"""The scopes by which keys write something."""
SINGLE_KEYS: Mapping[Scope, Actor] = {scope: Actor.key(f"ksingle{index:05}") for index, scope in enumerate(WRITING)}
"""Keys with one of these scopes each, on all pages, for which an owner answers."""
REST_KEY = Actor.key("krest0000000")
"""A key with all other scopes."""
POLICY = policy_of(suspend_unused_after=60 * DAY, update_due_after_none=HOUR, forget_left_after=HOUR)
GROUP = "S0PLATFORM"
WINDOW = Schedule(
    scheduled_for=NOW + DAY,
    scheduled_until=NOW + DAY + HOUR,
    # A scope of its own is needed for what moves components by itself.
    to_maintenance_state=False,
    to_operational_state=False,
)
GAMMA = """
organization: Acme
pages:
  - name: Gamma
    components: [{name: Search}]
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row, as an argument: read in the transaction in which it is used."""

    model: type[Any]
    id: str

    def read(self, session: Session) -> Any:
        """The row as it is now."""
        return session.get_one(self.model, self.id)


@dataclass(frozen=True, slots=True)
class World:
    """The desk, and what may be handed to its doors: several values where no single one fits every door."""

    desk: Desk
    by_type: Mapping[object, Sequence[Any]]
    by_name: Mapping[str, Sequence[Any]]

    def values_for(self, name: str, annotation: object) -> Sequence[Any] | None:
        """What a parameter may be given; None where nobody has said."""
        return self.by_type.get(annotation) or self.by_name.get(name)


@dataclass(frozen=True, slots=True)
class _Maker:
    desk: Desk
    places: "Places"
    page: str
    guarded: str
    """A page on which a second person publishes."""
    component: str

    def do(self, who: str, work: Callable[[Transaction], T]) -> T:
        return self.desk.write_now(Actor.member(who), work)

    def given(self, add: Callable[..., T], *args: Any, **values: Any) -> T:
        with self.desk.database.write() as session:
            return add(session, *args, **values)


@dataclass(frozen=True, slots=True)
class Places:
    """What no two organizations have in common."""

    page: str = "acme"
    guarded: str = "beta"
    lane: str = "C0STATUS01"
    group: str = GROUP
    full_key: str = FULL_KEY.id
    """A key with every scope on all pages, for which an owner answers."""
    nobodies: bool = True
    """Whether those who may nothing, and keys of single scopes, are there: keys of the same ids can be only once."""


HERE = Places()


def make_world(desk: Desk, places: Places = HERE) -> World:
    """Everything in every state in which somebody can do something about it; the clock then stands at `NOW`."""
    assert isinstance(desk.clock, HeldClock)
    desk.clock.set(BEFORE)
    maker = _begin(desk, places)
    names: dict[str, Sequence[Any]] = {}
    types: dict[object, Sequence[Any]] = {}
    for fill in (
        _plain,
        _people,
        _keys,
        _requests,
        _incidents,
        _drafts,
        _messages,
        _page_things,
        _upstreams,
        _elsewhere,
    ):
        more_types, more_names = fill(maker)
        types, names = types | more_types, names | more_names
    desk.clock.set(NOW)
    return World(desk, types, names)


Filled = tuple[dict[object, Sequence[Any]], dict[str, Sequence[Any]]]


def _begin(desk: Desk, places: Places) -> _Maker:
    with desk.database.write() as session:
        page = add_page(
            session,
            BEFORE,
            name=places.page.capitalize(),
            subdomain=places.page,
            announcement_channel=places.lane,
        )
        guarded = add_page(session, BEFORE, name="Beta", subdomain=places.guarded, second_person=SecondPerson.ALWAYS)
        component = add_component(session, page, BEFORE).id
        add_component(session, guarded, BEFORE)
        session.scalars(select(Organization)).one().slack_team_id = None
        for owner, name in ((OLIVIA, "Olivia"), (OMAR, "Omar")):
            add_owner(session, owner, BEFORE, name=name)
        for member, name in ((MIA, "Mia"), (INES, "Ines"), (MAX, "Max")):
            add_member(session, member, BEFORE, name=name)
        for manager in (INES, MAX):
            for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER, Role.PAGE_CONFIGURATION):
                add_grant(session, manager, role, BEFORE)
        add_key(session, BEFORE, id=places.full_key, holder_id=OLIVIA, scopes=[str(scope) for scope in Scope])
        if places.nobodies:
            _add_nobodies(session)
            for scope, actor in SINGLE_KEYS.items():
                add_key(session, BEFORE, id=actor.id, name=f"only {scope}", holder_id=OLIVIA, scopes=[str(scope)])
            others = [str(scope) for scope in Scope if scope not in WRITING]
            add_key(session, BEFORE, id=REST_KEY.id, name="the rest", holder_id=OLIVIA, scopes=others)
        return _Maker(desk, places, page.id, guarded.id, component)


def _add_nobodies(session: Session) -> None:
    fallen = ("is_guest", "is_deleted", "is_bot", "is_foreign")
    names = ("a guest", "somebody who left", "a bot", "somebody of another workspace")
    for name, flag in zip(names, fallen, strict=True):
        user_id = NOBODY[name].id
        add_member(session, user_id, BEFORE, name=name, **{flag: True})
        add_grant(session, user_id, Role.OWNER, BEFORE)
    add = partial(add_key, session, BEFORE, holder_id=None)
    everything = [str(scope) for scope in Scope]
    add(id=NOBODY["a key without scopes"].id, scopes=[])
    add(id=NOBODY["a key that only reads"].id, scopes=["read"])
    add(id=NOBODY["a suspended key"].id, scopes=everything, status=KeyStatus.SUSPENDED)
    add(id=NOBODY["a revoked key"].id, scopes=everything, status=KeyStatus.REVOKED)
    add(id=NOBODY["an expired key"].id, scopes=everything, expires_at=NOW)
    add(id=LONELY_KEY.id, scopes=everything)
    states = ["component_status:write", "components:write"]
    add(id=NOBODY["a key for components that are not there"].id, scopes=states, components=["cnowhere0000"])


def _plain(maker: _Maker) -> Filled:
    types: dict[object, Sequence[Any]] = {
        Role: [Role.INCIDENT_MANAGER],
        Scope: [Scope.INCIDENTS_WRITE],
        Refusal: [Refusal.NOT_YOURS],
        Extract: [Extract()],
        Head: [Head(0, "0" * 64)],
        Head | None: [None],
        KeyFilter: [KeyFilter()],
        KeyFilter | None: [None],
        IncidentFilter: [IncidentFilter()],
        Keep | None: [None],
        ArchiveMark: [ArchiveMark(0, 0, 0, None)],
        Page | None: [Row(Page, maker.page)],
        Sequence[int]: [[]],
        Audience: [Audience.OWNERS],
        Mapping[str, str | None]: [{maker.places.lane: "is_archived"}],
        bool: [True],
        int: [10],
    }
    names: dict[str, Sequence[Any]] = {
        "page_id": [maker.page],
        "_page_id": [maker.page],
        "reason": ["Because."],
        "name": ["anew"],
        "title": ["Slow"],
        "body": ["We look."],
        "text": ["8h", f"{NOW + 9 * DAY:%Y-%m-%d}"],
        "page": [None],
        "until": [NOW + 200 * DAY],
        "made_until": [NOW],
        "since": [BEFORE],
        "due_at": [NOW + HOUR],
        "span": [HOUR],
        "version": [1],
        "told": [None],
        "error": ["is_archived"],
        "what": ["Slow"],
        "report": [{}],
        "words": [["Website"]],
        "to_user_id": [MAX],
        "user_id": [MIA, "U0GONE0001"],
        "named": [MIA],
        "places": [[MIA]],
        "wanted": [{maker.page: frozenset({Role.INCIDENT_MANAGER})}],
        "approver_id": [OLIVIA],
        "actor": [f"member:{MIA}"],
        "began_at": [BEFORE],
        "update_status": [None],
        "component_ids": [[]],
        "components": [[maker.component]],
        "networks": [["10.0.0.0/8"]],
        "period": ["2026-02-23", "2026-03-02"],
        "scheduled_for": [NOW, NOW + DAY],
        "scheduled_until": [NOW + 2 * DAY],
        "called": [None],
        "last": ["delivery.dead"],
        "starts": ["tomorrow 22:00"],
        "ends": [None],
        "lasts": ["1h"],
        "adds": [False],
    }
    return types, names


def _people(maker: _Maker) -> Filled:
    seen = SeenUser(user_id=MIA, team_id=TEAM, name="Mia again", handle="mia", updated=2)
    users = frozenset({MIA, MAX})
    group = SeenGroup(group_id=maker.places.group, handle="platform", name="Platform", date_update=5, users=users)
    with maker.desk.database.write() as session:
        session.add(UserGroup(group_id=group.group_id, handle="old", name="Platform"))
        grant = add_grant(session, MAX, Role.INTEGRATOR, BEFORE)
        add_grant(session, MIA, Role.INCIDENT_MANAGER, BEFORE, page_id=maker.page, expires_at=BEFORE + HOUR)
        syncs = {
            status: DirectorySync(
                id=new_id(), status=status, created_at=BEFORE, created_by=f"member:{OLIVIA}", plan={}
            )
            for status in (SyncStatus.STOPPED, SyncStatus.REQUESTED)
        }
        session.add_all(syncs.values())
        left = Departure(
            id=new_id(), user_id="U0GONE0001", left_at=BEFORE, key_ids=[], roles_ended=0, requests_withdrawn=0
        )
        session.add(left)
    mia = SubjectWord("user", MIA)
    types: dict[object, Sequence[Any]] = {
        SeenUser: [seen],
        Collection[SeenUser]: [[seen]],
        SeenGroup: [group],
        MembershipChange: [
            MembershipChange(group.group_id, frozenset({MIA}), frozenset(), 5, None, is_complete=True)
        ],
        Collection[SeenGroup]: [[replace(group, group_id="S0PLAIN001")]],
        Snapshot: [Snapshot(flipped=[], groups=[group], people=1)],
        Subject: [Subject(SubjectKind.USER, MIA, "Mia")],
        SubjectWord | None: [mia],
        GrantOrder: [GrantOrder(subject=mia, role=Role.MAINTENANCE_MANAGER)],
        RevokeOrder: [RevokeOrder(subject=SubjectWord("user", MAX), role=Role.INTEGRATOR)],
        Grant: [Row(Grant, grant.id)],
        Departure: [Row(Departure, left.id)],
    }
    names: dict[str, Sequence[Any]] = {
        "event_id": ["Ev0001"],
        "team_id": [TEAM],
        "team_name": ["Acme"],
        "grant_id": [grant.id],
        "sync_id": [syncs[SyncStatus.STOPPED].id],
        "sync_ids": [[syncs[SyncStatus.REQUESTED].id]],
    }
    return types, names


def _keys(maker: _Maker) -> Filled:
    add = partial(maker.given, add_key, BEFORE)
    active = add(name="terraform prod")
    suspended = add(
        name="nightly export",
        status=KeyStatus.SUSPENDED,
        suspended_at=BEFORE,
        suspended_by=f"member:{MIA}",
        suspend_reason="Who needs it?",
    )
    add(name="retiring", retires_at=BEFORE + HOUR)
    unused = add(name="unused", created_at=BEFORE - 90 * DAY, expires_at=NOW + 90 * DAY)
    wish = partial(ask_for_extension, key_id=active.id, until=active.expires_at + DAY, reason="It is late.")
    maker.do(MIA, wish)
    with maker.desk.database.write() as session:
        session.add(
            Announcement(
                id=new_id(),
                key_id=unused.id,
                act=Act.SUSPEND,
                act_on=BEFORE,
                first_announced_at=BEFORE - 14 * DAY,
                announced_times=2,
            )
        )
    maker.desk.write_now(OPERATOR, partial(send_digest, period="2026-02-23", scheduled_for=BEFORE))
    types: dict[object, Sequence[Any]] = {
        ApiKey: [Row(ApiKey, active.id)],
        Change: [Change.SUSPEND],
        Sequence[Change]: [[Change.EXTEND, Change.ASK_EXTENSION]],
        SuspendedUse: [SuspendedUse(suspended.id, 1, NOW, None, None)],
        Sequence[UseMark]: [[UseMark(active.id, NOW.date(), reads=1)]],
        PastKey: [PastKey(name="old", purpose="Old", scopes=("read",), holder_id=MIA, made=9, expires_in=9)],
        KeyRing: [KeyRing()],
        Revived: [Revived(keys=(unused.id,), suspended=(active.id,), grants={}, unknown=())],
    }
    return types, {"key_id": [active.id, suspended.id, _provisional(maker)], "pages": [None]}


def _provisional(maker: _Maker) -> str:
    """A key that was made and not seen to arrive."""
    ticket = _approved(maker, "shown")
    key, _ = maker.do(MIA, partial(mint_for_ticket, ticket_id=ticket.id))
    return key.id


def _approved(maker: _Maker, name: str) -> Ticket:
    asked = _asked(maker, name)
    request = maker.do(MIA, partial(make_request, asked=asked))
    maker.do(OLIVIA, partial(approve, request_id=request.id))
    ticket = maker.do(OLIVIA, partial(find_ticket_of_request, request_id=request.id))
    assert ticket is not None
    return ticket


def _asked(maker: _Maker, name: str) -> Asked:
    return Asked(
        name=name,
        purpose="We automate.",
        scopes=(Scope.READ,),
        pages=(maker.page,),
        lifetime_days=30,
        holder_id=MIA,
    )


def _requests(maker: _Maker) -> Filled:
    ticket = _approved(maker, "waiting")
    request = maker.do(MIA, partial(make_request, asked=_asked(maker, "pending")))
    maker.given(add_request, BEFORE, expires_at=BEFORE + HOUR, status=RequestStatus.PENDING)
    maker.given(add_ticket, BEFORE, expires_at=BEFORE + HOUR, status=TicketStatus.WAITING)
    types: dict[object, Sequence[Any]] = {
        Asked: [_asked(maker, "another")],
        Sequence[HeldKey]: [
            [HeldKey(key="89a229ce-1a8b-4e0e-8f4b-2f6f1f3c0a77", name="imported", pages=(maker.page,))]
        ],
        KeyRequest: [Row(KeyRequest, request.id)],
    }
    return types, {"request_id": [request.id, ticket.request_id], "ticket_id": [ticket.id]}


def _incidents(maker: _Maker) -> Filled:
    def make(page: str = maker.page, *, at: datetime = BEFORE, **values: Any) -> Callable[[Transaction], str]:
        new = NewIncident(**({"name": "Slow", "body": "We look."} | values))
        return lambda tx: create_incident(replace(tx, now=at), page, new).id

    done = IncidentStatus.RESOLVED
    slow = maker.do(INES, make(components={maker.component: None}))
    planned = maker.do(INES, make(name="Upgrade", schedule=WINDOW))
    running = maker.do(INES, make(name="Move", schedule=WINDOW, status=IncidentStatus.IN_PROGRESS))
    due = Schedule(scheduled_for=BEFORE + HOUR, scheduled_until=NOW + HOUR)
    maker.do(INES, make(name="Due", schedule=due, at=BEFORE - DAY))
    written, public = (maker.do(INES, make(name=name, status=done)) for name in ("Written", "Public"))
    for incident_id in (written, public):
        maker.do(INES, partial(write_postmortem, incident_id=incident_id, body="A cable."))
    maker.do(INES, partial(publish_postmortem, incident_id=public))
    with maker.desk.database.read() as session:
        said = session.scalars(select(IncidentUpdate.id).where(IncidentUpdate.incident_id == slow)).one()
    types: dict[object, Sequence[Any]] = {
        NewIncident: [NewIncident(name="New"), NewIncident(name="New", schedule=WINDOW)],
        IncidentChange: [IncidentChange(body="Still."), IncidentChange(status=IncidentStatus.IN_PROGRESS)],
        Schedule: [replace(WINDOW, scheduled_until=NOW + 2 * DAY)],
        Schedule | None: [None],
        datetime | None: [None],
        Mapping[str, ComponentStatus | None]: [{maker.component: ComponentStatus.MAJOR_OUTAGE}],
        Incident: [Row(Incident, slow)],
        Said: [Said(name="New", body="We look.", page=maker.places.page)],
    }
    return types, {"incident_id": [slow, planned, written, public, running], "update_id": [said]}


def _drafts(maker: _Maker) -> Filled:
    def write(page_id: str, content: Content, kind: DraftKind = DraftKind.INCIDENT) -> str:
        return maker.do(INES, partial(write_draft, page_id=page_id, kind=kind, content=content)).id

    opened, waiting, returned = (write(page, NewIncident(name="Down")) for page in (maker.page, *[maker.guarded] * 2))
    for draft_id in (waiting, returned):
        maker.do(INES, partial(publish_draft, draft_id=draft_id))
    maker.do(MAX, partial(send_back, draft_id=returned, reason="Say more."))
    forgotten = write(maker.page, NewIncident(name="Was down"))
    with maker.desk.database.write() as session:
        session.get_one(IncidentDraft, forgotten).updated_at = BEFORE - 7 * DAY
    types: dict[object, Sequence[Any]] = {
        DraftKind: [DraftKind.INCIDENT],
        Content: [NewIncident(name="Down again")],
        IncidentDraft: [Row(IncidentDraft, waiting)],
    }
    by_key = partial(post_incident, page_id=maker.guarded, new=NewIncident(name="Broken"))
    posted = maker.desk.write_now(Actor.key(maker.places.full_key), by_key)
    return types, {"draft_id": [opened, waiting, returned, posted.id]}


def _messages(maker: _Maker) -> Filled:
    """An announcement that died, and whatever comes next, in hand; and what owners never saw where they were told."""
    dead = _claim(maker)
    maker.given(_add_unheard)
    with maker.desk.database.read() as session:
        assert session.get_one(SlackMessage, dead.subject).kind == "incident.head"
    burial = partial(bury, claim=dead, error="is_archived", what="Slow", uncertain=False)
    assert maker.desk.write_now(Actor.job(JobName.DELIVERY), burial)
    return {Claim: [_claim(maker)], SlackMessage: [Row(SlackMessage, dead.subject)]}, {
        "message_id": [dead.subject],
        "subject": [dead.subject],
        "reader": [None],
    }


def _add_unheard(session: Session) -> None:
    former = "C0FORMER01"
    message = SlackMessage(id=new_id(), kind="group.readable", subject_id="g", conversation=former, created_at=BEFORE)
    message.audience = Audience.OWNERS
    session.add(message)
    died = {"status": DeliveryStatus.DEAD, "due_at": BEFORE, "created_at": BEFORE, "noticed_at": BEFORE}
    session.add(Delivery(channel=Channel.SLACK, lane=former, subject=message.id, **died))


def _claim(maker: _Maker) -> Claim:
    """The next delivery of the pages' channel, claimed."""
    while True:
        with maker.desk.database.everywhere.write() as session:
            claim = claim_next(session, Channel.SLACK, worker=new_id(), now=BEFORE, lease=DAY, pace=timedelta())
            assert claim is not None
        if claim.lane == maker.places.lane:
            return claim


def _page_things(maker: _Maker) -> Filled:
    template = maker.do(
        INES, partial(create_template, page_id=maker.page, name="outage", title="Slow", body="We look.")
    )
    search, group, gone = maker.given(_add_components, maker.page)
    types: dict[object, Sequence[Any]] = {
        ComponentFields: [{"name": "Anew"}],
        GroupFields: [{"name": "Anew", "components": [search]}],
        Seed: [read_seed(GAMMA, "gamma.yml")],
        IncidentTemplate: [Row(IncidentTemplate, template.id)],
        Component: [Row(Component, maker.component)],
    }
    names: dict[str, Sequence[Any]] = {
        "component_id": [search, group, gone],
        "settings": [{"name": "Anew"}],
        "template_id": [template.id],
        "seen_at": [template.updated_at],
        "word": ["outage", "terraform prod", "pending", "Search", maker.places.page],
    }
    return types, names


_MOVED = {"name": "Moved", "created_at": BEFORE, "updated_at": BEFORE}
_WORDS = {"name": "outage", "title": "Outage", "body": "We look."}
_SAID = _MOVED | {"status": "resolved", "impact": "none", "started_at": BEFORE}


def _upstreams(maker: _Maker) -> Filled:
    url, new = "https://statuspage.acme.example", NewUpstreamKey(name="anew", sealed="sealed")

    def connect(tx: Transaction) -> str:
        connect_upstream(tx, url)
        make_hook(tx)
        soon = tx.now + timedelta(days=5)
        return add_upstream_key(tx, NewUpstreamKey(name="first", sealed="sealed", expires_at=soon)).id

    def move(tx: Transaction) -> None:
        page = tx.session.get_one(Page, maker.page)
        add_component(tx.session, page, BEFORE, name="Moved", position=9, status=ComponentStatus.MAJOR_OUTAGE)
        tx.session.add(PageMove(page_id=page.id, base_url="https://another.acme.example", begun_at=BEFORE))

    maker.do(OLIVIA, move)
    types: dict[object, Sequence[Any]] = {
        NewUpstreamKey: [new],
        MovedPage: [MovedPage(id="movedpage001", name="Moved", columns=_MOVED)],
        Sequence[MovedTemplate]: [[MovedTemplate(id="movedtempl01", columns=_WORDS)]],
        Sequence[MovedIncident]: [[MovedIncident(id="movedincid01", columns=_SAID)]],
        MovedIncident: [MovedIncident(id="movedincid02", columns=_SAID)],
        Sequence[PageThere]: [[PageThere(id="statuspage01", name="Far")]],
        PageThere: [PageThere(id="statuspage01", name="Far")],
        Callable[[str], str]: [str.upper],
        Callable[[str], bool]: [bool],
    }
    names: dict[str, Sequence[Any]] = {
        "base_url": ["https://another.acme.example"],
        "next_part": [2],
        "problem": ["It does not answer."],
        "upstream_key_id": [maker.do(OLIVIA, connect)],
    }
    return types, names


def _elsewhere(maker: _Maker) -> Filled:
    """Something that a Statuspage did not take, and something that it has."""

    def owe(tx: Transaction, status: DeliveryStatus) -> str:
        new = NewIncident(name=f"It is {status}", body="We look.")
        AtlassianPages().create_incident(tx, maker.page, new)
        change = tx.session.scalars(select(UpstreamChange).where(UpstreamChange.name == new.name)).one()
        tx.session.scalars(select(Delivery).where(Delivery.subject == change.id)).one().status = status
        return change.id

    changes = [maker.do(INES, partial(owe, status=status)) for status in (DeliveryStatus.DEAD, DeliveryStatus.SENT)]
    types: dict[object, Sequence[Any]] = {
        ChangeKind: [ChangeKind.UPDATE],
        UpstreamChange: [Row(UpstreamChange, changes[0])],
        There | None: [There("statuspage01")],
        Words: [Words("Slower", "We look again.")],
    }
    far = IncidentThere(id="faraway00001", status=IncidentStatus.INVESTIGATING, fields=_FAR)
    types[Sequence[IncidentThere]] = [[far]]
    with maker.desk.database.write() as session:
        incident = session.scalars(select(Incident).where(Incident.name == "It is sent")).one()
        incident.upstream_id = "gone00000001"
    names: dict[str, Sequence[Any]] = {
        "change_id": changes,
        "upstream_id": ["gone00000001"],
        "besides": [[]],
        "asked_at": [NOW],
    }
    return types, names


_FAR: Mapping[str, Any] = {
    "name": "Far",
    "impact": "none",
    "created_at": BEFORE,
    "updated_at": BEFORE,
    "started_at": BEFORE,
    "shortlink": "",
    "impact_override": None,
}


def _add_components(session: Session, page_id: str) -> tuple[str, str, str]:
    """A component that nothing is open on, a group with one in it, and a component that was retired."""
    page = session.get_one(Page, page_id)
    group = add_component(session, page, BEFORE, name="Europe", group=True, position=2)
    add_component(session, page, BEFORE, name="Berlin", group_id=group.id)
    search = add_component(session, page, BEFORE, name="Search", position=3)
    gone = add_component(session, page, BEFORE, name="Fax", position=4, retired_at=BEFORE)
    return search.id, group.id, gone.id
