"""Incidents in Slack's words: statuses, states and impacts with their signs, names, links and times; who spoke, what
was said and what it changed, and what in it should not be public."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from desk.incidents.components import full_name, list_incident_components
from desk.incidents.drafts.leaks import Leak, LeakKind
from desk.incidents.lookup import was_called_off
from desk.pages.pages import has_several_pages
from desk.pages.status import Impact
from desk.status_page.reading import is_public
from desk.transaction import Actor, JobName, Transaction
from desk.zones import clock_in
from handlers.slack.framework.blocks import Block, actor_name, bold, escape, fit, plain, section, when
from handlers.slack.markdown.to_slack import literal, render_mrkdwn
from storage.models import ApiKey, Backend, Component, ComponentStatus, Incident, IncidentStatus, Page

_NAME = 150
_COPIES = str(Actor.job(JobName.COPIES))
"""What was said at a Statuspage elsewhere is written down here by whoever copies it."""

STATUS_WORDS: dict[IncidentStatus, str] = {
    IncidentStatus.INVESTIGATING: "Investigating",
    IncidentStatus.IDENTIFIED: "Identified",
    IncidentStatus.MONITORING: "Monitoring",
    IncidentStatus.RESOLVED: "Resolved",
    IncidentStatus.SCHEDULED: "Scheduled",
    IncidentStatus.IN_PROGRESS: "In progress",
    IncidentStatus.VERIFYING: "Verifying",
    IncidentStatus.COMPLETED: "Completed",
}
"""As the public page has them."""

CANCELLED = "Cancelled"
"""As the public page has it."""

_STATUS_SIGNS: dict[IncidentStatus, str] = {
    IncidentStatus.INVESTIGATING: ":mag:",
    IncidentStatus.IDENTIFIED: ":dart:",
    IncidentStatus.MONITORING: ":eyes:",
    IncidentStatus.RESOLVED: ":white_check_mark:",
    IncidentStatus.SCHEDULED: ":calendar:",
    IncidentStatus.IN_PROGRESS: ":wrench:",
    IncidentStatus.VERIFYING: ":eyes:",
    IncidentStatus.COMPLETED: ":white_check_mark:",
}

STATE_WORDS: dict[ComponentStatus, str] = {
    ComponentStatus.OPERATIONAL: "Operational",
    ComponentStatus.UNDER_MAINTENANCE: "Under maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "Degraded performance",
    ComponentStatus.PARTIAL_OUTAGE: "Partial outage",
    ComponentStatus.MAJOR_OUTAGE: "Major outage",
}

_STATE_SIGNS: dict[ComponentStatus, str] = {
    ComponentStatus.OPERATIONAL: ":large_green_circle:",
    ComponentStatus.UNDER_MAINTENANCE: ":large_blue_circle:",
    ComponentStatus.DEGRADED_PERFORMANCE: ":large_yellow_circle:",
    ComponentStatus.PARTIAL_OUTAGE: ":large_orange_circle:",
    ComponentStatus.MAJOR_OUTAGE: ":red_circle:",
}

IMPACT_WORDS: dict[Impact, str] = {
    Impact.NONE: "No impact",
    Impact.MAINTENANCE: "Maintenance",
    Impact.MINOR: "Minor impact",
    Impact.MAJOR: "Major impact",
    Impact.CRITICAL: "Critical impact",
}

_IMPACT_SIGNS: dict[Impact, str] = {
    Impact.NONE: ":white_circle:",
    Impact.MAINTENANCE: ":large_blue_circle:",
    Impact.MINOR: ":large_yellow_circle:",
    Impact.MAJOR: ":large_orange_circle:",
    Impact.CRITICAL: ":red_circle:",
}


def status_text(status: IncidentStatus | str) -> str:
    """A status with its sign."""
    found = IncidentStatus(status)
    return f"{_STATUS_SIGNS[found]} {STATUS_WORDS[found]}"


def status_words(tx: Transaction, incident: Incident) -> str:
    """An incident's status in words. Statuspage has none for a maintenance that was called off."""
    ended = incident.status == IncidentStatus.COMPLETED
    is_off = ended and was_called_off(tx.session, incident)
    return CANCELLED if is_off else STATUS_WORDS[IncidentStatus(incident.status)]


def standing_of(tx: Transaction, incident: Incident) -> str:
    """The same with its sign."""
    words = status_words(tx, incident)
    return cancelled_text() if words == CANCELLED else status_text(incident.status)


def cancelled_text() -> str:
    """How a maintenance that was called off stands."""
    return f":no_entry_sign: {CANCELLED}"


def state_text(status: ComponentStatus | str) -> str:
    """A component's state with its sign."""
    found = ComponentStatus(status)
    return f"{_STATE_SIGNS[found]} {STATE_WORDS[found]}"


def impact_text(impact: Impact | str) -> str:
    """An impact with its sign."""
    found = Impact(impact)
    return f"{_IMPACT_SIGNS[found]} {IMPACT_WORDS[found]}"


def impact_of(incident: Incident) -> Impact:
    """The impact that the public sees."""
    return Impact(incident.shown_impact)


def name_text(name: str) -> str:
    """An incident's or component's name, in bold."""
    return bold(" ".join(name.split()), limit=_NAME)


def public_link(tx: Transaction, incident: Incident) -> str:
    """Where the public reads about the incident: a link or, where not everybody may read the page, its name."""
    if link := find_public_link(tx, incident, "On the page"):
        return link
    return f"{'Published on' if is_there(tx, incident) else 'Not yet on'} {page_text(tx, incident)}"


def is_there(tx: Transaction, incident: Incident) -> bool:
    """Whether its page has the incident, as far as is known: a Statuspage elsewhere has it once it was told."""
    page = tx.session.get_one(Page, incident.page_id)
    return page.backend == Backend.LOCAL or incident.upstream_id is not None


def find_public_link(tx: Transaction, incident: Incident, words: str, *, part: str = "") -> str | None:
    """A link to (a part of) the incident's permalink; None where not everybody may read it and it leads nowhere.

    `words` must be free of people's text.
    """
    page = tx.session.get_one(Page, incident.page_id)
    if page.backend != Backend.LOCAL:
        # Its own link leads to the incident, and to no part of it.
        return f"<{escape(incident.shortlink)}|{words}>" if incident.shortlink else None
    return f"<{incident.shortlink}{part}|{words}>" if is_public(page) else None


def page_text(tx: Transaction, incident: Incident) -> str:
    """The name of the page that an incident is on, in bold."""
    return name_text(tx.session.get_one(Page, incident.page_id).name)


def both_clocks(instant: datetime, zone: ZoneInfo) -> str:
    """An instant in the reader's own time zone, and in the page's."""
    return f"{when(instant)} ({clock_in(zone, instant)})"


def count_of(things: Sequence[object], one: str, many: str) -> str:
    """`1 component`, `3 components`."""
    return f"{len(things)} {one if len(things) == 1 else many}"


_WORST_FIRST = tuple(reversed(ComponentStatus))
_SHORT_NAME = 100
_LINES = 2900


def speaker(tx: Transaction, actor: str) -> str:
    """Who did something to an incident: a person by mention, an API key by name, or Keydesk itself."""
    kind, _, identity = actor.partition(":")
    if kind == "key":
        key = tx.session.get(ApiKey, identity)
        return f"the API key {name_text(key.name)}" if key else "an API key"
    if actor == _COPIES:
        return "somebody at Statuspage"
    return "Keydesk itself" if kind == "job" else actor_name(actor)


def said_blocks(body: str, *, limit: int) -> list[Block]:
    """An update's words, cut to `limit` characters; nothing where it has none."""
    words = render_mrkdwn(body, limit=limit)
    return [section(words)] if words.strip() else []


def plain_name(name: str) -> str:
    """A name within the text of a notification."""
    return escape(plain(" ".join(name.split()), limit=_SHORT_NAME))


def titled(tx: Transaction, incident: Incident, *, sign: str | None = None) -> str:
    """An incident's name behind a sign, its impact's unless told, and its page where there are several."""
    return f"{sign or _sign_of(incident)} {name_text(incident.name)}{on_page(tx, incident.page_id)}"


def plain_standing(tx: Transaction, incident: Incident) -> str:
    """An incident's name and status within the text of a notification."""
    return f"{incident.name} ({status_words(tx, incident)})"


def on_page(tx: Transaction, page_id: str) -> str:
    """` on Acme` where there are several pages; empty where there is but one."""
    page = tx.session.get(Page, page_id)
    return f" on {_quiet(page.name)}" if page is not None and has_several_pages(tx.session) else ""


def _sign_of(incident: Incident) -> str:
    if incident.scheduled_for is not None:
        return ":wrench:"
    return _sign(impact_text(impact_of(incident)))


def list_named(
    tx: Transaction, incident: Incident, states: Mapping[str, ComponentStatus] | None = None
) -> Sequence[tuple[str, ComponentStatus]]:
    """The components of an incident with their groups' names, and their states now or as given; the worst first."""
    components = list_incident_components(tx.session, incident.id, with_retired=True)
    group_ids = {component.group_id for component in components if component.group_id}
    groups = {group_id: tx.session.get_one(Component, group_id).name for group_id in group_ids}
    shown = {row.id: ComponentStatus(row.status) for row in components} if states is None else states
    named = [(full_name(component, groups), shown[component.id]) for component in components]
    return sorted(named, key=lambda one: _WORST_FIRST.index(one[1]))


def names_text(named: Sequence[tuple[str, ComponentStatus]], *, most: int) -> str:
    """Components by name alone, in a line, and how many more there are."""
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(_quiet(name) for name, _ in named[:most]) + more


def states_text(named: Sequence[tuple[str, ComponentStatus]], *, most: int) -> str:
    """Components and their states, one a line, and how many more there are."""
    lines = [f"{_sign(state_text(state))} {_quiet(name)}: {STATE_WORDS[state]}" for name, state in named]
    return _cut(lines, most)


def changes_text(affected: Sequence[Mapping[str, Any]] | None, *, most: int) -> str:
    """What an update changed in components, old → new, the worst first; empty where it changed none."""
    changed = [
        (ComponentStatus(one["new_status"]), ComponentStatus(one["old_status"]), str(one["name"]))
        for one in affected or ()
        if one["new_status"] != one["old_status"]
    ]
    changed.sort(key=lambda one: _WORST_FIRST.index(one[0]))
    lines = [
        f"{_sign(state_text(new))} {_quiet(name)}: {STATE_WORDS[old]} → {STATE_WORDS[new]}"
        for new, old, name in changed
    ]
    return _cut(lines, most)


def _cut(lines: Sequence[str], most: int) -> str:
    kept = list(lines[:most])
    while sum(len(line) + 1 for line in kept) > _LINES:
        kept.pop()
    more = len(lines) - len(kept)
    return "\n".join([*kept, f"…and {more} more"] if more else kept)


def _quiet(name: str) -> str:
    return literal(plain(" ".join(name.split()), limit=_SHORT_NAME))


def _sign(text: str) -> str:
    return text.partition(" ")[0]


_LEAKS = 2000


def render_leaks(leaks: Sequence[Leak], *, limit: int = _LEAKS) -> str:
    """All warnings, one on each line, and how many more there are; empty when there are none."""
    return "\n".join(fit([f":warning: {render_leak(leak)}" for leak in leaks], limit))


def render_leak(leak: Leak) -> str:
    """One warning, in a sentence."""
    about = leak.about.strip(":") if leak.kind is LeakKind.EMOJI else leak.about
    return _SENTENCES[leak.kind].format(escape(about))


_SENTENCES = {
    LeakKind.PERSON: "It names a person: {}.",
    LeakKind.GROUP: "It names a user group of yours: {}.",
    LeakKind.CHANNEL: "It names a channel that the public cannot see: {}.",
    LeakKind.BROADCAST: "It calls “{}” as one does in Slack; on the page nobody is called.",
    # Between the colons stands something that nobody sees: Slack would draw the emoji, and the page does not.
    LeakKind.EMOJI: "Only your workspace has this emoji, so the page shows its name: :\u200b{}:.",
    LeakKind.INTERNAL_LINK: "The public cannot open this address: {}.",
    LeakKind.SLACK_LINK: "It leads into your Slack workspace: {}.",
    LeakKind.PASSWORD: "An address holds a user name and a password: {}. Take them out.",
}
