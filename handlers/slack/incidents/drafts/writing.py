"""From what was typed to a draft: words made fit for the public, kept, and shown as a preview or as a double."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from desk.errors import InvalidInputError
from desk.incidents.default_texts import decide_words, words_for
from desk.incidents.drafts.content import Content, content_of, texts_of
from desk.incidents.drafts.drafts import get_reviewable, revise_draft, write_draft
from desk.incidents.drafts.duplicates import list_doubles
from desk.incidents.drafts.leaks import Leak, only_once
from desk.incidents.inputs import NewIncident
from desk.incidents.lookup import get_incident
from desk.incidents.templates import fill_in
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block
from handlers.slack.incidents.drafts.views import doubles_view, preview_view
from handlers.slack.incidents.form_state import FormState, FormValues, content_from, values_of_content
from handlers.slack.incidents.starting import Begun, begin_update
from handlers.slack.incidents.views import render_form
from handlers.slack.markdown.from_slack import PublicText, public_text, read_names
from handlers.slack.markdown.inputs import fits_inputs
from storage.models import DraftStatus, IncidentDraft, IncidentStatus


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
    if state.incident_id is not None:
        body = decide_words(get_incident(tx.session, state.incident_id).status, values.status, said.markdown)
    else:
        body = words_for(values.status or IncidentStatus.INVESTIGATING, said.markdown)
    content = content_from(state, values, name=name.markdown, body=body)
    if state.draft_id is not None:
        kept = content_of(get_reviewable(tx, state.draft_id))
        if not isinstance(kept, str) and kept.schedule is not None:
            content = replace(content, schedule=kept.schedule)
    return write_down(tx, state, content, (name, said))


def write_down(tx: Transaction, state: FormState, content: Content, said: Sequence[PublicText]) -> IncidentDraft:
    """Keep what a line or form says as a draft, or change the one that is edited, with every warning about its words:
    those of what was `said` now, and earlier ones that the form or the draft has kept. Raises InvalidInputError."""
    earlier = list(state.leaks)
    if state.draft_id is not None:
        earlier += leaks_of(get_reviewable(tx, state.draft_id))
    text = "\n".join(texts_of(content))
    found = only_once([*(leak for one in said for leak in one.warnings), *still_there(earlier, text)])
    warnings = [leak.as_json() for leak in found]
    if state.draft_id is not None:
        seen_by_form = {"version": state.draft_version, "incident_version": state.incident_version}
        return revise_draft(tx, state.draft_id, content, warnings=warnings, seen=state.seen, **seen_by_form)
    return write_draft(
        tx,
        page_id=state.page_id,
        kind=state.kind,
        content=content,
        incident_id=state.incident_id,
        incident_version=state.incident_version,
        client_token=state.token,
        warnings=warnings,
        seen=state.seen,
    )


def leaks_of(draft: IncidentDraft) -> list[Leak]:
    """What a draft warns about."""
    return [Leak.from_json(kept) for kept in draft.warnings]


def still_there(leaks: Iterable[Leak], text: str) -> list[Leak]:
    """Those that still stand in a Markdown text: a mention is a plain name once it is kept."""
    words = _plain(text)
    return [leak for leak in leaks if _plain(leak.about) in words]


def _plain(text: str) -> str:
    """As a reader sees it: a name with signs in it is kept with backslashes before them."""
    return " ".join(text.replace("\\", "").split())


def draft_view(tx: Transaction, draft: IncidentDraft) -> Block:
    """What follows a draft that was written: what it may double, else its preview."""
    doubles = list_doubles(tx, draft) if draft.status in {DraftStatus.OPEN, DraftStatus.WAITING} else []
    return doubles_view(tx, draft, doubles) if doubles else preview_view(tx, draft)


def draft_or_form(tx: Transaction, begun: Begun, *, is_complete: bool) -> Block:
    """What follows a typed line: the preview of its draft, or the form with what is missing said above it."""
    state, values = begun
    # A template's words come from us; Slack has not escaped them.
    escaped = state.template_id is None
    if is_complete and not values.problems:
        try:
            return draft_view(tx, keep_draft(tx, state, values, escaped=escaped))
        except InvalidInputError as error:
            values = replace(values, problems=(str(error),))
    shown, name, body = fill_form(tx, state, values.name, values.body, values.problems, escaped=escaped)
    return render_form(tx, shown, replace(values, name=name, body=body))


def fill_form(
    tx: Transaction, state: FormState, name: str, body: str, problems: Sequence[str] = (), *, escaped: bool
) -> tuple[FormState, str, str]:
    """What was typed, made fit for the public, to be shown in a form that goes on warning about it.

    Raises InvalidInputError, saying the `problems`, for a text that no form can show.
    """
    named, said = make_public(tx, name, field="name"), make_public(tx, body, field="body", escaped=escaped)
    if not fits_inputs(said.markdown):
        raise InvalidInputError(
            " ".join(problems) or "Something is missing.",
            "A form has no room for so long a paragraph: put that right in the line, and send it again.",
        )
    return state.with_leaks([*named.warnings, *said.warnings]), named.markdown, said.markdown


def instead_of(tx: Transaction, draft: IncidentDraft, incident_id: str) -> Block:
    """The form of an update with the words of a new incident's draft, and what the draft warns about.

    Raises InvalidInputError for a text that no form can show.
    """
    content = content_of(draft)
    assert isinstance(content, NewIncident)
    written = values_of_content(content)
    state, values = begin_update(tx, incident_id)
    filled = replace(
        values, body=written.body, states=values.states | written.states, remind=written.remind or values.remind
    )
    return render_form(tx, replace(state.with_leaks(leaks_of(draft)), gives_up=draft.id), filled)
