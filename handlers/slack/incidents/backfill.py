"""`/incident backfill`: an incident of the past, written down afterwards. It tells nobody and changes nothing."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from desk.errors import InvalidInputError
from desk.incidents.authority import get_publishable_page, list_publishable_pages
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.drafts.content import content_of
from desk.incidents.inputs import MAX_NAME, NewIncident, check_backfill
from desk.masking import refuse_secrets
from desk.moments.doubts import find_doubt
from desk.moments.instants import VagueMomentError, far_text, get_instant
from desk.moments.typed import Moment, find_moment, find_range_end, find_span
from desk.pages.status import Impact
from desk.people import zone_of
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import (
    Block,
    context,
    escape,
    input_block,
    modal,
    option,
    section,
    static_select,
    text_input,
)
from handlers.slack.framework.command_line import Word, peek_word
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import Answer, SlackContext, SlashCommand, ViewSubmission
from handlers.slack.incidents.drafts.views import preview_view
from handlers.slack.incidents.drafts.writing import fill_form, make_public, write_down
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.inputs import page_hint, page_select
from handlers.slack.incidents.leftovers import list_leftovers
from handlers.slack.incidents.parsing import BETWEEN, OPTIONS, LineReader
from handlers.slack.incidents.starting import doubt_of_page, with_whole_page
from handlers.slack.incidents.text import IMPACT_WORDS, name_text
from handlers.slack.incidents.typed import TypedIncident, before_comma, behind_comma, quoted_words
from handlers.slack.markdown.inputs import one_or_more_inputs, read_text
from storage.models import DraftKind, IncidentDraft, IncidentStatus, Page, Role

_BEFORE_TIMES = frozenset({"at", "on", "from", "since", "began", "started"})


@dataclass(frozen=True, slots=True)
class TypedBackfill:
    """What was understood of `"Name" on acme at 2026-03-01 14:00 text…`; empty for what was not said."""

    name: str = ""
    page: str = ""
    at: Moment | None = None
    """By the person's own clock."""
    body: str = ""
    """As it was typed, with Slack's signs in it."""
    impact: Impact = Impact.NONE
    problems: tuple[str, ...] = ()
    """What cannot be said of an incident of the past, or was not understood."""
    page_at: int | None = field(default=None, compare=False)
    behind_page: str = field(default="", compare=False)
    """Where `on` stands, where a page was named so."""


@dataclass(frozen=True, slots=True)
class _Past:
    """What is said of the incident, as far as it is known."""

    page: Page | None
    name: str = ""
    body: str = ""
    began_at: datetime | None = None
    impact: Impact = Impact.NONE
    problems: tuple[str, ...] = ()


async def backfill_command(slack: SlackContext, command: SlashCommand, rest: str) -> None:
    """`/incident backfill`: the form, or at once the preview of what was typed in full."""
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(rest)
    view = await slack.desk.write(command.actor, lambda tx: _begin(tx, rest, command.token))
    await open_modal(slack, command.trigger_id, view)


def parse_backfill(text: str) -> TypedBackfill:
    """Read a line: the name in quotation marks, `on`, `at` and `impact:` in any order, then the words for the
    public."""
    found: dict[str, str] = {}
    at: Moment | None = None
    options = LineReader(text, frozenset())
    position, page_at = 0, None
    while (word := peek_word(text, position)) is not None:
        bare = word.text.lower() if word.kind == "word" else ""
        if word.kind == "quoted" and "name" not in found:
            found["name"], position = quoted_words(text, word), word.end
        elif word.text in BETWEEN and found:
            position = word.end
        elif at is None and word.kind == "word" and (moment := _moment_at(text, word)) is not None:
            at, position = moment
        elif bare == "on" and "page" not in found and (page := peek_word(text, word.end)) is not None:
            page = before_comma(text, page)
            found["page"], position = page.text, page.end
            page_at, found["behind_page"] = word.start, behind_comma(text, page.end)
        elif word.kind == "pair" and word.key in OPTIONS:
            options.take(word)
            position = options.position
            if word.key in {"page", "on"}:
                found["behind_page"] = behind_comma(text, position)
        else:
            break
    said = options.found
    if said.page:
        found.setdefault("page", said.page)
    body = text[position:].strip()
    problems = _cannot_be(said, at, body)
    impact = said.impact or Impact.NONE
    return TypedBackfill(**found, at=at, body=body, impact=impact, problems=problems, page_at=page_at)


def _moment_at(text: str, word: Word) -> tuple[Moment, int] | None:
    """`at 14:00 yesterday`, `on 2026-03-01 14:00`, or a day and time by themselves."""
    if word.text.lower() in _BEFORE_TIMES:
        behind = len(text) - len(text[word.end :].lstrip())
        found = find_moment(text, behind) or find_moment(text, word.start)
    else:
        found = find_moment(text, word.start)
    return found if found is not None and found[0].is_time else None


def _cannot_be(said: TypedIncident, at: Moment | None, body: str) -> tuple[str, ...]:
    """What was said that an incident of the past has no place for."""
    problems = list(said.problems)
    if said.components:
        problems.append("A backfilled incident cannot change components: leave them out.")
    problems += [f"A backfilled incident takes no {name}: leave it out." for name in _without(said)]
    if at is not None and (doubt := find_doubt(body, at)):
        problems.append(doubt)
    if at is not None and (until := _end_behind(body)):
        problems.append(f"“{until}”: only when it began is kept. Say in a sentence how long it took.")
    return (*problems, *list_leftovers(body, OPTIONS, has_status=False))


def _end_behind(body: str) -> str:
    """An end or a length with which the words for the public begin, as in “14:00-15:30”; else empty."""
    if (ends := find_range_end(f" {body}", 0)) is not None:
        return body[: ends[1] - 1]
    over = find_span(body, len("for ") if body.startswith("for ") else 0)
    return body[:over] if over is not None else ""


def _without(said: TypedIncident) -> list[str]:
    return [name for name, value in (("template", said.template), ("reminder", said.remind)) if value]


def _begin(tx: Transaction, rest: str, token: str) -> Block:
    typed = parse_backfill(rest)
    if (anew := with_whole_page(tx, rest, typed.page_at)) is not None:
        typed = parse_backfill(anew)
    past = _look_up(tx, typed)
    state = FormState(DraftKind.BACKFILL, past.page.id if past.page else "", token=token)
    if not rest.strip():
        return _form(tx, replace(past, problems=()), state)
    if past.problems:
        state, name, body = fill_form(tx, state, past.name, past.body, past.problems, escaped=True)
        return _form(tx, replace(past, name=name, body=body), state)
    return preview_view(tx, _keep(tx, past, state, escaped=True))


def _look_up(tx: Transaction, typed: TypedBackfill) -> _Past:
    problems, page, began_at = list(typed.problems), None, None
    try:
        page = get_publishable_page(tx, Role.INCIDENT_MANAGER, typed.page)
        if page is None:
            problems.append("Say on which page: on PAGE.")
        else:
            problems += doubt_of_page(tx, page, typed.behind_page)
    except InvalidInputError as error:
        problems.append(str(error))
    try:
        began_at = _read_instant(tx, typed.at)
        if typed.at is not None and (far := far_text(typed.at, began_at, now=tx.now, zone=zone_of(tx))):
            problems.append(far)
    except VagueMomentError as error:
        problems.append(str(error))
        began_at = error.proposal
    except InvalidInputError as error:
        problems.append(str(error))
    if not typed.name:
        problems.append("Name it in quotation marks.")
    return _Past(page, typed.name, typed.body, began_at, typed.impact, tuple(problems))


def _read_instant(tx: Transaction, at: Moment | None) -> datetime:
    """A day and time by the person's own clock."""
    if at is None:
        raise InvalidInputError("Say when it began: at 2026-03-01 14:00, or yesterday 14:00.", field="backfill_date")
    try:
        began_at = get_instant(at, now=tx.now, zone=zone_of(tx), is_past=True)
    except VagueMomentError:
        raise
    except InvalidInputError as error:
        raise InvalidInputError(error.sentence, error.hint, field="backfill_date") from error
    check_backfill(began_at, tx.now)
    return began_at


def edit_form(tx: Transaction, draft: IncidentDraft) -> Block:
    """The form of a draft of a past incident."""
    content = content_of(draft)
    assert isinstance(content, NewIncident)
    past = _Past(
        tx.session.get_one(Page, draft.page_id),
        content.name,
        content.body,
        content.backfilled_at,
        content.impact_override or Impact.NONE,
    )
    return _form(tx, past, FormState(DraftKind.BACKFILL, draft.page_id).editing(draft))


def _form(tx: Transaction, past: _Past, state: FormState) -> Block:
    pages = list_publishable_pages(tx, Role.INCIDENT_MANAGER)
    only = past.page if state.draft_id or len(pages) == 1 else None
    problems = "\n".join(f":warning: {escape(problem)}" for problem in past.problems)
    asked = [section(problems)] if problems else []
    where = (
        context(f"On {name_text(only.name)}")
        if only
        else input_block(
            "Page",
            page_select(pages, past.page.id if past.page else "") | {"action_id": "value"},
            block_id="page",
            hint=page_hint(pages),
        )
    )
    return modal(
        "An incident of the past",
        [*asked, where, *_inputs(past, tx.now)],
        callback_id=CallbackId.INCIDENT_BACKFILL,
        submit="Preview",
        close="Cancel",
        private_metadata=replace(state, page_id=only.id if only else "").as_metadata(),
        notify_on_close=state.draft_id is not None,
    )


def _inputs(past: _Past, now: datetime) -> list[Block]:
    shown = past.began_at or (now - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    picker: Block = {"type": "datetimepicker", "action_id": "value", "initial_date_time": int(shown.timestamp())}
    impacts = [option(words, str(impact)) for impact, words in IMPACT_WORDS.items() if impact != Impact.MAINTENANCE]
    return [
        input_block(
            "Name",
            text_input(initial=past.name[:MAX_NAME], max_length=MAX_NAME, placeholder="What people noticed"),
            block_id="name",
        ),
        input_block("When did it begin?", picker, block_id="backfill_date", hint="By your own clock."),
        input_block("Impact", static_select(impacts, chosen=str(past.impact)), block_id="impact"),
        *one_or_more_inputs(
            "What happened?",
            past.body,
            block_id="body",
            hint=f"Left empty: “{FIRST_WORDS[IncidentStatus.RESOLVED]}” It is shown as resolved, and nobody is told.",
        ),
    ]


async def submit_backfill(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """What was filled in becomes a draft, and its preview follows."""
    state = FormState.from_metadata(submission.private_metadata)

    def work(tx: Transaction) -> Block:
        page_id = state.page_id or submission.choice("page") or ""
        impact = submission.choice("impact")
        past = _Past(
            tx.session.get(Page, page_id),
            submission.entered.name("name"),
            read_text(submission.entered),
            submission.instant("backfill_date"),
            Impact(impact) if impact in set(Impact) else Impact.NONE,
        )
        return preview_view(tx, _keep(tx, past, state, escaped=False))

    return Answer(view=await slack.desk.write(submission.actor, work))


def _keep(tx: Transaction, past: _Past, state: FormState, *, escaped: bool) -> IncidentDraft:
    if past.page is None:
        raise InvalidInputError("Choose a page.", field="page")
    if past.began_at is None:
        raise InvalidInputError("Say when it began.", field="backfill_date")
    name = make_public(tx, past.name, field="name", escaped=False)
    said = make_public(tx, past.body, field="body", escaped=escaped)
    content = NewIncident(
        name=name.markdown,
        body=said.markdown or FIRST_WORDS[IncidentStatus.RESOLVED],
        impact_override=past.impact if past.impact is not Impact.NONE else None,
        backfilled_at=past.began_at,
    )
    return write_down(tx, replace(state, page_id=past.page.id), content, (name, said))
