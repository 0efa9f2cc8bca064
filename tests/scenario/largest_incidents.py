"""Incidents, maintenances, drafts and templates of the largest world: as much of each as limits allow."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from desk.identifiers import new_id
from desk.incidents.announcements import ALONE_CARD, HEAD_CARD
from desk.incidents.drafts import review
from desk.incidents.drafts.drafts import get_draft, send_back, write_draft
from desk.incidents.drafts.leaks import Leak, LeakKind
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.review import AGAIN_NOTE, reminder_subject
from desk.incidents.elsewhere.refused import REFUSED_NOTE
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import MAX_BODY, MAX_NAME, IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import list_updates
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.incidents.reminders import REMINDER_CARD
from desk.incidents.templates import create_template
from desk.messages.outbox import find_card, send_card, send_note, send_reply
from desk.pages.status import Impact
from desk.reasons import MAXIMUM_REASON
from desk.transaction import Actor, Transaction
from handlers.slack.incidents.form_state import MOST_COMPONENTS
from storage.models import (
    ChangeKind,
    Channel,
    ComponentStatus,
    Delivery,
    DeliveryStatus,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentStatus,
    Page,
    Role,
    SecondPerson,
    UpstreamChange,
)
from tests.factories import INES, MIA, OLIVIA, add_component, add_grant
from tests.scenario.incidents_stage import STATUS_CHANNEL
from tests.scenario.largest_world import NAME, World, longest
from tests.scenario.slack_checks import READER, STRANGER

GROUPS, IN_A_GROUP = 6, 40
NOWHERE = "C0CLOSED01"
"""A channel that there is not: what is announced there is given up."""
SECOND = 3
"""The page that wants a second person. No user group may publish on it."""
REASON = 500
_AGO = 100
"""Minutes since the first incident."""
_PLACEHOLDERS = " ".join(f"{{{{{'Placeholder number ' + 'x' * 18} {chr(65 + number)}}}}}" for number in range(12))
_SEEDS = (
    f"# <!channel> **b** & <@U0{STRANGER}0001>\n\n> <#C0{STRANGER}0001> [_a_ | <!here> `c`](https://{READER}/?a=1&b=<2>)\n\n"
    f"- @here <!subteam^S0{STRANGER}01>\n- [x](javascript:{STRANGER}) <https://{READER}/&> <us@{READER}> *~`\n\n"
    f"```\n<!everyone> & ``\n```\n\n| <!here> | & |\n| --- | --- |\n"
    f"| `a` | <!date^1772442000^{{time}}|{STRANGER}> |\n\n",
    "&",
    "<>\n\n",
    "*`",
    f"[&<](https://{READER}/&) ",
    "> - &\n",
)


def longest_markdown(limit: int, flavour: int) -> str:
    """A text for the public of exactly so many characters, full of what must not come alive in Slack."""
    seed = _SEEDS[flavour % len(_SEEDS)]
    # A link that is cut leads elsewhere, as it would on the page.
    return (seed * (limit // len(seed))).ljust(limit, "x")


@dataclass(slots=True)
class Incidents:
    """What there is of them, by id."""

    components: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    """The first has the longest timeline; the last's announcement failed."""
    over: list[str] = field(default_factory=list)
    """The first has a public postmortem."""
    planned: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)


def seed(tx: Transaction, world: World) -> Incidents:
    """Fill the first page with everything; the fourth asks for a second person, the third announces nowhere."""
    made = Incidents()
    channels = [STATUS_CHANNEL, STATUS_CHANNEL, NOWHERE, STATUS_CHANNEL]
    for number, (page_id, channel) in enumerate(zip(world.pages, channels, strict=False)):
        page = tx.session.get_one(Page, page_id)
        page.announcement_channel = channel
        page.time_zone = "America/Argentina/ComodRivadavia"
        page.second_person = SecondPerson.ALWAYS if number == SECOND else SecondPerson.NEVER
        page.second_person_skipped_by = Role.OWNER
    for person in (MIA, INES):
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
            add_grant(tx.session, person, role, tx.now)
    _add_components(tx, world.pages[0], made)
    _open_incidents(tx, world, made)
    _plan_maintenances(tx, world, made)
    _keep_templates(tx, world, made)
    _write_drafts(tx, world, made)
    _send_cards(tx, made)
    return made


def _as(tx: Transaction, user_id: str, *, minutes: int = 0) -> Transaction:
    """Somebody at work, `minutes` after it all began."""
    return replace(tx, actor=Actor.member(user_id), now=tx.now + timedelta(minutes=minutes - _AGO))


def _add_components(tx: Transaction, page_id: str, made: Incidents) -> None:
    page = tx.session.get_one(Page, page_id)
    for number in range(GROUPS):
        group = add_component(tx.session, page, tx.now, name=longest(NAME, number), group=True, position=number)
        for member in range(IN_A_GROUP):
            name = longest(NAME, number + member)
            row = add_component(tx.session, page, tx.now, name=name, group_id=group.id, position=member)
            made.components.append(row.id)


def states(made: Incidents, first: int, count: int) -> dict[str, ComponentStatus | None]:
    """So many components, and states that they take on."""
    wanted = list(ComponentStatus)
    chosen = made.components[first : first + count]
    return {component_id: wanted[number % len(wanted)] for number, component_id in enumerate(chosen)}


def _open_incidents(tx: Transaction, world: World, made: Incidents) -> None:
    for number in range(12):
        new = NewIncident(
            name=longest(MAX_NAME, number),
            body=longest_markdown(MAX_BODY if number < 2 else 1500, number),
            impact_override=list(Impact)[number % 5] if number % 5 != 1 else None,
            # Those in the middle are about the same components, and double each other.
            components=states(made, number if number < 9 else 0, 60 if number < 3 else 9),
            deliver_notifications=number % 2 == 0,
        )
        made.open.append(create_incident(_as(tx, MIA if number % 2 else OLIVIA), world.pages[0], new).id)
    for minute in range(18):
        change = IncidentChange(
            body=longest_markdown(MAX_BODY if minute == 0 else 800, minute),
            status=[IncidentStatus.MONITORING, IncidentStatus.IDENTIFIED][minute % 2],
            components=states(made, minute, 20 if minute else 240) if minute % 9 == 0 else {},
        )
        update_incident(_as(tx, OLIVIA, minutes=minute), made.open[0], change)
    for number in range(4):
        ended = made.open.pop(1)
        body = longest_markdown(3000, number)
        # What those that are open hold of them stays down.
        well = dict.fromkeys(made.components[:60], ComponentStatus.OPERATIONAL)
        change = IncidentChange(status=IncidentStatus.RESOLVED, body=body, components=well)
        update_incident(_as(tx, OLIVIA, minutes=90), ended, change)
        made.over.append(ended)
    write_postmortem(_as(tx, OLIVIA), made.over[0], longest_markdown(MAX_BODY, 0))
    publish_postmortem(_as(tx, OLIVIA), made.over[0])
    write_postmortem(_as(tx, OLIVIA), made.over[1], longest_markdown(MAX_BODY, 1))
    unsent = NewIncident(name=longest(MAX_NAME, 0), body=longest_markdown(MAX_BODY, 0))
    made.open.append(create_incident(_as(tx, OLIVIA), world.pages[2], unsent).id)


def _plan_maintenances(tx: Transaction, world: World, made: Incidents) -> None:
    for number in range(12):
        start = tx.now + timedelta(days=1)
        window = Schedule(
            scheduled_for=start,
            scheduled_until=start + timedelta(days=300, minutes=number),
            auto_in_progress=number % 2 == 0,
            auto_completed=number % 2 == 0,
            to_operational_state=number % 2 == 0,
            notify_at_start=number % 3 == 0,
            notify_at_end=number % 3 == 0,
        )
        new = NewIncident(
            name=longest(MAX_NAME, number),
            body=longest_markdown(1500, number),
            components=dict.fromkeys(made.components[: 60 if number % 2 else 240]),
            schedule=window,
        )
        made.planned.append(create_incident(_as(tx, OLIVIA), world.pages[0], new).id)
    under = dict.fromkeys(made.components[100:130], ComponentStatus.UNDER_MAINTENANCE)
    for number in range(6):
        begun = made.planned.pop()
        status = IncidentStatus.VERIFYING if number % 2 else IncidentStatus.IN_PROGRESS
        update_incident(
            _as(tx, OLIVIA),
            begun,
            IncidentChange(status=status, body=longest_markdown(3000, number), components=under),
        )
        made.running.append(begun)
    finished = made.running.pop()
    update_incident(_as(tx, OLIVIA, minutes=5), finished, IncidentChange(status=IncidentStatus.COMPLETED))
    made.over.append(finished)


def _keep_templates(tx: Transaction, world: World, made: Incidents) -> None:
    for number in range(12):
        holes = f"{_PLACEHOLDERS} " if number % 2 else ""
        template = create_template(
            _as(tx, OLIVIA),
            world.pages[0],
            name=f"{number:03} {longest(MAX_NAME - 4, number)}",
            title=longest(MAX_NAME, number),
            # Those with placeholders are filled in by forms, whose inputs take 3,000 characters of a paragraph.
            body=holes + longest_markdown(2000 if holes else MAX_BODY, number),
            update_status=IncidentStatus.IDENTIFIED,
            component_ids=made.components[: MOST_COMPONENTS + 5],
        )
        made.templates.append(template.id)


def warnings(flavour: int) -> Sequence[dict[str, str]]:
    """Everything in a text that somebody should look at."""
    return [Leak(kind, longest(200, flavour)).as_json() for kind in LeakKind for _ in range(9)]


def _write_drafts(tx: Transaction, world: World, made: Incidents) -> None:
    """Of every kind, in every state; on the other page they wait for somebody else."""
    for page_id in (world.pages[0], world.pages[SECOND]):
        for number in range(12):
            author = (MIA, OLIVIA, INES)[number % 3]
            new = NewIncident(
                name=longest(MAX_NAME, number),
                body=f"{_PLACEHOLDERS} {longest_markdown(MAX_BODY - 1000, number)}",
                components=states(made, 0, 200) if page_id == world.pages[0] else {},
                impact_override=Impact.CRITICAL if number == 11 else None,
            )
            kind = DraftKind.INCIDENT
            if number % 4 == 1:
                kind, window = DraftKind.MAINTENANCE, _window(tx)
                new = replace(new, schedule=window)
            elif number % 4 == 2:
                kind, new = DraftKind.BACKFILL, replace(new, backfilled_at=tx.now - timedelta(days=9), components={})
            draft = write_draft(_as(tx, author), page_id=page_id, kind=kind, content=new, warnings=warnings(number))
            made.drafts.append(draft.id)
    for number, incident_id in enumerate([*made.open[:2], made.planned[0]]):
        change = IncidentChange(body=longest_markdown(MAX_BODY, number), components=states(made, 0, 200))
        made.drafts.append(_draft(tx, world.pages[0], DraftKind.UPDATE, change, incident_id))
    text = longest_markdown(MAX_BODY, 0)
    made.drafts.append(_draft(tx, world.pages[0], DraftKind.POSTMORTEM, text, made.over[2]))
    waiting = made.drafts[12:24]
    for number, draft_id in enumerate(waiting):
        publish_draft(_as(tx, (MIA, OLIVIA, INES)[number % 3]), draft_id)
    for number in (3, 6):
        send_back(_as(tx, OLIVIA), waiting[number], reason=longest(REASON, number, lines=True))


def _window(tx: Transaction) -> Schedule:
    return Schedule(scheduled_for=tx.now + timedelta(days=1), scheduled_until=tx.now + timedelta(days=301))


def _draft(tx: Transaction, page_id: str, kind: DraftKind, content: IncidentChange | str, incident_id: str) -> str:
    by_mia = _as(tx, MIA)
    written = write_draft(
        by_mia, page_id=page_id, kind=kind, content=content, incident_id=incident_id, warnings=warnings(0)
    )
    return written.id


def _send_cards(tx: Transaction, made: Incidents) -> None:
    """What would need time to pass, or a person who publishes alone."""
    for number, incident_id in enumerate(made.open[:6]):
        latest = list_updates(tx.session, [incident_id])[0]
        until = (tx.now + timedelta(hours=4)).isoformat()
        facts: dict[str, Any] = {"until": until, "snoozed_by": f"operator:{longest(80, 0)}"}
        subject = f"{incident_id}:{latest.id}:{number}"
        send_card(tx, REMINDER_CARD, subject, [STATUS_CHANNEL, MIA], **(facts if number % 2 else {}))
        head = find_card(tx, HEAD_CARD, incident_id, STATUS_CHANNEL)
        if head is None:
            # What was said quietly has no message of its own.
            continue
        send_reply(
            tx, ALONE_CARD, made.drafts[number], head, incident_id=incident_id, by=f"operator:{longest(80, 1)}"
        )
    for draft_id in made.drafts[12:24]:
        send_note(tx, AGAIN_NOTE, draft_id, [MIA, OLIVIA])
        subject = reminder_subject(get_draft(tx, draft_id))
        send_card(tx, review.REMINDER_CARD, subject, [MIA, OLIVIA])
        send_card(tx, review.LATE_CARD, subject, [STATUS_CHANNEL])
        for status in (DraftStatus.PUBLISHED, DraftStatus.SENT_BACK, DraftStatus.DISCARDED):
            facts = {"by": f"operator:{longest(80, 1)}", "status": str(status), "reason": longest(MAXIMUM_REASON, 1)}
            send_note(tx, review.DECIDED_NOTE, draft_id, [INES], **facts)
    _send_outdated(tx, made)
    _send_refused(tx, made)
    send_note(tx, review.DECIDED_NOTE, "gone", [INES], by=f"operator:{longest(80, 1)}", name=longest(MAX_NAME, 0))


def _send_outdated(tx: Transaction, made: Incidents) -> None:
    """That an update waits whose incident has changed meanwhile, and so have all its components."""
    change = IncidentChange(body=longest_markdown(MAX_BODY, 0), components=states(made, 0, 200))
    incident = tx.session.get_one(Incident, made.open[2])
    draft = get_draft(tx, _draft(tx, incident.page_id, DraftKind.UPDATE, change, incident.id))
    draft.status, draft.incident_version = DraftStatus.WAITING, incident.version - 1
    tx.session.flush()
    send_card(tx, review.OUTDATED_CARD, reminder_subject(draft), [INES])


def _send_refused(tx: Transaction, made: Incidents) -> None:
    """Of everything that can be done at a Statuspage elsewhere that it does not take it."""
    for number, kind in enumerate(ChangeKind):
        incident = tx.session.get_one(Incident, made.open[number % len(made.open)])
        change = UpstreamChange(
            id=new_id(),
            page_id=incident.page_id,
            incident_id=incident.id,
            kind=kind,
            body={"name": longest(MAX_NAME, number), "body": longest_markdown(MAX_BODY if number else 3000, number)},
            name=incident.name,
            author=f"member:{MIA}",
            created_at=tx.now,
        )
        dead = Delivery(channel=Channel.ATLASSIAN, lane=incident.page_id, subject=change.id, due_at=tx.now)
        dead.created_at, dead.status, dead.last_error = tx.now, DeliveryStatus.DEAD, longest(400, number)
        tx.session.add_all([change, dead])
        tx.session.flush()
        send_note(tx, REFUSED_NOTE, change.id, [MIA], error=dead.last_error)
