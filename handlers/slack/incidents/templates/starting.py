"""The form of a new template, begun with a line that was typed: read as one about a new incident is."""

from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block
from handlers.slack.incidents.drafts.writing import fill_form
from handlers.slack.incidents.form_state import KEEP, FormValues
from handlers.slack.incidents.parsing import parse_incident
from handlers.slack.incidents.starting import begin_new, with_bare_name, with_whole_page
from handlers.slack.incidents.templates.views import TemplateCarried, TemplateWords, new_form, render_template_form


def typed_form(tx: Transaction, text: str) -> Block:
    """The form filled in with `"slow" on acme component:search identified We look.`: the name is the template's.

    Raises NotAllowedError, and InvalidInputError for a text that no form can show.
    """
    if not text.strip():
        return new_form(tx)
    said = parse_incident(text, takes_bare_name=True)
    anew = with_whole_page(tx, text, said.page_at)
    line = said if anew is None else parse_incident(anew, takes_bare_name=True)
    state, values = begin_new(tx, with_bare_name(tx, line))
    problems = [*values.problems, *_not_kept(values)]
    _, name, body = fill_form(tx, state, values.name, values.body, problems, escaped=state.template_id is None)
    words = TemplateWords(
        name=name, body=body, status=values.status, components=tuple(values.states), problem=" ".join(problems)
    )
    return render_template_form(tx, TemplateCarried(state.page_id), words)


def _not_kept(values: FormValues) -> list[str]:
    """What was said, and is chosen anew whenever a template is used."""
    has_states = any(state not in {"", KEEP} for state in values.states.values())
    said = [("States of components", has_states), ("An impact", values.impact), ("A reminder", values.remind)]
    return [f"{what} can be chosen when the template is used, and is no part of it." for what, given in said if given]
