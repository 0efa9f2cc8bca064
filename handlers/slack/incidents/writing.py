"""From what was typed to a draft: words made fit for the public, kept, and shown as a preview or as a double."""

from dataclasses import replace

from desk.errors import InvalidInputError
from desk.incidents.default_texts import words_for
from desk.incidents.draft_content import content_of
from desk.incidents.drafts import get_draft, revise_draft, write_draft
from desk.incidents.leaks import Leak
from desk.incidents.lookup import get_incident
from desk.incidents.templates import fill_in
from desk.transaction import Transaction
from handlers.slack.blocks import Block
from handlers.slack.incidents.doubles import doubles_view, list_doubles
from handlers.slack.incidents.form import render_form
from handlers.slack.incidents.form_state import FormState, FormValues, content_from
from handlers.slack.incidents.markup import PublicText, public_text, read_names
from handlers.slack.incidents.preview import preview_view
from handlers.slack.incidents.starting import Begun
from storage.models import DraftKind, IncidentDraft, IncidentStatus


def make_public(tx: Transaction, text: str, *, field: str, escaped: bool = False) -> PublicText:
    """What was typed, as the page takes it, with warnings. Raises InvalidInputError where a secret stands in it.

    `escaped` is what Slack does with a command's text and not with a form's.
    """
    names = read_names(tx.session, text)
    return public_text(text, names, escaped=escaped, internal_hosts=tx.policy.internal_hosts, field=field)


def keep_draft(tx: Transaction, state: FormState, values: FormValues, *, escaped: bool = False) -> IncidentDraft:
    """Write what is filled in as a draft, or change the one that is edited. Raises InvalidInputError."""
    # A quoted name comes without Slack's escapes, as all words of a command do.
    name = make_public(tx, " ".join(fill_in(values.name, values.values).split()), field="name")
    said = make_public(tx, fill_in(values.body, values.values), field="body", escaped=escaped)
    status = values.status or (IncidentStatus.INVESTIGATING if state.kind is DraftKind.INCIDENT else None)
    # A holding update without words says that something changed and not what.
    changes = state.kind is not DraftKind.UPDATE or _changes_status(tx, state, values)
    body = words_for(status if changes else None, said.markdown)
    if state.kind is DraftKind.UPDATE and not body:
        raise InvalidInputError("Say something new, or choose another status.", field="body")
    content = content_from(state, values, name=name.markdown, body=body)
    found = [*name.warnings, *said.warnings]
    if state.draft_id is None:
        return write_draft(
            tx,
            page_id=state.page_id,
            kind=state.kind,
            content=content,
            incident_id=state.incident_id,
            client_token=state.token,
            warnings=[leak.as_json() for leak in dict.fromkeys(found)],
        )
    earlier = get_draft(tx, state.draft_id)
    kept = content_of(earlier)
    if not isinstance(kept, str) and kept.schedule is not None:
        content = replace(content, schedule=kept.schedule)
    found += still_there(earlier, f"{name.markdown}\n{body}")
    return revise_draft(tx, earlier.id, content, warnings=[leak.as_json() for leak in dict.fromkeys(found)])


def _changes_status(tx: Transaction, state: FormState, values: FormValues) -> bool:
    incident = get_incident(tx.session, state.incident_id or "")
    return values.status is not None and values.status != incident.status


def still_there(draft: IncidentDraft, text: str) -> list[Leak]:
    """Warnings of a draft whose words still stand in it: a mention is a plain name once it is kept."""
    return [leak for leak in map(Leak.from_json, draft.warnings) if leak.about in text]


def draft_view(tx: Transaction, draft: IncidentDraft) -> Block:
    """What follows a draft that was written: what it may double, else its preview."""
    doubles = list_doubles(tx, draft)
    return doubles_view(tx, draft, doubles) if doubles else preview_view(tx, draft)


def draft_or_form(tx: Transaction, begun: Begun, *, is_complete: bool) -> Block:
    """What follows a typed line: the preview of its draft, or the form with what is missing said above it."""
    state, values = begun
    if is_complete and not values.problems:
        try:
            return draft_view(tx, keep_draft(tx, state, values, escaped=True))
        except InvalidInputError as error:
            values = replace(values, problems=(str(error),))
    name = make_public(tx, values.name, field="name").markdown
    body = make_public(tx, values.body, field="body", escaped=True).markdown
    return render_form(tx, state, replace(values, name=name, body=body))
