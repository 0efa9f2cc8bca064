"""How a form or draft of an incident begins: from a line that was typed, from a button, from another draft."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace

from desk.errors import InvalidInputError, NotFoundError
from desk.incidents.authority import (
    find_page_of_components,
    get_first_publishable_page,
    get_publishable_page,
    require_publisher,
)
from desk.incidents.components import get_component_by_word
from desk.incidents.drafts.decision import role_of
from desk.incidents.inputs import check_status
from desk.incidents.lookup import get_incident
from desk.incidents.maintenances.plans import propose_states
from desk.incidents.templates import get_template, list_placeholders
from desk.pages.intervals import reminder_hours
from desk.pages.pages import get_page_by_word, list_pages
from desk.pages.status import Impact
from desk.transaction import Transaction
from handlers.slack.framework.command_line import as_written
from handlers.slack.incidents.form_state import KEEP, FormState, FormValues
from handlers.slack.incidents.leftovers import list_in_name
from handlers.slack.incidents.parsing import OPTIONS
from handlers.slack.incidents.typed import TypedIncident, name_words
from storage.folding import fold
from storage.models import DraftKind, Incident, IncidentStatus, IncidentTemplate, Page, Role

_ON_PAGE = re.compile(r"(.*\S)\s+on\s+(\S+)", re.DOTALL | re.IGNORECASE)
_ON_PAGE_FIRST = re.compile(r"on\s+(\S+)(?:\s+(\S.*))?", re.DOTALL | re.IGNORECASE)
_SHORTEST_PART = 3
_NEAR = 0.75
Begun = tuple[FormState, FormValues]
"""A form and what is filled in. Its `problems` say what was not understood."""


def with_bare_name(tx: Transaction, said: TypedIncident) -> TypedIncident:
    """The line with its unquoted words as the name, but for `on PAGE` at their end or their beginning."""
    if said.quoted or not said.bare:
        return said
    # Below its first line, what is said of it begins.
    words, _, below = said.bare.partition("\n")
    words, page, below = words.rstrip(" ,;"), said.page, below.strip()
    line, _, rest = below.partition("\n")
    named = _ON_PAGE_FIRST.fullmatch(line) if page is None else None
    if named is not None and not named[2] and (page := _find_page(tx, named[1])) is not None:
        below = rest.strip()
    body = "\n".join(filter(None, [below, said.body]))
    before = _ON_PAGE_FIRST.fullmatch(words)
    behind = _on_page_at_end(tx, words) if page is None else None
    if behind is not None:
        words, page = behind
    if before is not None and page is None and (page := _find_page(tx, before[1])) is not None:
        words = before[2] or ""
    return replace(
        said,
        quoted=name_words(words),
        page=page,
        body=body,
        problems=[*said.problems, *list_in_name(words, OPTIONS)],
    )


def _on_page_at_end(tx: Transaction, words: str) -> tuple[str, str] | None:
    """A name, and the id of the page that “on” names behind it, in one word or several."""
    for page in sorted(list_pages(tx.session), key=lambda one: len(one.name), reverse=True):
        called = r"\s+".join(map(re.escape, page.name.split()))
        if (whole := re.fullmatch(rf"(.*\S)\s+on\s+{called}[.,;:!]?", words, re.DOTALL | re.IGNORECASE)) is not None:
            return whole[1], page.id
    found = _ON_PAGE.fullmatch(words)
    page_id = _find_page(tx, found[2]) if found is not None else None
    return (found[1], page_id) if found is not None and page_id is not None else None


def _find_page(tx: Transaction, typed: str) -> str | None:
    """The id of the page that is called so; “errors on checkout” and “on call is slow” are names."""
    try:
        return get_page_by_word(tx.session, as_written(typed)).id
    except InvalidInputError:
        return None


def with_whole_page(tx: Transaction, text: str, at: int | None) -> str | None:
    """A line anew in which the page behind the `on` at a place, or at the line's beginning, is named by its id, where
    its name is of several words without quotation marks: the first of them may be another page. None where there is
    none such."""
    at = len(text) - len(text.lstrip()) if at is None else at
    pages = list_pages(tx.session) if text[at : at + 2].lower() == "on" else []
    for page in sorted(pages, key=lambda one: len(one.name), reverse=True):
        words = page.name.split()
        called = r"\s+".join(map(re.escape, words))
        whole = re.compile(rf"on\s+{called}(?=[\s,;:.!]|$)", re.IGNORECASE)
        found = whole.match(text, at) if len(words) > 1 else None
        if found is not None:
            return f"{text[: found.start()]}page:{page.id} {text[found.end() :]}"
    return None


def with_page_or_words(tx: Transaction, said: TypedIncident) -> TypedIncident:
    """The line about something that there is, where “on call is looking” is no page but the first words."""
    if not said.page or not said.page_words:
        return said
    try:
        get_page_by_word(tx.session, said.page)
    except InvalidInputError:
        return said.without_page()
    return said


def begin_new(tx: Transaction, typed: TypedIncident, *, token: str | None = None) -> Begun:
    """The form of a new incident with what was typed. Raises NotAllowedError, naming whom to ask."""
    problems = list(typed.problems)
    typed = _check_status(typed, typed.status, problems, scheduled=False)
    page = get_typed_page(tx, Role.INCIDENT_MANAGER, typed, problems, is_typed=not typed.is_empty)
    state = FormState(DraftKind.INCIDENT, page.id)
    if token is not None:
        state = replace(state, token=token)
    values = FormValues(
        name=typed.quoted or "",
        status=typed.status,
        body=with_page_or_words(tx, typed).body,
        states=_read_components(tx, page.id, typed, problems),
        impact=typed.impact,
        remind=_read_remind(typed, problems),
        values=typed.values,
    )
    template = find_named_template(tx, page.id, typed.template, typed.values, problems) if typed.template else None
    if template is not None:
        state, values = with_template(state, values, template)
        values = replace(values, name=typed.quoted or values.name)
        values = replace(values, body=below_template(values.body, typed, problems))
    return state, replace(values, problems=tuple(problems))


def update_of(incident: Incident) -> FormState:
    """What the form of an update carries of its incident, as that is now."""
    return FormState(DraftKind.UPDATE, incident.page_id, incident_id=incident.id, incident_version=incident.version)


def get_typed_page(tx: Transaction, role: Role, typed: TypedIncident, problems: list[str], *, is_typed: bool) -> Page:
    """The page that a line means, by its name or by its components, or, noting in `problems` what was not
    understood, the first on which one may.

    Raises NotAllowedError, naming whom to ask, or NotFoundError before the first page is made.
    """
    try:
        page = get_publishable_page(tx, role, typed.page)
        if page is None:
            page = find_page_of_components(tx, role, [word for word, _ in typed.components])
    except InvalidInputError as error:
        problems.append(str(error))
        return get_first_publishable_page(tx, role)
    if page is None:
        page = get_first_publishable_page(tx, role)
        if is_typed:
            problems.append(f"On which page? This is for {page.name}.")
    problems += doubt_of_page(tx, page, typed.behind_page)
    return page


def doubt_of_page(tx: Transaction, page: Page, behind: str) -> list[str]:
    """What to ask where a word behind the page and a comma may be another page, misspelled or a part of its name."""
    word = fold(behind)
    called = [fold(name) for page in list_pages(tx.session) for name in (page.name, page.subdomain or "")]
    names = {part for name in called for part in (name, *name.split())}
    is_part = len(word) >= _SHORTEST_PART and any(name.startswith(word) for name in names)
    if not word or not (is_part or difflib.get_close_matches(word, names, n=1, cutoff=_NEAR)):
        return []
    return [f"Is “{behind}” another page? This is for {page.name} alone. Leave it if people should read it."]


def _check_status(
    typed: TypedIncident,
    wanted: IncidentStatus | None,
    problems: list[str],
    *,
    scheduled: bool,
    is_certain: bool = False,
) -> TypedIncident:
    """The line, where its status is another than the one that is `wanted`, or one that cannot be, with it among the
    words. `is_certain` where it was not said by a word of the line."""
    if wanted is None:
        return typed
    try:
        check_status(wanted, scheduled=scheduled)
        if typed.doubt and not is_certain:
            problems.append(
                f"“{typed.doubt}” may be the status, or the first word of what you say: it is both now. "
                "Take it out of the text if it is the status alone."
            )
        if typed.status is None or typed.status == wanted:
            return typed
        problems.append(f"You typed “{typed.status}”, and this makes it “{wanted}”: choose which.")
    except InvalidInputError as error:
        problems.append(str(error))
    return typed.without_status()


def below_template(words: str, typed: TypedIncident, problems: list[str]) -> str:
    """A template's words, with those below that were typed beside it: the form asks to look at both."""
    if not typed.body:
        return words
    problems.append("The template has words of its own: yours stand below them.")
    return f"{words}\n\n{as_written(typed.body)}"


def _read_remind(typed: TypedIncident, problems: list[str]) -> str | None:
    try:
        reminder_hours(typed.remind)
    except InvalidInputError as error:
        problems.append(str(error))
        return None
    return typed.remind


def _read_components(tx: Transaction, page_id: str, typed: TypedIncident, problems: list[str]) -> dict[str, str]:
    states: dict[str, str] = {}
    for word, wanted in typed.components:
        try:
            row = get_component_by_word(tx.session, page_id, word)
        except InvalidInputError as error:
            problems.append(str(error))
        else:
            states[row.id] = str(wanted) if wanted else KEEP
    return states


def find_named_template(
    tx: Transaction, page_id: str, word: str, values: Mapping[str, str], problems: list[str]
) -> IncidentTemplate | None:
    """The template that a line names. Where there is none, or it leaves something open, `problems` says so."""
    try:
        template = get_template(tx.session, page_id, word)
    except NotFoundError as error:
        problems.append(str(error))
        return None
    missing = [name for name in list_placeholders(template.title, template.body) if name not in values]
    if missing:
        problems.append(f"Still to be filled in: {', '.join(missing)}.")
    return template


def with_template(state: FormState, values: FormValues, template: IncidentTemplate) -> Begun:
    """The form with a template's words and components; what was typed beside them stays."""
    states = {component_id: values.states.get(component_id, "") for component_id in template.component_ids}
    chosen = replace(state, template_id=template.id).with_new_words().with_new_states()
    return chosen, replace(
        values,
        name=template.title,
        body=template.body,
        status=IncidentStatus(template.update_status) if template.update_status else values.status,
        states=values.states | states,
    )


def begin_update(
    tx: Transaction,
    incident_id: str,
    typed: TypedIncident | None = None,
    *,
    status: IncidentStatus | None = None,
    token: str | None = None,
) -> Begun:
    """The form of an update, ending an incident's components where it is resolved.

    Raises NotFoundError and NotAllowedError, naming whom to ask.
    """
    incident = get_incident(tx.session, incident_id)
    require_publisher(tx, role_of(incident), tx.session.get_one(Page, incident.page_id))
    typed = typed or TypedIncident()
    problems = list(typed.problems)
    state = update_of(incident)
    if token is not None:
        state = replace(state, token=token)
    scheduled = incident.scheduled_for is not None
    is_certain = status is not None
    typed = _check_status(typed, status or typed.status, problems, scheduled=scheduled, is_certain=is_certain)
    wanted = status or typed.status or IncidentStatus(incident.status)
    if typed.page and get_page_by_word(tx.session, typed.page).id != incident.page_id:
        problems.append(f"“{incident.name}” is on another page than “{typed.page}”.")
    values = FormValues(
        name=typed.quoted if typed.incident and typed.quoted else incident.name,
        status=wanted,
        body=typed.body,
        states=states_for(tx, incident, wanted) | _read_components(tx, incident.page_id, typed, problems),
        impact=typed.impact or (Impact(incident.impact_override) if incident.impact_override else None),
        remind=_read_remind(typed, problems),
    )
    return state, replace(values, problems=tuple(problems))


def in_status(tx: Transaction, state: FormState, values: FormValues, status: IncidentStatus) -> Begun:
    """The form of an update with another status: what the one before had filled in is put back, and what this one
    moves is filled in. What somebody chose by hand stays, or is there again with the next status."""
    incident = get_incident(tx.session, state.incident_id or "")
    states = dict(values.states)
    for component_id, filled in _moved(tx, incident, state.status).items():
        if states.get(component_id) == filled:
            states[component_id] = state.before.get(component_id, KEEP)
    moved = _moved(tx, incident, status)
    before = {one: states[one] for one in moved if states.get(one, KEEP) != KEEP}
    filled_in = replace(values, status=status, states=states | moved)
    # Under the same block ids Slack goes on showing what was entered.
    changed = filled_in.states != values.states
    return replace(state.with_new_states() if changed else state, before=before), filled_in


def _moved(tx: Transaction, incident: Incident, status: IncidentStatus | None) -> dict[str, str]:
    """What a form fills in for a status that brings components into another state."""
    if status is None:
        return {}
    return {one: wanted for one, wanted in states_for(tx, incident, status).items() if wanted != KEEP}


def states_for(tx: Transaction, incident: Incident, status: IncidentStatus) -> dict[str, str]:
    """What the form fills in: the states that an incident's components take on with an update of this status."""
    proposed = propose_states(tx.session, incident, status)
    return {one: str(wanted) if wanted else KEEP for one, wanted in proposed.items()}
