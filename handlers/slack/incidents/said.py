"""Who spoke, what was said and what it changed, as messages about incidents show it."""

from collections.abc import Mapping, Sequence
from typing import Any

from desk.incidents.components import full_name, list_incident_components
from desk.pages.pages import has_several_pages
from desk.transaction import Transaction
from handlers.slack.blocks import Block, actor_name, escape, plain, section
from handlers.slack.incidents.mrkdwn import render_mrkdwn
from handlers.slack.incidents.mrkdwn_lines import literal
from handlers.slack.incidents.words import STATE_WORDS, impact_of, impact_text, name_text, state_text
from storage.models import ApiKey, Component, ComponentStatus, Incident, Page

_WORST_FIRST = tuple(reversed(ComponentStatus))
_NAME = 100
_LINES = 2900


def speaker(tx: Transaction, actor: str) -> str:
    """Who did something to an incident: a person by mention, an API key by name, or Keydesk itself."""
    kind, _, identity = actor.partition(":")
    if kind == "key":
        key = tx.session.get(ApiKey, identity)
        return f"the API key {name_text(key.name)}" if key else "an API key"
    return "Keydesk itself" if kind == "job" else actor_name(actor)


def said_blocks(body: str, *, limit: int) -> list[Block]:
    """An update's words, cut to `limit` characters; nothing where it has none."""
    words = render_mrkdwn(body, limit=limit)
    return [section(words)] if words.strip() else []


def plain_name(name: str) -> str:
    """A name within the text of a notification."""
    return escape(plain(" ".join(name.split()), limit=_NAME))


def titled(tx: Transaction, incident: Incident, *, sign: str | None = None) -> str:
    """An incident's name behind a sign, its impact's unless told, and its page where there are several."""
    return f"{sign or _sign_of(incident)} {name_text(incident.name)}{on_page(tx, incident.page_id)}"


def on_page(tx: Transaction, page_id: str) -> str:
    """` on Acme` where there are several pages; empty where there is but one."""
    page = tx.session.get(Page, page_id)
    return f" on {_quiet(page.name)}" if page is not None and has_several_pages(tx.session) else ""


def _sign_of(incident: Incident) -> str:
    if incident.scheduled_for is not None:
        return ":wrench:"
    return _sign(impact_text(impact_of(incident)))


def list_named(tx: Transaction, incident: Incident) -> Sequence[tuple[str, ComponentStatus]]:
    """The components of an incident with their groups' names, and their states now; the worst first."""
    components = list_incident_components(tx.session, incident.id)
    group_ids = {component.group_id for component in components if component.group_id}
    groups = {group_id: tx.session.get_one(Component, group_id).name for group_id in group_ids}
    named = [(full_name(component, groups), ComponentStatus(component.status)) for component in components]
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
    return literal(plain(" ".join(name.split()), limit=_NAME))


def _sign(text: str) -> str:
    return text.partition(" ")[0]
